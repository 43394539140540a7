/// One simulated server: a whole replica, its disk, its clocks, and what is on its way to it.
#pragma once

#include "server/replica/replica.hpp"
#include "test/simulation/core/record_log.hpp"
#include "test/simulation/ensemble/random.hpp"
#include "test/support/memory_tables.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace conclave::ensemble {

/// A snapshot that another server receives.
struct outgoing_snapshot {
    zab::attachment number;
    bytes content;
};

/// A snapshot that comes in, as far as it is here.
struct incoming_snapshot {
    zab::attachment number;
    bytes content;
};

/// A snapshot that is whole and durable, beside the state that is still in use.
struct stored_snapshot {
    zab::position of;
    test::memory_tables tables;
};

struct server {
    server_id id;
    std::uint64_t boot = 0; ///< 0: it does not run

    // What survives a crash.
    simulation::record_log log;
    test::memory_tables tables;
    zab::storage_id storage;
    bool may_found = true; ///< its disk is empty because it is new
    std::optional<stored_snapshot> to_install;

    // What does not.
    std::unique_ptr<replica::replica> running;
    std::deque<simulation::record_log::operation> writing;
    bool is_writing = false;
    std::shared_ptr<const tree::change_set> checkpoint; ///< being written
    bool is_flush_due = false;
    std::deque<std::function<void()>> inbox; ///< came while it was paused
    std::map<server_id, outgoing_snapshot> snapshots_out;
    std::optional<incoming_snapshot> snapshot_in;
    nanoseconds newest_piece{};        ///< when the piece that came last will be stored
    std::set<std::uint64_t> held_back; ///< connections with frames that it did not want yet

    // Clocks.
    double clock_rate = 1;
    nanoseconds clock_ahead{};
    std::int64_t wall_ahead_ms = 0;
    nanoseconds armed_for = nanoseconds::max();
    nanoseconds paused_until{};

    // What its world saw of it.
    zxid applied_seen;
    bool was_leading = false;
    bool was_serving = false;
    nanoseconds not_serving_since{};           ///< its own clock
    nanoseconds leading_since{};               ///< its own clock
    std::map<session_id, nanoseconds> touched; ///< as leader: signs of life that reached it

    [[nodiscard]] bool is_running() const { return boot != 0; }
};

} // namespace conclave::ensemble
