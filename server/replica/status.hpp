/// The read-only view of the replica: what four-letter words and the admin endpoint report.
#pragma once

#include "server/replica/connection.hpp"
#include "server/replica/digest_point.hpp"
#include "server/replica/peer_message.hpp"
#include "server/replica/write_stages.hpp"
#include "server/tree/tree.hpp"
#include "server/zab/core_counters.hpp"
#include "server/zab/election_view.hpp"
#include "server/zab/message.hpp"
#include "server/zab/progress.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace conclave::replica {

/// Counters since the start or the last reset (`srst`).
struct counters {
    std::int64_t packets_received = 0;
    std::int64_t packets_sent = 0;
    std::int64_t latency_ms_min = 0;
    std::int64_t latency_ms_max = 0;
    std::int64_t latency_ms_sum = 0;
    std::int64_t latency_count = 0;
    std::int64_t proposals = 0;
    std::int64_t proposal_size_last = -1; ///< octets; -1: none yet
    std::int64_t proposal_size_min = -1;
    std::int64_t proposal_size_max = -1;
    std::int64_t commits = 0;
    std::int64_t checkpoints = 0;
    std::int64_t sessions_opened = 0;
    std::int64_t sessions_expired = 0;
    std::int64_t sessions_revalidated = 0;
    std::int64_t handshakes_timed_out = 0;
    std::int64_t authentications_failed = 0;
    std::int64_t response_size_last = -1;
    std::int64_t response_size_min = -1;
    std::int64_t response_size_max = -1;
    std::int64_t response_bytes = 0;
    std::int64_t request_bytes = 0;
    std::int64_t watch_events[5] = {}; ///< by event_type
    std::int64_t watch_bytes = 0;
    std::int64_t connections_opened = 0;
    std::int64_t connections_throttled = 0;
    std::int64_t replies_without_receiver = 0; ///< the connection had gone meanwhile
    latency_histogram read_latency;            ///< arrival to reply, of reads
    latency_histogram update_latency;          ///< and of writes
    // Of the writes that clients of this server asked for: where that time goes.
    stage_histograms stages;
    latency_histogram commit_time;   ///< from being proposed to being applied: log and replicate
    latency_histogram election_time; ///< from losing a leader to serving again
};

struct status {
    bool serving = false;
    bool writes_refused = false; ///< the disk is full
    zxid last_applied;
    std::int64_t uptime_ms = 0;
    std::int64_t node_count = 0;
    std::int64_t ephemeral_count = 0;
    std::int64_t data_size = 0;
    std::int64_t watch_count = 0;
    std::int64_t watched_path_count = 0;
    std::int64_t watcher_count = 0;
    std::int64_t session_count = 0;
    std::int64_t connection_count = 0;
    std::int64_t outstanding = 0; ///< requests that are not answered yet
};

/// A checkpoint that is durable, and when it became so (the start of the server for the one that it
/// found).
struct checkpoint_point {
    zxid at;
    std::int64_t wall_ms = 0;
};

/// What a server told of its disk, and when.
struct heard_disk {
    disk_message told;
    std::int64_t wall_ms = 0;
};

/// A server that follows this one, which leads.
struct follower_status {
    zxid acknowledged;
    zxid applied;
    zab::feeding fed_by{};
    std::int64_t silent_ms = 0; ///< since it last got on
};

struct member_status {
    server_id id;
    bool is_voter = true;
    std::uint32_t weight = 1;
    std::uint32_t group = 0;
    bytes address; ///< as its server line has it
    std::optional<follower_status> follower;
};

/// "leading", "following, not yet serving", ...
[[nodiscard]] bytes_view name(zab::role role);

/// What this server knows of its ensemble. A server alone is an ensemble of one.
struct ensemble_status {
    server_id self;
    server_id leader; ///< 0 without one
    zab::role role{};
    epoch current_epoch;
    epoch promised_epoch;
    zxid last_logged;
    zxid committed;
    bool is_alone = false;
    bool is_voter = true;
    bool is_joint = false; ///< a change of the membership is under way
    zxid membership_version;
    bytes quarantine; ///< why it takes part in nothing any more; empty if it does
    std::int64_t leaderless_ms = 0;
    std::size_t in_flight_count = 0; ///< writes of this server that are not applied yet
    std::size_t in_flight_size = 0;
    std::size_t forwarded_count = 0; ///< of other servers, while it leads
    std::size_t unsaved_size = 0;    ///< octets that are in no checkpoint yet
    std::vector<member_status> members;
    zab::core_counters counted;
};

} // namespace conclave::replica
