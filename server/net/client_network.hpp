/// Everything between the clients' sockets and the core: listening sockets, connections, hand-over.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/client_listener.hpp"
#include "server/net/client_service.hpp"
#include "server/net/event_loops.hpp"
#include "server/net/io_shard.hpp"
#include "server/net/settings.hpp"
#include "server/net/tls_acceptor.hpp"

#include <memory>
#include <vector>

namespace conclave::net {

/// With no network threads all of it lives on the core thread, and nothing is handed from thread to
/// thread.
///
/// Core thread, except where said. The loops must outlive it; it must be destroyed when none of
/// them runs any more.
class client_network {
public:
    /// Opens the listening sockets; reads the keys, if there is TLS.
    /// @throws std::runtime_error with a sentence for the operator
    client_network(network_settings configured, client_service& core, event_loops& loops);
    client_network(const client_network&) = delete;
    client_network& operator=(const client_network&) = delete;

    void start_accepting();

    /// Closes the listening sockets, soon. Connections stay.
    void stop_accepting();

    /// Gathers what is to be done; `flush` hands it to the connections, in this order for each.
    void deliver(delivery what);

    /// Precondition: not called from within `flush`.
    void flush();

    /// Where it listens. Any thread.
    [[nodiscard]] const std::vector<tcp::endpoint>& local_endpoints() const {
        return listener_->local_endpoints();
    }

    /// Any thread.
    [[nodiscard]] const network_counters& counters() const { return counters_; }

private:
    /// A shard and what is to be handed to it.
    struct lane {
        std::unique_ptr<io_shard> shard;
        std::vector<delivery> gathered;
    };

    [[nodiscard]] lane& lane_of(client_connection& which);

    [[nodiscard]] asio::io_context& listener_context() { return lanes_.front().shard->context(); }

    void release(const asio::ip::address& peer);

    network_settings settings_;
    network_counters counters_;
    std::vector<lane> lanes_;           ///< never empty; the listener lives on the first
    std::unique_ptr<tls_acceptor> tls_; ///< null without TLS
    std::unique_ptr<client_listener> listener_;
    std::vector<delivery> delivering_; ///< kept for its memory
};

} // namespace conclave::net
