/// Accepts client connections.
#pragma once

#include "server/net/admission.hpp"
#include "server/net/asio.hpp"
#include "server/net/io_shard.hpp"
#include "server/net/settings.hpp"
#include "server/net/tls_acceptor.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace conclave::net {

/// Listens on all configured addresses and deals accepted connections out to the shards in turn. A
/// connection beyond a limit is closed at once, without a byte. One for TLS goes through the
/// `tls_acceptor` first. When the process runs out of
/// descriptors, it waits a little instead of asking again and again.
///
/// Lives on the thread of the first shard, apart from construction.
class client_listener {
public:
    /// Opens the listening sockets; accepts nothing yet. `tls` is null where there is no TLS.
    /// @throws std::runtime_error with a sentence for the operator
    client_listener(
        const network_settings& configured,
        std::vector<io_shard*> shards,
        network_counters& counters,
        tls_acceptor* tls
    );
    client_listener(const client_listener&) = delete;
    client_listener& operator=(const client_listener&) = delete;

    void start();

    /// Closes the listening sockets. Accepted connections stay.
    void stop();

    /// A connection that was accepted here is closed.
    void release(const asio::ip::address& peer) { admission_.release(peer); }

    /// Where it listens. Any thread.
    [[nodiscard]] const std::vector<tcp::endpoint>& local_endpoints() const {
        return local_endpoints_;
    }

private:
    struct door {
        tcp_acceptor acceptor;
        timer retry;
        std::optional<tls_acceptor::entrance> tls; ///< nothing: for connections without TLS only
    };

    void open_all(const std::vector<listen_address>& at, std::optional<tls_acceptor::entrance> tls);
    void open(const tcp::endpoint& at, bool is_v6_only, std::optional<tls_acceptor::entrance> tls);
    void wait(door& at);
    void accept_ready(door& at);
    bool accept_one(door& at);
    void retry_later(door& at);
    [[nodiscard]] bool is_admitted(const tcp::endpoint& peer);
    void let_in(door& at, tcp_socket socket, const tcp::endpoint& peer, io_shard& shard);

    const network_settings& settings_;
    std::vector<io_shard*> shards_;
    network_counters& counters_;
    tls_acceptor* tls_;
    admission admission_;
    std::vector<std::unique_ptr<door>> doors_;
    std::vector<tcp::endpoint> local_endpoints_;
    std::size_t next_shard_ = 0;
    bool is_stopped_ = false;
};

} // namespace conclave::net
