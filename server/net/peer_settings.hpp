/// What the transport between the servers of an ensemble can be told before it starts.
#pragma once

#include "server/net/settings.hpp"

#include <conclave/types.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace conclave::net {

/// An id without structure: of a cluster, or of a data directory.
using unique_id = std::array<std::uint8_t, 16>;

/// Where a server may be found. A server with several addresses has several of these.
struct peer_endpoint {
    server_id id;
    std::string host; ///< a name or a literal without brackets
    std::uint16_t port{};

    friend bool operator==(const peer_endpoint&, const peer_endpoint&) = default;
};

/// Bounds of what peers may cost, and the times that are waited for them.
struct peer_limits {
    /// Payload of a frame, in octets. The same on all servers: a larger one ends the link.
    std::size_t frame_size_max = std::size_t{16} << 20U;
    /// Unsent octets of a link from which on the sender should wait for `on_writable`.
    std::size_t queue_soft_size = std::size_t{1} << 20U;
    /// Unsent octets of a link with which it is dropped.
    std::size_t queue_size_max = std::size_t{64} << 20U;
    /// Links with servers that `set_peers` does not name.
    std::size_t stranger_count_max = 16;
    /// Accepted connections that are no link yet; beyond that the oldest is given up.
    std::size_t handshake_count_max = 64;

    std::chrono::milliseconds handshake_timeout{2'000};
    std::chrono::milliseconds resolve_timeout{1'000};
    std::chrono::milliseconds connect_timeout{1'000}; ///< for each address
    /// Between two rounds of dialing: grows from the first to the second, with jitter.
    std::chrono::milliseconds dial_pause_min{50};
    std::chrono::milliseconds dial_pause_max{1'000};
    /// Without an acknowledgement from the other host, after which it is taken to have vanished.
    std::chrono::milliseconds vanished_timeout{5'000};
    /// How long the same complaint about the same peer is not logged again.
    std::chrono::milliseconds complaint_interval{10'000};
};

struct peer_network_settings {
    server_id own;        ///< 1 to 255
    unique_id storage{};  ///< of the data directory
    std::uint64_t boot{}; ///< unlike that of any other start of this server
    std::vector<listen_address> listeners;
    peer_limits limits;
};

} // namespace conclave::net
