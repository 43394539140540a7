#include "server/net/peer_dialer.hpp"

#include "server/net/resolve.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::net {

peer_dialer::peer_dialer(
    asio::io_context& context, server_id peer, const peer_limits& limits, peer_dialer_owner& owner
)
    : owner_(owner)
    , peer_(peer)
    , limits_(limits)
    , pause_(limits.dial_pause_min)
    , resolver_(context)
    , socket_(context)
    , timer_(context) {}

void peer_dialer::set_endpoints(const std::vector<peer_endpoint>& endpoints) {
    if (endpoints == endpoints_) {
        return;
    }
    endpoints_ = endpoints;
    ways_.clear();
    for (const peer_endpoint& each : endpoints) {
        ways_.push_back(std::make_shared<way>(way{each, {}, false}));
    }
    if (phase_ != phase::resting && phase_ != phase::stopped && phase_ != phase::shaking) {
        pause_ = limits_.dial_pause_min;
        dial();
    }
}

void peer_dialer::dial() {
    give_up_attempt();
    to_dial_.clear();
    at_ = 0;
    has_refusal_ = false;
    has_other_failure_ = false;
    next_endpoint();
}

void peer_dialer::on_handshake_failed() {
    if (phase_ == phase::shaking) {
        has_other_failure_ = true;
        next_address();
    }
}

void peer_dialer::on_link_up() {
    give_up_attempt();
    phase_ = phase::resting;
}

void peer_dialer::on_link_lost(std::chrono::steady_clock::duration lasted) {
    if (lasted >= limits_.dial_pause_max) {
        pause_ = limits_.dial_pause_min;
        dial();
    } else {
        // A link that ends as soon as it begins must not be made again and again in a hurry.
        pause();
    }
}

void peer_dialer::stop() {
    give_up_attempt();
    phase_ = phase::stopped;
    resolver_.cancel();
}

// ---- one round ----

/// Goes on with the endpoint `at_`, if there is one.
void peer_dialer::next_endpoint() {
    if (at_ < ways_.size()) {
        return resolve();
    }
    pause();
    if (has_refusal_ && !has_other_failure_) {
        owner_.on_dial_refused(peer_);
    }
}

void peer_dialer::resolve() {
    const peer_endpoint& to = ways_[at_]->to;
    error_code is_name;
    const asio::ip::address literal = asio::ip::make_address(to.host, is_name);
    if (!is_name) {
        to_dial_ = {{literal, to.port}};
        return next_address();
    }
    phase_ = phase::resolving;
    if (!ways_[at_]->is_being_resolved) {
        look_up(ways_[at_]);
    }
    wait(limits_.resolve_timeout, [](peer_dialer& me) { me.on_resolved(asio::error::timed_out); });
}

/// An answer that comes too late for this round serves the next one.
void peer_dialer::look_up(const std::shared_ptr<way>& which) {
    which->is_being_resolved = true;
    resolver_.async_resolve(
        which->to.host,
        std::to_string(which->to.port),
        [self = shared_from_this(),
         which](const error_code& failed, const resolver::results_type& found) {
            which->is_being_resolved = false;
            if (!failed) {
                which->known.clear();
                for (const auto& each : found) {
                    which->known.push_back(each.endpoint());
                }
            }
            if (self->phase_ == phase::resolving && self->ways_[self->at_] == which) {
                self->on_resolved(failed);
            }
        }
    );
}

void peer_dialer::on_resolved(const error_code& failed) {
    give_up_attempt();
    const way& found = *ways_[at_];
    if (failed) {
        has_other_failure_ = true;
        owner_.on_dial_failed(
            peer_,
            fmt::format("{}:{}", found.to.host, found.to.port),
            failed == asio::error::timed_out
                ? "the name was not resolved in time"
                : fmt::format("the name is not known ({})", failed.message())
        );
    }
    to_dial_.assign(found.known.begin(), found.known.end());
    next_address();
}

void peer_dialer::next_address() {
    if (to_dial_.empty()) {
        ++at_;
        return next_endpoint();
    }
    const tcp::endpoint to = to_dial_.front();
    to_dial_.pop_front();
    connect(to);
}

void peer_dialer::connect(const tcp::endpoint& to) {
    phase_ = phase::connecting;
    socket_.async_connect(
        to,
        [self = shared_from_this(), attempt = attempt_, to](error_code failed) {
            if (self->attempt_ == attempt) {
                self->on_connected(failed, to);
            }
        }
    );
    wait(limits_.connect_timeout, [to](peer_dialer& me) {
        me.on_connected(asio::error::timed_out, to);
    });
}

void peer_dialer::on_connected(error_code failed, const tcp::endpoint& to) {
    error_code gone; // then it cannot be used either, as will be found
    if (!failed && socket_.local_endpoint(gone) == to) {
        // Nobody listens there; the system has connected the socket with itself.
        failed = asio::error::connection_refused;
    }
    if (failed) {
        give_up_attempt();
        (failed == asio::error::connection_refused ? has_refusal_ : has_other_failure_) = true;
        owner_.on_dial_failed(peer_, endpoint_text(to), failed.message());
        return next_address();
    }
    tcp_socket connected = std::exchange(socket_, tcp_socket{socket_.get_executor()});
    give_up_attempt();
    phase_ = phase::shaking;
    owner_.on_connected(peer_, std::move(connected), to);
}

void peer_dialer::pause() {
    const auto longest = pause_.count();
    std::uniform_int_distribution<std::int64_t> jittered{longest / 2, longest};
    pause_ = std::min(2 * pause_, limits_.dial_pause_max);
    give_up_attempt();
    phase_ = phase::pausing;
    wait(std::chrono::milliseconds{jittered(random_)}, [](peer_dialer& me) { me.dial(); });
}

/// Calls it on the dialer when the time is over, unless the attempt is over before.
template <class Handler>
void peer_dialer::wait(std::chrono::milliseconds time, Handler handler) {
    timer_.expires_after(time);
    timer_.async_wait([self = shared_from_this(), attempt = attempt_, handler](error_code) {
        if (self->attempt_ == attempt) {
            handler(*self);
        }
    });
}

void peer_dialer::give_up_attempt() {
    ++attempt_;
    error_code ignored; // the descriptor is gone in any case
    timer_.cancel();
    socket_.close(ignored);
}

} // namespace conclave::net
