#include "server/log/segment_files.hpp"

#include "server/log/segment_format.hpp"

#include <algorithm>

namespace conclave::txnlog {

namespace {

constexpr std::uint64_t write_size = std::uint64_t{256} << 10;

/// Zeros are synced in portions: one sync of a whole segment would hold up the log's own syncs for
/// as long as the device needs for 64 MiB.
constexpr std::uint64_t sync_size = std::uint64_t{2} << 20;

std::error_code
fill_with_zeros(file& target, std::uint64_t size, function_ref<void()> on_reserved) {
    const std::error_code reservation = target.reserve(size);
    if (!reservation) {
        on_reserved();
    } else if (reservation != std::errc::operation_not_supported) {
        return reservation;
    }
    const bytes zeros(std::min(size, write_size), '\0');
    std::uint64_t unsynced = 0;
    for (std::uint64_t offset = 0; offset < size;) {
        const std::uint64_t part = std::min<std::uint64_t>(zeros.size(), size - offset);
        if (const std::error_code error =
                target.write_at(offset, bytes_view{zeros}.substr(0, part))) {
            return error;
        }
        offset += part;
        unsynced += part;
        if (unsynced >= sync_size || offset == size) {
            if (const std::error_code error = target.sync_data()) {
                return error;
            }
            unsynced = 0;
        }
    }
    return {};
}

} // namespace

std::error_code prepare_segment(
    file_system& files,
    const std::string& directory,
    std::uint64_t size,
    function_ref<void()> on_reserved
) {
    const std::string path = join_path(directory, std::string{prepared_segment_name});
    // What an earlier attempt left may be half a file, or a whole one whose head was stamped: start
    // from nothing.
    const std::error_code removal = files.remove(path);
    if (removal && removal != std::errc::no_such_file_or_directory) {
        return removal;
    }
    io_result<std::unique_ptr<file>> target = files.open(path, open_mode::create);
    if (!target) {
        return target.error();
    }
    const std::error_code error = fill_with_zeros(**target, size, on_reserved);
    if (error) {
        // The answer is the first error; a file that cannot be removed either is replaced by the
        // next attempt.
        static_cast<void>(files.remove(path));
    }
    return error;
}

std::error_code
prepare_segment(file_system& files, const std::string& directory, std::uint64_t size) {
    return prepare_segment(files, directory, size, [] {});
}

std::size_t remove_segments(
    file_system& files,
    const std::string& directory,
    const std::vector<std::string>& names,
    std::error_code& error
) {
    std::size_t count = 0;
    for (const std::string& name : names) {
        error = files.remove(join_path(directory, name));
        if (error == std::errc::no_such_file_or_directory) {
            error.clear();
        }
        if (!error) {
            error = files.sync_directory(directory);
        }
        if (error) {
            break;
        }
        ++count;
    }
    return count;
}

} // namespace conclave::txnlog
