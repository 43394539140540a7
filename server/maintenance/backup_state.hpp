/// The state that a backup holds at some moment.
#pragma once

#include "server/maintenance/backup_directory.hpp"
#include "server/maintenance/checkpoint_builder.hpp"
#include "server/maintenance/history_replay.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace conclave::maintenance {

/// How far to go; without both: everything.
struct backup_target {
    std::optional<zxid> at;              ///< nothing later than this
    std::optional<std::int64_t> time_ms; ///< nothing that was written later than this
};

/// @return a sentence if the backup begins behind the target, or ends before the zxid
[[nodiscard]] result<void, std::string>
holds(const backup_directory& from, const backup_target& target);

/// A checkpoint that was built of a snapshot, which is proved, and of the logs behind it, whose
/// changes are in memory until they are saved.
class backup_state {
public:
    /// Builds it at `checkpoint`, which must not exist. Precondition: the backup holds the target.
    /// @return a sentence that says what is wrong
    /// @throws tree::corrupt_state
    [[nodiscard]] static result<std::unique_ptr<backup_state>, std::string> build(
        const backup_directory& from,
        const backup_target& target,
        const std::filesystem::path& checkpoint
    );

    [[nodiscard]] const tree::tree& nodes() const { return replaying_.nodes(); }

    [[nodiscard]] const replica::history_row& reached() const { return replaying_.reached(); }

    [[nodiscard]] const std::string& snapshot_file() const { return snapshot_file_; }

    [[nodiscard]] std::int64_t replayed_count() const { return replayed_count_; }

    /// A line about what the operator should know; empty without.
    [[nodiscard]] const std::string& note() const { return note_; }

    /// Saves everything, as reaching as far as `row` says.
    [[nodiscard]] result<void, std::string> save(const replica::history_row& row) {
        return replaying_.save(row);
    }

private:
    backup_state(std::unique_ptr<checkpoint_builder> opened, replica::history_row begun);

    [[nodiscard]] result<void, std::string> replay(
        const std::filesystem::path& backup, const backup_series& of, const backup_target& target
    );

    std::unique_ptr<checkpoint_builder> opened_;
    history_replay replaying_;
    std::string snapshot_file_;
    std::int64_t replayed_count_ = 0;
    std::string note_;
};

} // namespace conclave::maintenance
