/// The search for an order in which one node's operations could have happened one after another
/// (Wing and Gong, with Lowe's memory of configurations, as in Porcupine).
#pragma once

#include "test/support/history/node_model.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace conclave::history {

/// A step and when it may have happened: at any time from `invoked` to `completed`, both included.
/// A step of unknown outcome has no end and need not happen.
struct timed_step {
    node_step what;
    instant invoked{};
    instant completed{};
};

enum class search_result { found, impossible, gave_up };

struct linearization {
    search_result result{};
    std::vector<std::size_t>
        order;       ///< indices of steps, if found; steps of unknown outcome may be missing
    node_state last; ///< the state after `order`
};

/// Looks for an order of `steps` that starts at `initial` and in which each step has its outcome.
///
/// Exponential in the worst case (many changes at once, without versions); gives up after
/// `step_count_max` attempts to place a step. A configuration seen before is known by a hash of 128
/// bits: "impossible" is wrong with a probability below 2^-80.
[[nodiscard]] linearization find_linearization(
    const std::vector<timed_step>& steps, const node_state& initial, std::uint64_t step_count_max
);

} // namespace conclave::history
