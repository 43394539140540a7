/// One server of an ensemble. Private to it.
#pragma once

#include "test/unit/zab/ensemble.hpp"

#include <stdexcept>

namespace conclave::test {

inline void must_hold(bool is_true, const std::string& what) {
    if (!is_true) {
        throw std::logic_error{what};
    }
}

struct ensemble::node {
    id number{};
    std::uint64_t boot = 0;
    simulation::disk drive;
    std::unique_ptr<zab::core> core; ///< while it runs
    zab::time_point clock{};
    std::deque<simulation::disk::operation> writing;
    std::deque<zab::snapshot_piece> pieces;
    std::set<id> linked;
    zab::position applied;
    bool is_paused = false;
    bool is_disk_held = false;

    [[nodiscard]] bool moves() const { return core != nullptr && !is_paused; }
};

} // namespace conclave::test
