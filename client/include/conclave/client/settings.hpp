/// How a session finds its servers and how it behaves.
#pragma once

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace conclave::client {

/// Where a server listens.
struct server_address {
    std::string host; ///< a name or an address; looked up anew at every dial
    std::uint16_t port{};

    friend bool operator==(const server_address&, const server_address&) = default;
};

/// "host:port,host:port/chroot" taken apart.
struct connect_string {
    std::vector<server_address> servers;
    std::string chroot; ///< empty, or a path that is put before every path of the program
};

/// Ports are 2181 where none is given; IPv6 addresses stand in brackets.
/// @return `errc::bad_arguments` if no server is named, a port is no port, or the chroot is no path
[[nodiscard]] result<connect_string> parse_connect_string(std::string_view text);

/// What a session says to prove who it is; said again after each reconnect.
struct credentials {
    std::string scheme; ///< such as "digest"
    bytes data;         ///< for "digest": "user:password"
};

/// A session that already exists, for taking it over: from a program that ends to its successor.
struct session_key {
    session_id id;
    bytes password;
};

/// How long to wait between rounds of dialling when no server could be reached. Each wait is drawn
/// between one half and the whole of a time that doubles from `first` to `last`.
struct backoff {
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds last{5000};
};

/// Everything that may be chosen about a session. The defaults suit a program in the servers' own
/// network.
struct settings {
    /// "host:port,host:port/chroot". Servers are tried in random order.
    std::string servers = "localhost:2181";
    /// What is asked of the server, which has bounds of its own. How long the session outlives its
    /// connection, and so how long others wait for what a dead program held.
    std::chrono::milliseconds session_timeout{30000};
    /// How much earlier than after the whole timeout the session counts as lost here. A server that
    /// is cut off from its leader goes on to answer its clients for a while, and then their session
    /// can end before they know it: by no more than the time after which such a server drops its
    /// clients, which a margin of that size makes up for. ZooKeeper: syncLimit x tickTime, 10 s by
    /// default. More than a third of the timeout does not count.
    std::chrono::milliseconds deadline_margin{0};
    /// `session::async_connect` gives up after this time; zero: never. `session::within` overrides
    /// it.
    std::chrono::milliseconds connect_timeout{30000};
    /// Take servers that have no quorum, for reads, until one that has is found.
    bool is_read_only_allowed = false;
    /// Continue this session instead of opening one. If it is over, the session is lost at once.
    session_key resume;
    std::vector<credentials> auth;
    /// Speak TLS with this (`make_tls_context`); none: plain TCP.
    std::shared_ptr<boost::asio::ssl::context> tls;
    /// The certificate of a server must name the host that was dialled.
    bool verifies_host_name = true;
    /// Each operation fails after this time unless it is given its own (`session::within`); zero:
    /// no limit but the end of the session.
    std::chrono::milliseconds operation_timeout{0};
    /// Ask reads again after a reconnect whose answer was lost with the connection.
    bool retries_reads = true;
    /// Set the watches again after a reconnect. If not, they end with connection_loss.
    bool restores_watches = true;
    backoff redial;
    /// A server's jute.maxbuffer: it drops connections that send more.
    std::size_t request_size_max = 0xfffff;
    /// A reply that claims to be larger breaks the connection.
    std::size_t reply_size_max = std::size_t{128} << 20U;
    /// What may wait for a connection, with what each request takes besides its octets.
    std::size_t queued_bytes_max = std::size_t{64} << 20U;
    /// Events that may wait in one watch before the newest are dropped (`error::events_lost`).
    std::size_t events_max = 65536;
};

} // namespace conclave::client
