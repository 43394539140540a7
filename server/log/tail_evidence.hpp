/// What stands behind the first bad batch of a segment. Private to this folder.
#pragma once

#include "server/log/file_window.hpp"
#include "server/log/segment_format.hpp"

#include <limits>

namespace conclave::txnlog {

/// Stands for "no limit is known" where a zxid bounds what may have been lost.
constexpr zxid unknown_bound{std::numeric_limits<std::int64_t>::max()};

/// What the octets from the first bad batch on prove about it (zab.md 6.3).
struct tail_evidence {
    bool own_header = false;         ///< the bad batch has an intact header; only its body is bad
    zxid own_highest;                ///< from that header
    std::uint64_t next_sequence = 0; ///< of the first intact header behind it; 0: there is none
    bool was_durable = false;        ///< a later batch was written knowing that this one is durable
    zxid bound = unknown_bound;      ///< of the zxids between it and `next_sequence`
    std::uint64_t dirty_end = 0;     ///< behind the last octet that is not zero; 0: all are
};

/// Looks at every block from `offset` to the end, where the batch numbered `expected` should begin.
/// Errors of the file stay in `window`.
[[nodiscard]] tail_evidence gather_evidence(
    const segment_head& head, file_window& window, std::uint64_t offset, std::uint64_t expected
);

} // namespace conclave::txnlog
