#include "server/maintenance/octet_source.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

namespace conclave::maintenance {

namespace {

class file_source final : public octet_source {
public:
    explicit file_source(int descriptor) : descriptor_(descriptor) {}

    file_source(const file_source&) = delete;
    file_source& operator=(const file_source&) = delete;

    ~file_source() override { ::close(descriptor_); }

    result<std::size_t, std::string> read(std::span<char> into) override {
        for (;;) {
            const ssize_t count = ::read(descriptor_, into.data(), into.size());
            if (count >= 0) {
                return static_cast<std::size_t>(count);
            }
            if (errno != EINTR) {
                return unexpected{std::string{std::strerror(errno)}};
            }
        }
    }

private:
    int descriptor_;
};

class gzip_source final : public octet_source {
public:
    explicit gzip_source(gzFile file) : file_(file) {}

    gzip_source(const gzip_source&) = delete;
    gzip_source& operator=(const gzip_source&) = delete;

    ~gzip_source() override { ::gzclose_r(file_); }

    result<std::size_t, std::string> read(std::span<char> into) override {
        const int count = ::gzread(file_, into.data(), static_cast<unsigned>(into.size()));
        int code = Z_OK;
        const char* const what = ::gzerror(file_, &code);
        if (count < 0 || (count == 0 && code != Z_OK && code != Z_STREAM_END)) {
            return unexpected{fmt::format("gzip: {}", what)};
        }
        return static_cast<std::size_t>(count);
    }

private:
    gzFile file_;
};

} // namespace

result<octet_source_pointer, std::string> open_source(const std::string& path) {
    if (path.ends_with(".gz")) {
        if (const gzFile file = ::gzopen(path.c_str(), "rb"); file != nullptr) {
            return octet_source_pointer{std::make_unique<gzip_source>(file)};
        }
        return unexpected{fmt::format("{}: {}", path, std::strerror(errno))};
    }
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return unexpected{fmt::format("{}: {}", path, std::strerror(errno))};
    }
    octet_source_pointer plain = std::make_unique<file_source>(descriptor);
    return path.ends_with(".snappy") ? make_snappy_source(std::move(plain)) : std::move(plain);
}

} // namespace conclave::maintenance
