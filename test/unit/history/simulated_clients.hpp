/// Clients of a register store that is right, or wrong in one way once: random histories for the
/// checkers.
#pragma once

#include "test/support/history/history.hpp"

#include <cstdint>

namespace conclave::history {

enum class fault {
    none,
    stale_synced_read, ///< a synced read is answered from before the node's last change
    lost_write,        ///< a change is acknowledged but does not happen
    rollback,          ///< a change happens, is seen, and is undone
    double_apply,      ///< a write of unknown outcome happens twice
    session_reorder,   ///< a plain read is answered from before what its session has seen
};

struct simulation_settings {
    std::uint64_t seed{};
    std::size_t client_count = 5;
    std::size_t node_count = 3;
    std::size_t operation_count = 300;
    fault injected = fault::none;
};

struct simulated_history {
    history seen;
    bool is_faulty = false; ///< the fault has found its occasion, and changed something
};

/// Clients invoke one operation at a time; an operation takes effect between its ends, or if its
/// outcome is unknown, possibly long after, or never. All zxids and the agreed history are known.
[[nodiscard]] simulated_history simulate(const simulation_settings& settings);

} // namespace conclave::history
