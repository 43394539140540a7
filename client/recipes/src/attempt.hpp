/// An acquisition that its caller may give up at any moment.
#pragma once

#include "client/recipes/src/launch.hpp"

#include <conclave/recipes/error.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace conclave::recipes::detail {

/// Answers its handler exactly once: when it is finished, cancelled, or the limit passes, whichever
/// is first. The coroutine behind it goes on, sees `is_over`, and takes back what it has done: a
/// node that was created must be removed even if nobody waits any more.
template <class... Results>
class attempt : public std::enable_shared_from_this<attempt<Results...>> {
public:
    using handler_type = asio::any_completion_handler<void(error_code, Results...)>;

    attempt(const asio::any_io_executor& home, handler_type handler) : home_(home), timer_(home) {
        handler_.swap(handler); // its move assignment recurses for ever in Boost 1.81
    }

    void start(std::optional<std::chrono::milliseconds> limit) {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                give_up(weak, asio::error::operation_aborted);
            });
        }
        if (limit) {
            timer_.expires_after(*limit);
            timer_.async_wait([weak = this->weak_from_this()](error_code cancelled) {
                if (!cancelled) {
                    give_up(weak, make_error_code(error::not_acquired));
                }
            });
        }
    }

    [[nodiscard]] bool is_over() const { return !handler_; }

    /// Ends whatever is waited for with this slot when the attempt is given up.
    [[nodiscard]] asio::cancellation_slot wake_slot() { return wake_.slot(); }

    /// No effect if it is over already.
    void finish(error_code failed, Results... results) {
        if (is_over()) {
            return;
        }
        timer_.cancel();
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) {
            slot.clear();
        }
        complete(home_, std::exchange(handler_, nullptr), failed, std::move(results)...);
    }

private:
    static void give_up(const std::weak_ptr<attempt>& which, error_code why) {
        const auto self = which.lock();
        if (self && !self->is_over()) {
            self->finish(why, Results{}...);
            self->wake_.emit(asio::cancellation_type::terminal);
        }
    }

    asio::any_io_executor home_;
    handler_type handler_;
    asio::steady_timer timer_;
    asio::cancellation_signal wake_;
};

/// The next event of a watch; cancelled when the attempt is given up, also if it was before.
template <class... Results>
asio::awaitable<outcome<client::watch_event>>
next_event(client::watch& from, attempt<Results...>& asked) {
    if (asked.is_over()) {
        co_return outcome<client::watch_event>{asio::error::operation_aborted, {}};
    }
    co_return co_await from.async_next(asio::bind_cancellation_slot(asked.wake_slot(), as_result));
}

} // namespace conclave::recipes::detail
