/// The queue between a session and the owner of a watch.
#pragma once

#include "client/src/delivery.hpp"

#include <conclave/client/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace conclave::client::detail {

/// Events in, events out, in order. Shared by the session, which pushes, and the owner, who takes.
/// Bounded: what comes while `size_max` events wait is dropped, and the owner is told so once.
template <class Event>
class event_channel : public std::enable_shared_from_this<event_channel<Event>> {
public:
    using handler_type = asio::any_completion_handler<void(error_code, Event)>;

    event_channel(home_executor executor, std::size_t size_max)
        : executor_(std::move(executor)), size_max_(size_max) {}

    /// Called once when the owner is gone.
    void on_abandoned(std::function<void()> told) { told_ = std::move(told); }

    void push(Event event) {
        if (end_) {
            return;
        }
        if (waiting_) {
            deliver(executor_, take_handler(), error_code{}, std::move(event));
        } else if (events_.size() < size_max_) {
            events_.push_back(std::move(event));
        } else {
            has_lost_events_ = true;
        }
    }

    /// Nothing will be pushed any more, because of `why`.
    void end(error_code why) {
        if (end_) {
            return;
        }
        end_ = why;
        if (waiting_) {
            deliver(executor_, take_handler(), why, Event{});
        }
    }

    void receive(handler_type handler) {
        if (waiting_) {
            const error_code twice = asio::error::already_started;
            deliver_later(executor_, std::move(handler), twice, Event{});
        } else if (auto event = try_take()) {
            deliver_later(executor_, std::move(handler), error_code{}, std::move(*event));
        } else if (has_lost_events_) {
            has_lost_events_ = false;
            const error_code lost{make_error_code(error::events_lost)};
            deliver_later(executor_, std::move(handler), lost, Event{});
        } else if (end_) {
            deliver_later(executor_, std::move(handler), *end_, Event{});
        } else {
            wait(std::move(handler));
        }
    }

    [[nodiscard]] std::optional<Event> try_take() {
        if (events_.empty()) {
            return std::nullopt;
        }
        std::optional<Event> first{std::move(events_.front())};
        events_.pop_front();
        return first;
    }

    [[nodiscard]] bool has_ended() const { return end_.has_value(); }

    void abandon() {
        cancel();
        events_.clear();
        const bool was_open = !end_;
        end_ = asio::error::operation_aborted;
        if (was_open && told_) {
            std::exchange(told_, nullptr)();
        }
    }

private:
    void wait(handler_type handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                if (const auto self = weak.lock()) {
                    self->cancel();
                }
            });
        }
        waiting_.swap(handler); // its move assignment recurses for ever in Boost 1.81
    }

    void cancel() {
        if (waiting_) {
            const error_code cancelled = asio::error::operation_aborted;
            deliver_later(executor_, take_handler(), cancelled, Event{});
        }
    }

    handler_type take_handler() {
        handler_type taken = std::move(waiting_);
        auto slot = asio::get_associated_cancellation_slot(taken);
        if (slot.is_connected()) {
            slot.clear();
        }
        return taken;
    }

    home_executor executor_;
    std::size_t size_max_;
    std::deque<Event> events_;
    handler_type waiting_;
    std::function<void()> told_;
    std::optional<error_code> end_;
    bool has_lost_events_ = false;
};

} // namespace conclave::client::detail
