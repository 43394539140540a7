/// What a world of replication cores is made of. Private to this folder.
#pragma once

#include "test/simulation/core/world.hpp"

namespace conclave::simulation {

struct world::event {
    nanoseconds at;
    std::uint64_t sequence;
    std::function<void()> what;
};

struct world::server {
    server_id id;
    std::uint64_t boot = 0;
    disk drive;
    std::unique_ptr<zab::core> core; ///< while it runs
    std::deque<disk::operation> writing;
    bool is_writing = false;
    nanoseconds paused_until{};
    double clock_rate = 1;
    nanoseconds armed_for = nanoseconds::max();
    bool is_gone = false; ///< removed by the operator, for ever

    zab::position applied;
    std::int64_t applied_time = 0;
    zxid committed_seen;
    zab::role role_seen{};
    zab::position last_seen;
    std::map<server_id, nanoseconds> arrival; ///< of the newest message to each, when in order
    std::map<std::uint64_t, zxid> barriers;   ///< token: what was acknowledged when it was asked
    std::optional<checkpoint> incoming;
    std::set<server_id> linked;
};

} // namespace conclave::simulation
