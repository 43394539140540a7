/// What operators may know about links.
#pragma once

#include "server/net/peer_connection.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace conclave::net {

struct peer_link_status {
    link_generation generation;
    std::uint64_t number{}; ///< the same on both sides
    std::string address;    ///< of the other side
    bool is_dialed{};       ///< by this server
    std::optional<unique_id> cluster;
    unique_id storage{};
    std::uint64_t boot{};
    std::chrono::steady_clock::time_point up_since;
    peer_traffic traffic;
    std::size_t queued_size{};
};

struct peer_status {
    server_id id;
    std::vector<peer_endpoint> endpoints; ///< that are dialed; empty for a stranger
    std::optional<peer_link_status> link;
    std::string last_error; ///< of dialing, of a handshake, or of the last link; empty: none yet
    std::chrono::steady_clock::time_point last_error_at;
};

/// Since the start.
struct peer_counters {
    std::uint64_t accepted{};
    std::uint64_t dialed{}; ///< and connected
    std::uint64_t links{};
    std::uint64_t refused_here{};  ///< without those that were only slower than another connection
    std::uint64_t refused_there{}; ///< as above
    std::uint64_t not_secured{};   ///< TLS has failed
    std::uint64_t bad_handshakes{};
    std::uint64_t slow_handshakes{};
    std::uint64_t crowded_out{}; ///< handshakes given up because there were too many
    std::uint64_t bad_lengths{};
    std::uint64_t bad_checksums{};
    std::uint64_t too_slow{};
};

} // namespace conclave::net
