#include "server/maintenance/durable_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace conclave::maintenance {

namespace {

namespace fs = std::filesystem;

constexpr mode_t owner_alone = 0600;

/// Closed by its destructor, and removed unless it was given its name.
class part_file {
public:
    explicit part_file(const fs::path& path)
        : name_(path)
        , part_(path.string() + ".part")
        , descriptor_(::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_alone)
          ) {
        note(descriptor_ >= 0);
    }

    part_file(const part_file&) = delete;
    part_file& operator=(const part_file&) = delete;

    ~part_file() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
        if (!is_named_) {
            ::unlink(part_.c_str());
        }
    }

    bool write(bytes_view octets) {
        while (failure_ == 0 && !octets.empty()) {
            const ssize_t count = ::write(descriptor_, octets.data(), octets.size());
            note(count >= 0 || errno == EINTR);
            octets.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
            size_ += count > 0 ? count : 0;
        }
        return failure_ == 0;
    }

    bool give_name() {
        if (failure_ == 0) {
            note(::fsync(descriptor_) == 0);
        }
        if (failure_ == 0) {
            note(::rename(part_.c_str(), name_.c_str()) == 0);
            is_named_ = failure_ == 0;
        }
        if (failure_ == 0) {
            sync_parent();
        }
        return failure_ == 0;
    }

    [[nodiscard]] std::int64_t size() const { return size_; }

    [[nodiscard]] std::string failure() const {
        return fmt::format("cannot write {}: {}", name_.string(), std::strerror(failure_));
    }

private:
    void note(bool succeeded) { failure_ = succeeded ? failure_ : errno; }

    void sync_parent() {
        const fs::path parent = name_.has_parent_path() ? name_.parent_path() : fs::path{"."};
        const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        note(directory >= 0 && ::fsync(directory) == 0);
        if (directory >= 0) {
            ::close(directory);
        }
    }

    fs::path name_;
    fs::path part_;
    int failure_ = 0; ///< before the descriptor, whose opening notes it
    int descriptor_;
    std::int64_t size_ = 0;
    bool is_named_ = false;
};

} // namespace

result<std::int64_t, std::string> write_durably(
    const fs::path& path,
    function_ref<result<void, std::string>(function_ref<bool(bytes_view)>)> fill
) {
    part_file file{path};
    const auto sink = [&](bytes_view octets) {
        return file.write(octets);
    };
    const auto filled = fill(sink);
    if (!file.write({}) || (filled && !file.give_name())) {
        return unexpected{file.failure()};
    }
    if (!filled) {
        return unexpected{filled.error()};
    }
    return file.size();
}

} // namespace conclave::maintenance
