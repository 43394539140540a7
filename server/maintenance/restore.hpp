/// From a backup to a data directory with which a server goes on.
#pragma once

#include "server/log/file_system.hpp"
#include "server/maintenance/backup_state.hpp"
#include "server/maintenance/data_place.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace conclave::maintenance {

struct restore_target : backup_target {
    /// So many epochs are passed over, so that zxids do not go back whatever has happened since the
    /// backup: an epoch passes with each election, and with each start of a server alone. Without
    /// it, enough of them, behind those of earlier restores too (`next_epoch`).
    std::optional<std::uint32_t> epochs_passed_over;
};

struct restore_report {
    std::string snapshot;
    std::int64_t replayed_count = 0;
    zxid restored;          ///< the newest transaction that is in it
    std::int64_t time_ms{}; ///< of that
    zxid goes_on_behind;    ///< zxids of everything to come are greater
    std::string digest;     ///< of the tree, hexadecimal
    std::int64_t node_count{};
    std::string note; ///< lines about what the operator should know; may be empty
};

/// The same backup and target give the same state wherever it is restored, so each server of an
/// ensemble restores by itself; the backup remembers where it goes on (`restore_record`). Nothing
/// of Conclave's may be in the data directory.
/// @return a sentence that says what is wrong and what to do
[[nodiscard]] result<restore_report, std::string> restore_backup(
    txnlog::file_system& files,
    const std::filesystem::path& backup,
    const data_place& into,
    const restore_target& target
);

[[nodiscard]] std::string to_text(const restore_report& report);

} // namespace conclave::maintenance
