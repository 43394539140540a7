/// A backup on disk: snapshots, the transactions behind them, and a manifest that says what counts
/// (docs/formats/backup.md).
#pragma once

#include "server/zab/entry.hpp"

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace conclave::maintenance {

struct backup_snapshot {
    std::string file;
    zab::position at;
    std::int64_t time_ms = 0; ///< of its newest transaction
    std::string digest;       ///< of the tree, hexadecimal
    std::int64_t size_bytes = 0;
    std::int64_t node_count = 0;
};

/// Transactions without a gap, behind the snapshot or the log before it in the manifest.
struct backup_log {
    std::string file;
    zxid behind;
    zab::position last;
    std::int64_t time_ms = 0; ///< of its newest transaction
    std::int64_t size_bytes = 0;
    std::int64_t transaction_count = 0;
};

/// A snapshot, and the logs behind it.
struct backup_series {
    backup_snapshot snapshot;
    std::vector<backup_log> logs;

    /// The newest place that it holds.
    [[nodiscard]] const zab::position& end() const {
        return logs.empty() ? snapshot.at : logs.back().last;
    }
};

struct backup_manifest {
    std::string cluster; ///< hexadecimal: only backups of one ensemble share a directory
    std::vector<backup_series> series; ///< oldest first
};

/// Octets as they come; false to stop.
using octet_sink = function_ref<bool(bytes_view)>;

/// One directory, held by one process at a time. Files count once the manifest names them, which is
/// replaced in one step; they are whole, verified and durable by then. What it does not name is a
/// leftover of an interrupted backup and removed when the directory is opened for writing. Files
/// of a backup without a manifest are never removed: it was lost.
class backup_directory {
public:
    enum class purpose { reading, writing };

    /// Opens it; for writing it is made if need be.
    [[nodiscard]] static result<backup_directory, std::string>
    open(const std::filesystem::path& path, purpose of);

    backup_directory(backup_directory&&) noexcept;
    backup_directory& operator=(backup_directory&&) = delete;
    ~backup_directory();

    [[nodiscard]] const backup_manifest& manifest() const { return manifest_; }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Writes what `fetch` gives into a new file, durably. @return its size
    [[nodiscard]] result<std::int64_t, std::string>
    write_new(const std::string& file, function_ref<result<void, std::string>(octet_sink)> fetch);

    /// Verifies a snapshot that was written, by building the state that it holds, and takes it into
    /// the manifest.
    [[nodiscard]] result<backup_snapshot, std::string>
    add_snapshot(const std::string& file, std::int64_t size);

    /// Verifies that a log that was written goes on where the newest series ends, and takes it into
    /// the manifest; an empty one is removed.
    [[nodiscard]] result<backup_log, std::string>
    add_log(const std::string& file, std::int64_t size);

    /// Looks at every file again. @return sentences about what is wrong
    [[nodiscard]] std::vector<std::string> verify() const;

private:
    backup_directory(std::filesystem::path path, int lock);

    [[nodiscard]] result<void, std::string> read_manifest();
    [[nodiscard]] result<void, std::string> write_manifest();
    [[nodiscard]] result<void, std::string> prepare();
    void remove_leftovers(const std::vector<std::filesystem::path>& found) const;

    std::filesystem::path path_;
    int lock_ = -1;
    bool is_begun_ = false; ///< there is a manifest
    backup_manifest manifest_;
};

[[nodiscard]] std::string to_json(const backup_manifest& manifest);

/// @return a sentence if it is no manifest of a known format
[[nodiscard]] result<backup_manifest, std::string> parse_manifest(bytes_view text);

} // namespace conclave::maintenance
