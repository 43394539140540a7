/// What the network can be told before it starts. Filled from the configuration by the server's
/// main program.
#pragma once

#include "server/tls/settings.hpp"

#include <conclave/types.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace conclave::net {

struct listen_address {
    std::string host; ///< a name or a literal without brackets; "0.0.0.0" and "::" for all
    std::uint16_t port{};
};

/// Bounds of what one connection may cost.
struct connection_limits {
    std::size_t frame_size_max = 0xfffff; ///< jute.maxbuffer
    std::size_t output_pause_size = std::size_t{1}
                                    << 20U; ///< unsent octets with which it is no longer read
    std::size_t output_size_max = std::size_t{64}
                                  << 20U; ///< unsent octets with which it is dropped
    std::chrono::milliseconds stall_timeout{
        30'000}; ///< without progress while it is not read: dropped
    std::chrono::milliseconds flush_timeout{
        10'000}; ///< for the last output of one that is being closed
    std::chrono::milliseconds drain_timeout{2'000}; ///< for the peer to close its side after that
    std::chrono::milliseconds sweep_interval{250};  ///< how often these times are looked at
};

/// How clients come to speak TLS.
struct client_tls_settings {
    tls::settings keys;
    bool verifies_host_name = false; ///< the client's certificate must be for its address
    bool unifies_ports = false;      ///< `listeners` take TLS besides what is not encrypted
    bool reloads_files = true;
    std::chrono::milliseconds reload_interval{1'000};    ///< how often the files are looked at
    std::size_t handshake_count_max = 1'000;             ///< at once; who comes then is closed
    std::chrono::milliseconds detection_timeout{5'000};  ///< for the first octet
    std::chrono::milliseconds handshake_timeout{10'000}; ///< for the rest
};

struct network_settings {
    std::vector<listen_address> listeners;
    std::vector<listen_address> secure_listeners; ///< for TLS only
    std::optional<client_tls_settings> tls;       ///< not there: no TLS on any listener
    int listen_backlog = -1;                      ///< -1: the system's own
    bool tcp_keep_alive = false;
    std::uint32_t connection_count_max = 0;              ///< 0: no limit
    std::uint32_t connection_count_max_per_address = 60; ///< 0: no limit
    int io_threads = -1; ///< -1: by the number of cores; 0: the core's own thread
    std::chrono::milliseconds accept_retry_interval{
        100}; ///< pause when there are no descriptors left
    connection_limits limits;
};

/// Threads for sockets: what is asked for, else none with up to four cores (a hand-off costs more
/// than it brings), a quarter of the cores up to eight.
[[nodiscard]] std::size_t io_thread_count(int configured, unsigned core_count);

} // namespace conclave::net
