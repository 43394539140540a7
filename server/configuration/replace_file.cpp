#include "server/configuration/replace_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace conclave::configuration {

namespace {

constexpr mode_t permission_bits = 0777;

void check(bool holds, const std::string& path) {
    if (!holds) {
        throw std::system_error{errno, std::generic_category(), path};
    }
}

/// Closes the descriptor, whatever happens.
class open_file {
public:
    open_file(const std::string& path, int flags, mode_t mode)
        : path_(path), descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
        check(descriptor_ >= 0, path_);
    }

    ~open_file() { ::close(descriptor_); }

    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    void write(std::string_view content) const {
        while (!content.empty()) {
            const ssize_t written = ::write(descriptor_, content.data(), content.size());
            check(written > 0 || errno == EINTR, path_);
            content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
        }
    }

    void sync() const { check(::fsync(descriptor_) == 0, path_); }

    /// Before there is any content that others could read.
    void belong_like(const struct stat& other) const {
        mode_t mode = other.st_mode & permission_bits;
        const bool keeps_group = ::fchown(descriptor_, other.st_uid, other.st_gid) == 0 ||
                                 ::fchown(descriptor_, static_cast<uid_t>(-1), other.st_gid) == 0;
        if (!keeps_group) {
            mode &= ~static_cast<mode_t>(S_IRWXG);
        }
        check(::fchmod(descriptor_, mode) == 0, path_);
    }

private:
    const std::string& path_;
    int descriptor_;
};

std::optional<struct stat> status_of(const std::string& path) {
    struct stat found {};

    if (::stat(path.c_str(), &found) == 0) {
        return found;
    }
    check(errno == ENOENT, path);
    return std::nullopt;
}

} // namespace

void replace_file(const std::string& path, std::string_view content) {
    namespace fs = std::filesystem;
    const std::optional<struct stat> before = status_of(path);
    const std::string target = before ? fs::canonical(path).string() : path;
    const std::string next = target + ".next";
    check(::unlink(next.c_str()) == 0 || errno == ENOENT, next);
    {
        const open_file file{
            next, O_WRONLY | O_CREAT | O_EXCL, before ? mode_t{0600} : mode_t{0644}};
        if (before) {
            file.belong_like(*before);
        }
        file.write(content);
        file.sync();
    }
    check(::rename(next.c_str(), target.c_str()) == 0, target);
    const fs::path folder = fs::path{target}.parent_path();
    open_file{folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY, 0}.sync();
}

} // namespace conclave::configuration
