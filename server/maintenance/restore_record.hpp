/// What was restored from a backup before: so that each restore goes on behind the ones before it.
#pragma once

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace conclave::maintenance {

/// One restore, of all servers that went on from it together.
struct restored_once {
    zxid restored;                 ///< the newest transaction that was in it
    zxid goes_on_behind;           ///< where zxids went on
    std::vector<std::string> into; ///< the data directories, as `data_directory_name` names them
};

/// Where a restore goes on, given the ones before it, oldest first. Servers of one ensemble are
/// restored one after the other: what goes to the same zxid as the last restore, and to a data
/// directory that took no part in it, is part of it. Anything else begins a new one, behind every
/// place that the backup (up to `newest`) and the restores before it know of.
///
/// `epochs`: so many behind the restored zxid instead; refused if that is not behind all of them.
/// @return a sentence if there is no such place
[[nodiscard]] result<epoch, std::string> next_epoch(
    const std::vector<restored_once>& before,
    zxid restored,
    epoch newest,
    const std::string& into,
    std::optional<std::uint32_t> epochs
);

/// Unique among the servers that may be restored from one backup.
[[nodiscard]] std::string data_directory_name(const std::filesystem::path& data_directory);

/// The file beside the manifest (docs/formats/backup.md). Held by one process at a time; others
/// wait.
class restore_record {
public:
    /// @return a sentence if it cannot be read, or will not be writable
    [[nodiscard]] static result<restore_record, std::string>
    open(const std::filesystem::path& backup);

    restore_record(restore_record&& other) noexcept;
    restore_record& operator=(restore_record&&) = delete;
    ~restore_record();

    [[nodiscard]] const std::vector<restored_once>& all() const { return all_; }

    /// Adds a data directory to the last restore, if that is the same, else a restore. Durable once
    /// it returns.
    [[nodiscard]] result<void, std::string>
    add(zxid restored, zxid goes_on_behind, const std::string& into);

    /// Takes the last `add` back: it came to nothing.
    void take_back();

private:
    restore_record(std::filesystem::path file, int lock);

    [[nodiscard]] result<void, std::string> read();
    [[nodiscard]] result<void, std::string> write() const;

    std::filesystem::path file_;
    int lock_ = -1;
    std::vector<restored_once> all_;
    std::vector<restored_once> before_; ///< the last `add`
};

[[nodiscard]] std::string to_json(const std::vector<restored_once>& all);

/// @return a sentence if it is no such record of a known format
[[nodiscard]] result<std::vector<restored_once>, std::string> parse_restores(bytes_view text);

} // namespace conclave::maintenance
