/// The server side of clients' TLS handshakes.
#pragma once

#include "server/net/io_shard.hpp"
#include "server/net/settings.hpp"
#include "server/net/stream_socket.hpp"
#include "server/net/tls_keys.hpp"

#include <conclave/rate_limited_log.hpp>

#include <functional>
#include <memory>

namespace conclave::net {

/// Between the listener and the shards: a connection goes to its shard when its handshake is done.
///
/// Handshakes compute for a millisecond or more, so they have a thread of their own: a flood of
/// them takes no time from the clients that are connected. Bounds: so many at once, each within its
/// time; a client that is silent costs no memory of TLS before its first octet.
///
/// Lives on the thread of the TLS loop, apart from construction and `accept`; that thread must have
/// ended before it is destroyed.
class tls_acceptor {
public:
    /// Reads the keys. `release` is told of each connection that comes to nothing.
    /// @throws std::runtime_error with a sentence for the operator
    tls_acceptor(
        asio::io_context& own,
        client_tls_settings configured,
        network_counters& counters,
        std::function<void(const asio::ip::address&)> release
    );
    tls_acceptor(const tls_acceptor&) = delete;
    tls_acceptor& operator=(const tls_acceptor&) = delete;

    /// What the listening socket is for.
    enum class entrance {
        tls,    ///< nothing else
        either, ///< the first octet says whether it is TLS
    };

    /// Where sockets must live that are given to `accept`.
    [[nodiscard]] asio::io_context& context() { return own_; }

    /// Any thread.
    void accept(tcp_socket socket, const tcp::endpoint& peer, io_shard& shard, entrance through);

private:
    class handshake;

    void begin(tcp_socket socket, const tcp::endpoint& peer, io_shard& shard, entrance through);

    asio::io_context& own_;
    client_tls_settings settings_;
    network_counters& counters_;
    std::function<void(const asio::ip::address&)> release_;
    std::shared_ptr<tls_keys> keys_;
    rate_limited_log log_;
};

} // namespace conclave::net
