/// Why an operation on the checkpoint failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conclave::store {

enum class store_errc : std::uint8_t {
    disk_full,    ///< the file system has no room: nothing was changed, try again after space was
                  ///< freed
    map_full,     ///< the memory map is too small: nothing was changed, `grow_map` and try again
    in_use,       ///< a snapshot is being streamed: nothing was changed, try again after it
    stopped,      ///< the other end of a snapshot stream declined to go on
    exists,       ///< a store stands where a new one should be made
    damaged,      ///< stored or received octets are not what was written
    cut_short,    ///< a file that is only looked at lacks its end: damage, or pages that are free
    newer_format, ///< written by a later version of this program: nothing was touched
    io,           ///< the device, the file system or the operating system refused
};

/// The enumerator's name, such as "disk_full"; for logs and metrics.
[[nodiscard]] std::string_view name(store_errc code);

/// A reason and a sentence for the operator: what happened, to which file, what to do.
struct store_error {
    store_errc code{};
    std::string text;

    /// True if the server must not go on with this store: what the device holds is no longer known
    /// (style: "a failed fsync is fatal"). False: the store stands where it stood before the call.
    [[nodiscard]] bool is_fatal() const {
        return code == store_errc::io || code == store_errc::damaged;
    }
};

} // namespace conclave::store
