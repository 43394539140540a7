/// Waiting for whichever of several watches tells something first.
#pragma once

#include "client/recipes/src/attempt.hpp"
#include "client/recipes/src/nodes.hpp"

#include <conclave/client/watch.hpp>

#include <list>

namespace conclave::recipes::detail {

/// Rings for each event of the watches that were added to it; events that come before somebody
/// waits ring once. What has happened must be looked for.
class bell : public std::enable_shared_from_this<bell> {
public:
    explicit bell(const asio::any_io_executor& home) : timer_(home) {}

    void add(client::watch what) { listen(watches_.emplace_back(std::move(what))); }

    /// Until it has rung since the last call, or the attempt is given up. An error once one of the
    /// watches has ended; with its connection (`is_interrupted`), a new bell is needed.
    template <class... Results>
    asio::awaitable<error_code> await(attempt<Results...>& asked) {
        if (!has_rung_ && !asked.is_over()) {
            timer_.expires_at(asio::steady_timer::time_point::max());
            co_await timer_.async_wait(asio::bind_cancellation_slot(asked.wake_slot(), as_result));
        }
        has_rung_ = false;
        co_return asked.is_over() ? error_code{} : ended_;
    }

private:
    void listen(client::watch& what) {
        what.async_next([weak = weak_from_this(), &what](error_code failed, const auto&) {
            const auto self = weak.lock();
            if (!self) {
                return;
            }
            if (!failed || failed == client::error::events_lost) {
                self->listen(what);
            } else {
                self->ended_ = failed;
            }
            self->has_rung_ = true;
            self->timer_.cancel();
        });
    }

    std::list<client::watch> watches_;
    asio::steady_timer timer_;
    bool has_rung_ = false;
    error_code ended_;
};

} // namespace conclave::recipes::detail
