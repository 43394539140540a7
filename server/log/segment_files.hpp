/// Making and removing the files of the log, apart from what is in them.
#pragma once

#include "server/log/file_system.hpp"

#include <conclave/function_ref.hpp>

#include <string>
#include <vector>

namespace conclave::txnlog {

/// Makes "log.next" in `directory`: `size` octets of zeros, durable. Real zeros and not only
/// reserved blocks, because the first sync of a reserved but unwritten block changes metadata as
/// well (zab.md 6.1: a quarter slower). Its directory entry is made durable when the file becomes a
/// segment, which is before anything relies on it (F7).
///
/// `on_reserved` is called once the file system has promised the room, which is long before the
/// zeros are written; never where it makes no such promise.
///
/// On failure nothing is left behind that would hold the last free space of a full disk. May run on
/// any thread as long as nobody else touches that name.
std::error_code prepare_segment(
    file_system& files,
    const std::string& directory,
    std::uint64_t size,
    function_ref<void()> on_reserved
);

/// The same, for those who wait for the whole of it.
std::error_code
prepare_segment(file_system& files, const std::string& directory, std::uint64_t size);

/// Removes segment files, oldest first, each removal durable before the next: a power loss can then
/// leave no gap.
/// @return how many are gone; `error` tells why the rest is not. Those must be removed before any
/// later segment is.
std::size_t remove_segments(
    file_system& files,
    const std::string& directory,
    const std::vector<std::string>& names,
    std::error_code& error
);

} // namespace conclave::txnlog
