/// Which segments a directory has, and what their heads say. Private to this folder.
#pragma once

#include "server/log/recovery.hpp"

namespace conclave::txnlog {

/// The segments of a log, oldest first.
struct segment_list {
    std::vector<segment_info> segments;
    std::vector<std::optional<segment_head>>
        heads; ///< parallel; none where both copies are damaged

    verdict outcome = verdict::clean; ///< or `newer_format`, `foreign`, `unreadable`: stop here
    std::error_code error;
    std::string explanation;
};

/// One copy of the head of a segment. A copy that cannot be read, or that belongs to a file of
/// another name, is as good as a damaged one: that is what the other copy is for. `head` is set
/// only when the answer is `valid`.
[[nodiscard]] head_state
read_head_copy(file& source, std::uint64_t copy, std::uint64_t first_sequence, segment_head& head);

/// Reads the heads of all segments in `directory`; no segments if there is no such directory. A
/// damaged head is not judged here, since it may not be needed; one of somebody else is, before
/// anything is delivered.
[[nodiscard]] segment_list list_segments(
    file_system& files, const std::string& directory, const std::optional<unique_id>& storage
);

} // namespace conclave::txnlog
