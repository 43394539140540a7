/// Setting aside what a server has on disk and can no longer trust (zab.md 6.3, 6.7).
#pragma once

#include "server/log/data_directory.hpp"

#include <optional>
#include <string>

namespace conclave::txnlog {

/// So many states may be set aside in one data directory; then somebody must look at it.
constexpr std::uint32_t quarantine_count_max = 3;

/// Decides, durably, that the state in the data directory is not to be used any more: the next
/// `data_directory::open` sets log, checkpoint and identity aside, under their names with
/// ".damaged-N" behind, and begins an empty state. Nothing is deleted.
///
/// The new state is another storage, so that an ensemble does not take it for the one that has
/// voted and acknowledged; and it `has_lost_history`, so that it does not help to found one.
/// @throws data_directory_error  if it is in use, cannot be written to, or holds
/// `quarantine_count_max` such states already.
void request_quarantine(
    file_system& files, const data_directory_options& options, const std::string& reason
);

/// What is left to do of a quarantine that was requested; may be interrupted anywhere and done
/// again. Private to this folder: `data_directory::open` calls it, under its lock.
/// @return  true if there was one, or the state that came of it is not known to be rebuilt.
[[nodiscard]] bool carry_out_quarantine(
    file_system& files,
    const std::string& folder,
    const std::string& log_root,
    const data_identity& fresh
);

/// The state is rebuilt: forgets the quarantine, but for what was set aside.
void end_quarantine(file_system& files, const std::string& folder);

} // namespace conclave::txnlog
