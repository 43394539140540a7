#include "server/store/durable_directory.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace conclave::store {

namespace {

namespace fs = std::filesystem;

unexpected<store_error> refused(const char* action, const fs::path& path, int reason) {
    const store_errc code =
        reason == ENOSPC || reason == EDQUOT ? store_errc::disk_full : store_errc::io;
    return unexpected{store_error{
        code, fmt::format("cannot {} {}: {}", action, path.string(), std::strerror(reason))}};
}

/// Makes the names in a directory durable: fsync of a file covers its octets, not its name.
result<void, store_error> sync_directory(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return refused("open directory", path, errno);
    }
    const int failed = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    if (failed != 0) {
        return refused("sync directory", path, failed);
    }
    return {};
}

fs::path parent_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path{"."};
}

} // namespace

fs::path staging_of(const fs::path& directory) {
    fs::path staging = directory;
    staging += ".staging";
    return staging;
}

result<void, store_error> make_staging(const fs::path& directory) {
    const fs::path staging = staging_of(directory);
    std::error_code failed;
    fs::remove_all(staging, failed);
    if (failed) {
        return refused("remove", staging, failed.value());
    }
    fs::create_directory(staging, failed);
    if (failed) {
        return refused("create directory", staging, failed.value());
    }
    return {};
}

void remove_staging(const fs::path& directory) noexcept {
    std::error_code ignored;
    fs::remove_all(staging_of(directory), ignored);
}

result<void, store_error> install_staging(const fs::path& directory, replacing existing) {
    return install_directory(staging_of(directory), directory, existing);
}

result<void, store_error>
install_directory(const fs::path& from, const fs::path& directory, replacing existing) {
    if (auto synced = sync_directory(from); !synced) {
        return synced;
    }
    int moved = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, directory.c_str(), RENAME_NOREPLACE);
    if (moved != 0 && errno == EEXIST && existing == replacing::allowed) {
        moved = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE);
    }
    if (moved != 0 && errno == EEXIST) {
        return unexpected{
            store_error{store_errc::exists, fmt::format("{} exists already", directory.string())}};
    }
    if (moved != 0) {
        return refused("put in place", directory, errno);
    }
    if (auto synced = sync_directory(parent_of(directory)); !synced) {
        return synced;
    }
    std::error_code ignored; // what is left there is no staging directory of anybody's any more
    fs::remove_all(from, ignored);
    return {};
}

} // namespace conclave::store
