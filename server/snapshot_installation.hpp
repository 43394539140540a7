/// What a start makes of a snapshot that came in before it (zab 2.6.4, F9).
#pragma once

#include "server/log/file_system.hpp"

#include <filesystem>
#include <string>

namespace conclave {

struct installation_paths {
    std::filesystem::path checkpoint;
    std::filesystem::path incoming; ///< beside it
    std::string log;
};

/// Gives the snapshot the place of the checkpoint if the log goes on behind it: its newest base
/// record names the place in the history that the snapshot is of. Otherwise the server is what it
/// was before, and what came in is removed; it stays if the log cannot be read. Durable when it
/// returns; may be interrupted anywhere and done again.
/// @throws std::runtime_error with a sentence for the operator
void settle_incoming_snapshot(txnlog::file_system& files, const installation_paths& paths);

} // namespace conclave
