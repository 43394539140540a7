/// Accepts client connections.
#pragma once

#include "server/net/admission.hpp"
#include "server/net/asio.hpp"
#include "server/net/io_shard.hpp"
#include "server/net/settings.hpp"

#include <memory>
#include <vector>

namespace conclave::net {

/// Listens on all configured addresses and deals accepted connections out to the shards in turn. A
/// connection beyond a limit is closed at once, without a byte. When the process runs out of
/// descriptors, it waits a little instead of asking again and again.
///
/// Lives on the thread of the first shard, apart from construction.
class client_listener {
public:
    /// Opens the listening sockets; accepts nothing yet.
    /// @throws std::runtime_error with a sentence for the operator
    client_listener(
        const network_settings& configured,
        std::vector<io_shard*> shards,
        network_counters& counters
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
    };

    void open(const tcp::endpoint& at, bool is_v6_only);
    void wait(door& at);
    void accept_ready(door& at);
    bool accept_one(door& at);
    void retry_later(door& at);
    void admit(tcp_socket socket, tcp::endpoint peer, io_shard& shard);

    const network_settings& settings_;
    std::vector<io_shard*> shards_;
    network_counters& counters_;
    admission admission_;
    std::vector<std::unique_ptr<door>> doors_;
    std::vector<tcp::endpoint> local_endpoints_;
    std::size_t next_shard_ = 0;
    bool is_stopped_ = false;
};

} // namespace conclave::net
