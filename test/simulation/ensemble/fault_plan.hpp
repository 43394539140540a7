/// Which faults a run has and how likely they are. Drawn per seed, so that some runs are calm but
/// for one nasty thing (zab 7.2).
#pragma once

#include "test/simulation/ensemble/random.hpp"

namespace conclave::ensemble {

struct fault_plan {
    std::uint32_t voters = 3;
    std::uint32_t observers = 0;
    std::uint32_t spares = 0; ///< servers that belong to nobody until somebody asks for it
    std::uint32_t clients = 4;

    // How far apart on average; zero: never.
    nanoseconds crash_every{};
    nanoseconds leader_crash_every{};
    nanoseconds power_loss_every{};
    nanoseconds partition_every{};
    nanoseconds pause_every{};
    nanoseconds transfer_every{};
    nanoseconds full_disk_every{};
    nanoseconds client_cut_every{};
    nanoseconds checkpoint_every{};
    nanoseconds clock_jump_every{};
    nanoseconds wipe_every{};

    double link_reset = 0;   ///< per frame between servers
    double slow_message = 0; ///< per frame between servers
    double slow_disk = 0;    ///< per write
    double slow_client = 0;  ///< per frame to or from a client
    double late_outputs = 0; ///< per input: the server's batch ends later
    double failed_checkpoint = 0;
    double clock_skew = 0;      ///< of the rate of each clock, at most
    double failed_snapshot = 0; ///< per step of sending or receiving one
    std::uint64_t log_kept = 0; ///< records kept behind a checkpoint
    /// Log behind a checkpoint goes although others may need it, so that they need snapshots.
    bool is_log_short = false;

    // Clients.
    nanoseconds think{};         ///< between two bursts of one client
    std::uint64_t burst_max = 1; ///< requests sent at once
    std::uint64_t cold_paths = 0;
    double move = 0;         ///< per burst: the client goes to another server
    double silence = 0;      ///< per burst: the client is not heard for a while
    double close = 0;        ///< per burst: it closes its session
    double hasty = 0;        ///< per session: the client goes elsewhere as soon as it has it
    double reconfigure = 0;  ///< per write: it is a change of the membership
    bool is_reaping = false; ///< containers and nodes with a time to live come and go
    bool is_read_only_allowed = false; ///< servers without a leader serve clients that want it
    double reads = 0.5;                ///< share of the requests
    bool is_plain = false;             ///< only what the search for linearisations understands
    nanoseconds session_timeout{};
    /// Little fits in one message or one reply, so that what is split by size is split here.
    bool is_tight = false;

    [[nodiscard]] std::uint32_t server_count() const { return voters + observers + spares; }
};

[[nodiscard]] fault_plan draw_plan(random_source random);

} // namespace conclave::ensemble
