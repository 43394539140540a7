/// A snapshot stream that was kept as a file.
#pragma once

#include "server/maintenance/checkpoint_examination.hpp"
#include "server/replica/history_row.hpp"

#include <conclave/result.hpp>

#include <filesystem>
#include <string>

namespace conclave::maintenance {

/// What a snapshot holds, by its own words.
struct snapshot_facts {
    replica::history_row history;
    std::string digest; ///< of the tree, hexadecimal
    std::int64_t node_count = 0;
};

/// Builds the checkpoint that `file` holds at `directory`, which must not exist.
[[nodiscard]] result<void, std::string>
load_snapshot(const std::filesystem::path& file, const std::filesystem::path& directory);

/// Looks at every row of a checkpoint and computes its digest anew.
/// @return a sentence if it is not whole
[[nodiscard]] result<snapshot_facts, std::string>
prove_checkpoint(const std::filesystem::path& directory);

/// Both, in a directory that is removed again: `scratch`.
[[nodiscard]] result<snapshot_facts, std::string>
prove_snapshot(const std::filesystem::path& file, const std::filesystem::path& scratch);

/// 128 bits of digest as text.
[[nodiscard]] std::string digest_text(std::uint64_t high, std::uint64_t low);

} // namespace conclave::maintenance
