/// Accepts connections of other servers.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/settings.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace conclave::net {

/// Listens on all given addresses from construction on, and hands over what it accepts. When the
/// process runs out of descriptors, it waits a little instead of asking again and again.
///
/// One thread; kept alive by what it waits for. Calls nobody after `stop`.
class peer_listener final : public std::enable_shared_from_this<peer_listener> {
public:
    using accepted = std::function<void(tcp_socket, const tcp::endpoint&)>;

    /// @throws std::runtime_error with a sentence for the operator
    peer_listener(
        asio::io_context& context, const std::vector<listen_address>& at, accepted on_accepted
    );
    peer_listener(const peer_listener&) = delete;
    peer_listener& operator=(const peer_listener&) = delete;

    void start();

    /// Closes the listening sockets.
    void stop();

    [[nodiscard]] std::vector<tcp::endpoint> local_endpoints() const;

private:
    struct door {
        tcp_acceptor acceptor;
        timer retry;
    };

    void open(const tcp::endpoint& at, bool is_v6_only);
    void accept(door& at);
    void on_accept(door& at, const error_code& failed, tcp_socket socket);
    void retry_later(door& at);

    asio::io_context& context_;
    accepted on_accepted_;
    std::vector<std::unique_ptr<door>> doors_;
    bool is_stopped_ = false;
};

} // namespace conclave::net
