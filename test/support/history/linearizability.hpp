/// Are changes and synced reads linearizable (guarantees G1 and G5, zab 7.4.3)?
///
/// Each node is judged by itself: a history is linearizable if that of each node is. Plain reads
/// take no part, they may be answered from an older state; see session_order.hpp.
#pragma once

#include "test/support/history/history.hpp"
#include "test/support/history/verdict.hpp"

#include <cstdint>

namespace conclave::history {

struct search_limits {
    /// Attempts to place an operation, per node; some ten million in a second.
    std::uint64_t step_count_max = 20'000'000;
};

/// A finding per node. An explanation shows the shortest beginning of the node's history that has
/// no order, and an order of all but its last operation. Numbers of sequential nodes are judged per
/// parent path: they are unique and grow with time.
[[nodiscard]] report check_linearizability(const history& seen, const search_limits& limits = {});

} // namespace conclave::history
