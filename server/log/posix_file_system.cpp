#include "server/log/posix_file_system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conclave::txnlog {

namespace {

constexpr mode_t file_mode = 0640;
constexpr mode_t directory_mode = 0750;

std::error_code last_error() {
    return {errno, std::generic_category()};
}

/// Opens again when a signal came first; -1 with errno set on failure.
int open_descriptor(const std::string& path, int flags) {
    for (;;) {
        const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, file_mode);
        if (descriptor >= 0 || errno != EINTR) {
            return descriptor;
        }
    }
}

class posix_file final : public file {
public:
    explicit posix_file(int descriptor) : descriptor_(descriptor) {}

    posix_file(const posix_file&) = delete;
    posix_file& operator=(const posix_file&) = delete;

    /// A failing close loses nothing that was promised: only `sync_data` promises.
    ~posix_file() override { ::close(descriptor_); }

    io_result<bytes_view> read_at(std::uint64_t offset, std::size_t size, bytes& buffer) override {
        if (buffer.size() < size) {
            buffer.resize(size);
        }
        std::size_t done = 0;
        while (done < size) {
            const ssize_t count = ::pread(
                descriptor_, buffer.data() + done, size - done, static_cast<off_t>(offset + done)
            );
            if (count < 0 && errno != EINTR) {
                return unexpected{last_error()};
            }
            if (count == 0) {
                break;
            }
            done += count > 0 ? static_cast<std::size_t>(count) : 0;
        }
        return bytes_view{buffer}.substr(0, done);
    }

    std::error_code write_at(std::uint64_t offset, bytes_view data) override {
        while (!data.empty()) {
            const ssize_t count =
                ::pwrite(descriptor_, data.data(), data.size(), static_cast<off_t>(offset));
            if (count < 0 && errno != EINTR) {
                return last_error();
            }
            if (count == 0) {
                return std::make_error_code(std::errc::io_error);
            }
            const auto written = count > 0 ? static_cast<std::size_t>(count) : 0;
            data.remove_prefix(written);
            offset += written;
        }
        return {};
    }

    std::error_code reserve(std::uint64_t size) override {
        while (::fallocate(descriptor_, 0, 0, static_cast<off_t>(size)) != 0) {
            if (errno == EOPNOTSUPP || errno == ENOSYS) {
                return std::make_error_code(std::errc::operation_not_supported);
            }
            if (errno != EINTR) {
                return last_error();
            }
        }
        return {};
    }

    std::error_code sync_data() override {
        return ::fdatasync(descriptor_) == 0 ? std::error_code{} : last_error();
    }

    io_result<std::uint64_t> size() override {
        struct stat status {};

        if (::fstat(descriptor_, &status) != 0) {
            return unexpected{last_error()};
        }
        return static_cast<std::uint64_t>(status.st_size);
    }

    std::error_code try_lock() override {
        return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 ? std::error_code{} : last_error();
    }

private:
    int descriptor_;
};

int flags_of(open_mode mode) {
    switch (mode) {
    case open_mode::read:
        return O_RDONLY;
    case open_mode::read_write:
        return O_RDWR;
    case open_mode::create:
        return O_RDWR | O_CREAT;
    }
    return O_RDONLY;
}

} // namespace

io_result<std::unique_ptr<file>> posix_file_system::open(const std::string& path, open_mode mode) {
    const int descriptor = open_descriptor(path, flags_of(mode));
    if (descriptor < 0) {
        return unexpected{last_error()};
    }
    return std::unique_ptr<file>{std::make_unique<posix_file>(descriptor)};
}

std::error_code posix_file_system::rename(const std::string& from, const std::string& to) {
    return std::rename(from.c_str(), to.c_str()) == 0 ? std::error_code{} : last_error();
}

std::error_code posix_file_system::remove(const std::string& path) {
    return ::unlink(path.c_str()) == 0 ? std::error_code{} : last_error();
}

io_result<std::vector<std::string>> posix_file_system::list(const std::string& directory) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::opendir(directory.c_str()), ::closedir};
    if (!stream) {
        return unexpected{last_error()};
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
        std::string name = entry->d_name;
        if (name != "." && name != "..") {
            names.push_back(std::move(name));
        }
        errno = 0;
    }
    if (errno != 0) {
        return unexpected{last_error()};
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::error_code posix_file_system::make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), directory_mode) == 0) {
        return {};
    }
    if (errno != EEXIST) {
        return last_error();
    }

    struct stat status {};

    if (::stat(path.c_str(), &status) != 0) {
        return last_error();
    }
    return S_ISDIR(status.st_mode) ? std::error_code{}
                                   : std::make_error_code(std::errc::not_a_directory);
}

std::error_code posix_file_system::sync_directory(const std::string& path) {
    const int descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) {
        return last_error();
    }
    const std::error_code error = ::fsync(descriptor) == 0 ? std::error_code{} : last_error();
    ::close(descriptor);
    return error;
}

} // namespace conclave::txnlog
