/// The read-only view of the replica: what four-letter words and the admin endpoint report.
#pragma once

#include "server/replica/connection.hpp"
#include "server/replica/digest_point.hpp"
#include "server/replica/latency_histogram.hpp"
#include "server/tree/tree.hpp"

#include <cstdint>
#include <deque>

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

} // namespace conclave::replica
