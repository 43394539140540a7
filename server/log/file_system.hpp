/// What the log and the data directory need from an operating system: a port, so that tests and the
/// simulator can put a file system underneath that forgets, tears and fails
/// (test/support/memory_file_system.hpp).
#pragma once

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace conclave::txnlog {

template <class Value>
using io_result = result<Value, std::error_code>;

/// An open file; closed by its destructor. One thread at a time.
///
/// Nothing here is durable before `sync_data` says so, and after a failed `sync_data` nothing is
/// known about what was written since the last good one: calling it again may succeed without the
/// data (zab.md 6.5).
class file {
public:
    virtual ~file() = default;

    /// Reads up to `size` octets at `offset`; fewer only where the file ends. The view lives in
    /// `buffer`.
    virtual io_result<bytes_view>
    read_at(std::uint64_t offset, std::size_t size, bytes& buffer) = 0;

    /// Writes all of `data` or fails; after a failure any part of it may have been written. Grows
    /// the file if needed.
    virtual std::error_code write_at(std::uint64_t offset, bytes_view data) = 0;

    /// Asks for room for `size` octets so that later writes below it do not fail for lack of it.
    /// `std::errc::operation_not_supported` where the file system cannot promise that. The content
    /// of the octets stays undefined until written.
    virtual std::error_code reserve(std::uint64_t size) = 0;

    /// Makes what was written, and the size of the file, survive a power loss.
    virtual std::error_code sync_data() = 0;

    virtual io_result<std::uint64_t> size() = 0;

    /// Takes the exclusive advisory lock of this file until the file is closed.
    /// @return `std::errc::resource_unavailable_try_again` while another open file holds it.
    virtual std::error_code try_lock() = 0;
};

enum class open_mode {
    read,       ///< the file must exist
    read_write, ///< the file must exist
    create,     ///< reading and writing; made if it does not exist, its content kept if it does
};

/// Files by path. Thread-safe. Entries that are made, renamed or removed survive a power loss only
/// after `sync_directory` of their directory.
class file_system {
public:
    virtual ~file_system() = default;

    virtual io_result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) = 0;

    /// Puts the file at `from` in the place of whatever is at `to`, at once. Both in one directory.
    virtual std::error_code rename(const std::string& from, const std::string& to) = 0;

    /// `std::errc::no_such_file_or_directory` if there is none.
    virtual std::error_code remove(const std::string& path) = 0;

    /// The names in a directory, without "." and "..", sorted.
    virtual io_result<std::vector<std::string>> list(const std::string& directory) = 0;

    /// Makes a directory, for the owner only. No error if there is one already; its parent must
    /// exist.
    virtual std::error_code make_directory(const std::string& path) = 0;

    virtual std::error_code sync_directory(const std::string& path) = 0;
};

/// `directory` and `name` with one slash between them.
[[nodiscard]] inline std::string join_path(const std::string& directory, const std::string& name) {
    return directory.ends_with('/') ? directory + name : directory + '/' + name;
}

} // namespace conclave::txnlog
