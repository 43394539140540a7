/// A subtree out of a backup, as a file that `conclave import` writes to a running ensemble.
#pragma once

#include "server/maintenance/backup_state.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>

namespace conclave::maintenance {

struct extraction_report {
    std::int64_t node_count = 0;
    std::int64_t ephemeral_count = 0; ///< left out: they belonged to sessions
    zxid at;                          ///< the newest transaction of the state that they are from
    std::int64_t time_ms{};           ///< of that
    std::string note;                 ///< a line about what the operator should know; may be empty
};

/// Writes the node at `root` and everything below it, as `conclave export` does
/// (docs/formats/subtree.md). Containers and times to live are kept; of the root of all, /zookeeper
/// is left out. The state is built among the temporary files.
/// @return a sentence that says what is wrong; what was written by then is no whole file
[[nodiscard]] result<extraction_report, std::string> extract_subtree(
    const std::filesystem::path& backup,
    const backup_target& target,
    const bytes& root,
    std::ostream& to
);

[[nodiscard]] std::string to_text(const extraction_report& report);

} // namespace conclave::maintenance
