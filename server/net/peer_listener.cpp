#include "server/net/peer_listener.hpp"

#include "server/net/resolve.hpp"

#include <conclave/log_line.hpp>

#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace conclave::net {

namespace {

constexpr std::chrono::milliseconds retry_interval{100};

} // namespace

peer_listener::peer_listener(
    asio::io_context& context, const std::vector<listen_address>& at, accepted on_accepted
)
    : context_(context), on_accepted_(std::move(on_accepted)) {
    const std::vector<tcp::endpoint> endpoints = resolve(context, at);
    for (const tcp::endpoint& each : endpoints) {
        // One socket may serve both families, unless another one is to have the older.
        open(each, has_v4_at(endpoints, each.port()));
    }
}

void peer_listener::open(const tcp::endpoint& at, bool is_v6_only) {
    auto added = std::make_unique<door>(door{tcp_acceptor{context_}, timer{context_}});
    tcp_acceptor& acceptor = added->acceptor;
    try {
        acceptor.open(at.protocol());
        acceptor.set_option(tcp_acceptor::reuse_address{true});
        if (at.address().is_v6()) {
            acceptor.set_option(asio::ip::v6_only{is_v6_only});
        }
        acceptor.bind(at);
        acceptor.listen();
    } catch (const boost::system::system_error& failed) {
        throw std::runtime_error{fmt::format(
            "cannot listen for other servers on {}: {}", endpoint_text(at), failed.code().message()
        )};
    }
    doors_.push_back(std::move(added));
}

void peer_listener::start() {
    for (const std::unique_ptr<door>& each : doors_) {
        log(log_level::info,
            "listening for servers address={}",
            endpoint_text(each->acceptor.local_endpoint()));
        accept(*each);
    }
}

void peer_listener::stop() {
    is_stopped_ = true;
    on_accepted_ = nullptr;
    for (const std::unique_ptr<door>& each : doors_) {
        error_code ignored; // the descriptor is gone in any case
        each->acceptor.close(ignored);
        each->retry.cancel();
    }
}

std::vector<tcp::endpoint> peer_listener::local_endpoints() const {
    std::vector<tcp::endpoint> all;
    for (const std::unique_ptr<door>& each : doors_) {
        all.push_back(each->acceptor.local_endpoint());
    }
    return all;
}

void peer_listener::accept(door& at) {
    at.acceptor.async_accept(
        context_,
        [self = shared_from_this(), &at](error_code failed, tcp_socket socket) {
            if (!self->is_stopped_) {
                self->on_accept(at, failed, std::move(socket));
            }
        }
    );
}

void peer_listener::on_accept(door& at, const error_code& failed, tcp_socket socket) {
    if (failed) {
        log(log_level::error,
            "server connection not accepted reason=\"{}\" retry_ms={}",
            failed.message(),
            retry_interval.count());
        return retry_later(at);
    }
    error_code gone;
    const tcp::endpoint remote = socket.remote_endpoint(gone);
    if (!gone) {
        on_accepted_(std::move(socket), unwrapped(remote));
    }
    // The call may have stopped everything.
    if (!is_stopped_) {
        accept(at);
    }
}

void peer_listener::retry_later(door& at) {
    at.retry.expires_after(retry_interval);
    at.retry.async_wait([self = shared_from_this(), &at](error_code cancelled) {
        if (!cancelled && !self->is_stopped_) {
            self->accept(at);
        }
    });
}

} // namespace conclave::net
