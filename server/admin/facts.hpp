/// What operators are told, as plain values: four-letter words and the HTTP endpoint print them.
#pragma once

#include "server/replica/observations.hpp"
#include "server/replica/status.hpp"

#include <conclave/types.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace conclave::admin {

/// The server as a whole.
struct server_facts {
    std::string
        version; ///< "3.9.4-conclave-0.1.0, built on 2026-11-21": tools parse the digits in front
    std::string mode = "standalone"; ///< leader, follower, observer, read-only
    bool is_read_only = false;
    replica::status status;
    replica::counters counters;
};

/// What an ensemble's member shows in `conf` besides.
struct membership_facts {
    std::int64_t init_limit_ticks = 0;
    std::int64_t sync_limit_ticks = 0;
    std::uint16_t election_port = 0;
    std::uint16_t quorum_port = 0;
    bool is_observer = false;
    std::string text; ///< the node /zookeeper/config
};

/// The keys that `conf` shows.
struct configuration_facts {
    std::int32_t client_port = 0;
    std::int32_t secure_client_port = -1;
    std::string data_directory;
    std::string log_directory;
    std::int64_t tick_time_ms = 0;
    std::int64_t client_connection_count_max = 0; ///< per address
    std::int64_t session_timeout_ms_min = 0;
    std::int64_t session_timeout_ms_max = 0;
    std::int64_t listen_backlog = -1;
    std::uint32_t server_id = 0;
    std::optional<membership_facts> membership;
};

/// A client connection, as it was when it was looked at.
struct connection_facts {
    replica::connection_id id;
    replica::peer_address peer;
    session_id session;
    std::int32_t timeout_ms = 0;
    bool is_read = false; ///< more requests of it would be read now
    std::size_t outstanding = 0;
    replica::connection_statistics statistics;
};

/// Octets on disk.
struct directory_sizes {
    std::uint64_t data = 0;
    std::uint64_t log = 0;
};

/// Counted by the network.
struct network_facts {
    std::uint64_t connections_rejected = 0; ///< by the limits on connections
    std::uint64_t connections_closed = 0;
    std::uint64_t handshakes_open = 0; ///< of TLS; under way now
    std::uint64_t handshakes_failed = 0;
    std::uint64_t handshakes_refused = 0; ///< too many were under way
};

/// The link to another server of the ensemble.
struct link_facts {
    server_id id;
    std::string address; ///< of the other side, or where it is dialed
    bool is_up = false;
    std::int64_t up_ms = 0;
    std::string last_error; ///< of dialing, or of the last link; empty: none yet
    std::int64_t last_error_age_ms = 0;
    std::size_t queued_size = 0; ///< octets that wait to be sent
};

/// Who asks for what.
struct talk_facts {
    std::vector<replica::operation_count> operations;
    std::vector<replica::top_talkers::talker> prefixes; ///< the most talkative first
    std::uint64_t slow_count = 0;
};

/// Many measurements in five numbers.
struct summary {
    std::string name; ///< as in ZooKeeper: "fsynctime"
    std::int64_t count = 0;
    std::int64_t sum = 0;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::optional<replica::latency_histogram> times; ///< if they are durations, all of them
};

/// What a quota below "/" allows, and what is used. -1: no limit.
struct quota_facts {
    std::string top_name; ///< "a" for "/a"
    std::int64_t count_limit = -1;
    std::int64_t bytes_limit = -1;
    std::int64_t count_used = 0;
    std::int64_t bytes_used = 0;
};

/// How many transactions a follower has not acknowledged. If it is in an earlier epoch than the
/// leader's history, those of that epoch are not known here: it is at least so many.
[[nodiscard]] inline std::int64_t lag_of(zxid acknowledged, zxid logged) {
    const bool is_in_epoch = acknowledged.in_epoch() == logged.in_epoch();
    const std::int64_t known = is_in_epoch ? acknowledged.counter() : 0;
    return acknowledged > logged ? 0 : logged.counter() - known;
}

/// Everything that metrics are made of, but for what the process itself knows.
struct measured_facts {
    server_facts server;
    replica::ensemble_status ensemble;
    network_facts network;
    std::vector<quota_facts> quotas;
    std::vector<summary> summaries;
    directory_sizes sizes;
    std::vector<link_facts> links;
    talk_facts talk;
    std::map<server_id, replica::heard_disk> disks;
    std::size_t log_queue_size = 0; ///< octets that wait to be written to the log
};

} // namespace conclave::admin
