#include "server/net/client_listener.hpp"

#include "server/net/client_connection.hpp"
#include "server/net/resolve.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace conclave::net {

namespace {

/// How many connections are accepted before everybody else gets a turn.
constexpr int accept_count_max = 64;

/// Errors of accept that a moment later may be gone, and that come at once if one asks again.
bool is_out_of_resources(const error_code& failed) {
    return failed == asio::error::no_descriptors ||
           failed == boost::system::errc::too_many_files_open_in_system ||
           failed == asio::error::no_buffer_space || failed == asio::error::no_memory;
}

} // namespace

client_listener::client_listener(
    const network_settings& configured,
    std::vector<io_shard*> shards,
    network_counters& counters,
    tls_acceptor* tls
)
    : settings_(configured)
    , shards_(std::move(shards))
    , counters_(counters)
    , tls_(tls)
    , admission_(configured.connection_count_max, configured.connection_count_max_per_address) {
    using entrance = tls_acceptor::entrance;
    const bool is_unified = configured.tls && configured.tls->unifies_ports;
    open_all(configured.listeners, is_unified ? std::optional{entrance::either} : std::nullopt);
    open_all(configured.secure_listeners, entrance::tls);
}

void client_listener::open_all(
    const std::vector<listen_address>& at, std::optional<tls_acceptor::entrance> tls
) {
    const std::vector<tcp::endpoint> endpoints = resolve(shards_.front()->context(), at);
    for (const tcp::endpoint& endpoint : endpoints) {
        open(endpoint, has_v4_at(endpoints, endpoint.port()), tls);
    }
}

void client_listener::open(
    const tcp::endpoint& at, bool is_v6_only, std::optional<tls_acceptor::entrance> tls
) {
    asio::io_context& context = shards_.front()->context();
    auto added = std::make_unique<door>(door{tcp_acceptor{context}, timer{context}, tls});
    tcp_acceptor& acceptor = added->acceptor;
    const int backlog = settings_.listen_backlog < 0 ? asio::socket_base::max_listen_connections
                                                     : settings_.listen_backlog;
    try {
        acceptor.open(at.protocol());
        acceptor.set_option(tcp_acceptor::reuse_address{true});
        if (at.address().is_v6()) {
            // One socket may serve both families, unless another one is to have the older.
            acceptor.set_option(asio::ip::v6_only{is_v6_only});
        }
        acceptor.bind(at);
        acceptor.listen(backlog);
        acceptor.non_blocking(true);
        local_endpoints_.push_back(acceptor.local_endpoint());
    } catch (const boost::system::system_error& failed) {
        throw std::runtime_error{
            fmt::format("cannot listen on {}: {}", endpoint_text(at), failed.code().message())};
    }
    doors_.push_back(std::move(added));
}

void client_listener::start() {
    for (const std::unique_ptr<door>& each : doors_) {
        log(log_level::info,
            "listening for clients address={} tls={}",
            endpoint_text(each->acceptor.local_endpoint()),
            !each->tls                                    ? "no"
            : each->tls == tls_acceptor::entrance::either ? "possible"
                                                          : "yes");
        wait(*each);
    }
}

void client_listener::stop() {
    is_stopped_ = true;
    for (const std::unique_ptr<door>& each : doors_) {
        error_code ignored; // the descriptor is gone in any case
        each->acceptor.close(ignored);
        each->retry.cancel();
    }
}

void client_listener::wait(door& at) {
    at.acceptor.async_wait(tcp_acceptor::wait_read, [this, &at](error_code failed) {
        if (!failed && !is_stopped_) {
            accept_ready(at);
        }
    });
}

void client_listener::accept_ready(door& at) {
    for (int count = 0; count < accept_count_max; ++count) {
        if (!accept_one(at)) {
            return;
        }
    }
    wait(at);
}

/// @return false if the next one must be waited for, which is then arranged.
bool client_listener::accept_one(door& at) {
    io_shard& shard = *shards_[next_shard_];
    tcp_socket socket{at.tls ? tls_->context() : shard.context()};
    tcp::endpoint peer;
    error_code failed;
    at.acceptor.accept(socket, peer, failed);
    if (failed == asio::error::would_block) {
        wait(at);
        return false;
    }
    if (is_out_of_resources(failed)) {
        shards_.front()->report(
            log_level::error,
            "connection not accepted reason=\"{}\" retry_ms={}",
            failed.message(),
            settings_.accept_retry_interval.count()
        );
        retry_later(at);
        return false;
    }
    if (!failed) {
        next_shard_ = (next_shard_ + 1) % shards_.size();
        if (is_admitted(unwrapped(peer))) {
            let_in(at, std::move(socket), unwrapped(peer), shard);
        }
    }
    // Any other error belongs to the one connection that was given up before it was accepted.
    return true;
}

void client_listener::retry_later(door& at) {
    at.retry.expires_after(settings_.accept_retry_interval);
    at.retry.async_wait([this, &at](error_code cancelled) {
        if (!cancelled && !is_stopped_) {
            accept_ready(at);
        }
    });
}

bool client_listener::is_admitted(const tcp::endpoint& peer) {
    const admission::verdict verdict = admission_.admit(peer.address());
    if (verdict == admission::verdict::admitted) {
        ++counters_.accepted;
        return true;
    }
    ++counters_.rejected;
    shards_.front()->report(
        log_level::warning,
        "connection rejected peer={} reason=\"{}\"",
        endpoint_text(peer),
        verdict == admission::verdict::too_many ? "maxCnxns is reached"
                                                : "maxClientCnxns is reached"
    );
    return false;
}

void client_listener::let_in(
    door& at, tcp_socket socket, const tcp::endpoint& peer, io_shard& shard
) {
    error_code ignored; // a connection that breaks now is found broken by its first read
    socket.non_blocking(true, ignored);
    socket.set_option(tcp::no_delay{true}, ignored);
    if (settings_.tcp_keep_alive) {
        socket.set_option(tcp_socket::keep_alive{true}, ignored);
    }
    if (at.tls) {
        return tls_->accept(std::move(socket), peer, shard, *at.tls);
    }
    stream_socket plain{std::move(socket)};
    auto added = std::make_shared<client_connection>(std::move(plain), peer, shard);
    asio::dispatch(shard.context(), [added = std::move(added)] { added->start(); });
}

} // namespace conclave::net
