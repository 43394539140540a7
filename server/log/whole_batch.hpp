/// One batch of a segment, with all checks that make it one. Private to this folder.
#pragma once

#include "server/log/file_window.hpp"
#include "server/log/segment_format.hpp"

namespace conclave::txnlog {

struct whole_batch {
    batch_header header;
    bytes_view body; ///< well-formed records; lives until the next use of the window
};

/// The batch numbered `expected` at `offset` of the segment with that head. None if it is not there
/// or not whole. Errors of the file stay in `window`.
[[nodiscard]] std::optional<whole_batch> read_whole_batch(
    const segment_head& head, file_window& window, std::uint64_t offset, std::uint64_t expected
);

} // namespace conclave::txnlog
