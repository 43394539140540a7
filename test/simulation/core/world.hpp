/// An ensemble of replication cores with its network, disks and clocks, in one thread under one
/// seed (zab 7, the core profile: entries carry a number, the state is the place in the history).
#pragma once

#include "test/simulation/core/oracle.hpp"

#include <functional>
#include <memory>
#include <queue>
#include <random>

namespace conclave::simulation {

using nanoseconds = std::chrono::nanoseconds;

/// Which faults a run has, and how likely they are: drawn per seed, so that some runs are calm but
/// for one nasty thing.
struct fault_plan {
    bool is_datagram = false; ///< messages are lost, doubled and reordered; else links break
    double loss = 0;
    double duplication = 0;
    double slow_message = 0;
    double slow_disk = 0;
    nanoseconds crash_every{};
    nanoseconds power_loss_every{};
    nanoseconds partition_every{};
    nanoseconds pause_every{};
    nanoseconds checkpoint_every{};
    nanoseconds transfer_every{};
    nanoseconds reconfiguration_every{};
    nanoseconds wipe_every{};
    nanoseconds propose_every{};
    nanoseconds barrier_every{};
    std::size_t log_kept = 0;
    std::uint32_t counter_max = 0xf0000000;
    double clock_skew = 0;
};

struct world_options {
    std::uint64_t seed = 1;
    std::uint64_t events = 30'000;
    bool is_traced = false;
};

struct world_result {
    std::uint64_t events = 0;
    std::uint64_t trace_hash = 0;
    std::size_t committed = 0;
    zab::core_counters counters; ///< of all servers together
    std::map<std::string, std::uint64_t> reached;
};

class world {
public:
    explicit world(world_options options);
    ~world();

    /// Runs the faults, then heals everything and waits for agreement. @throws violation
    world_result run();

private:
    struct server;
    struct event;

    struct later {
        bool
        operator()(const std::unique_ptr<event>& left, const std::unique_ptr<event>& right) const;
    };

    // world.cpp
    void after(nanoseconds delay, std::function<void()> what);
    void every(nanoseconds interval, void (world::*what)());
    bool step();
    [[nodiscard]] bool everybody_is_level() const;
    void check_agreement();

    [[nodiscard]] double chance() { return std::uniform_real_distribution<>{0, 1}(random_); }

    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    [[nodiscard]] nanoseconds between(nanoseconds least, nanoseconds most);

    // world_plan.cpp
    void draw_plan();
    void add_server(std::uint32_t id, const zab::membership& members);

    // world_servers.cpp
    void start(server& of);
    void stop(server& of, bool loses_power);
    void input(server& to, const std::function<void(zab::core&)>& what);
    void settle(server& of);
    void carry_out(server& of, zab::core_outputs& wanted);
    void write(server& of, zab::core_records records);
    void finish_write(server& of);
    void apply(server& of);
    void arm(server& of);
    void serve_snapshots(server& of, zab::core_outputs& wanted);
    void restart_from_snapshot(server& of);
    void add_counters(const zab::core& of);
    [[nodiscard]] zab::time_point clock_of(const server& of) const;

    // world_network.cpp
    void transmit(server& from, zab::outgoing what);
    void set_link(server_id one, server_id other, bool is_up, bool is_abrupt);
    void tell_links(server& of);
    [[nodiscard]] bool is_connected(server_id one, server_id other) const;

    // world_faults.cpp
    void crash_one();
    void crash_all();
    void partition();
    void heal();
    void pause_one();
    void checkpoint_one();
    void transfer_one();
    void reconfigure();
    void wipe_one();
    void propose_some();
    void ask_barrier();
    void heal_everything();
    server& any_server();
    [[nodiscard]] std::size_t running_count() const;

    // world_trace.cpp
    void trace(const server& of, const std::string& what);
    void trace_message(const server& from, const zab::outgoing& sent) const;
    [[nodiscard]] std::string describe() const;

    world_options options_;
    std::mt19937_64 random_;
    fault_plan plan_;
    oracle oracle_;
    nanoseconds now_{};
    bool is_healing_ = false;
    std::uint64_t next_event_ = 0;
    std::uint64_t next_request_ = 1;
    std::uint64_t next_boot_ = 1;
    std::uint64_t trace_hash_ = 0xcbf29ce484222325U;
    std::priority_queue<std::unique_ptr<event>, std::vector<std::unique_ptr<event>>, later> events_;
    std::map<server_id, std::unique_ptr<server>> servers_;
    std::set<std::pair<server_id, server_id>> cut_; ///< directed
    zab::membership founding_;
    world_result result_;
};

} // namespace conclave::simulation
