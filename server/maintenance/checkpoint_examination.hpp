/// What a checkpoint holds, and whether every row of it is what was written.
#pragma once

#include <conclave/jute.hpp>
#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <filesystem>
#include <string>

namespace conclave::maintenance {

struct checkpoint_facts {
    std::int64_t size_bytes{};
    bytes
        history_row; ///< `replica::history_row`, encoded; empty in one that nothing was applied to
    std::int64_t node_count{};
    std::int64_t data_size_bytes{};
    std::int64_t session_count{};
    std::int64_t ephemeral_count{};
    std::uint64_t digest_high{};
    std::uint64_t digest_low{};
    bytes damage; ///< a sentence; empty if all is whole

    static void fields(auto& archive, auto& record) {
        archive(
            record.size_bytes,
            record.history_row,
            record.node_count,
            record.data_size_bytes,
            record.session_count,
            record.ephemeral_count,
            record.digest_high,
            record.digest_low,
            record.damage
        );
    }
};

/// Reads every row, checks its checksum and what ties it to others, and computes the digest anew.
/// In a process of its own: pages that are rotten enough can end whoever reads them.
/// @return a sentence if it cannot be opened at all.
[[nodiscard]] result<checkpoint_facts, std::string>
examine_checkpoint(const std::filesystem::path& directory, const std::filesystem::path& scratch);

} // namespace conclave::maintenance
