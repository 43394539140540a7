#include "conclave/client/watch.hpp"

#include "client/src/event_channel.hpp"

#include <boost/asio/system_executor.hpp>

namespace conclave::client {

std::string_view name(watch_event::kind kind) {
    switch (kind) {
    case watch_event::kind::created:
        return "created";
    case watch_event::kind::deleted:
        return "deleted";
    case watch_event::kind::data_changed:
        return "data_changed";
    case watch_event::kind::children_changed:
        return "children_changed";
    case watch_event::kind::restored:
        return "restored";
    }
    return "unknown";
}

namespace detail {

template <class Event>
void receive(const std::shared_ptr<event_channel<Event>>& channel, event_handler<Event> handler) {
    if (channel) {
        return channel->receive(std::move(handler));
    }
    const error_code nothing{make_error_code(errc::no_watcher)};
    const home_executor anywhere{asio::system_executor{}};
    deliver_later(anywhere, std::move(handler), nothing, Event{});
}

template void
receive(const std::shared_ptr<event_channel<watch_event>>&, event_handler<watch_event>);
template void
receive(const std::shared_ptr<event_channel<session_state>>&, event_handler<session_state>);

namespace {

template <class Event>
void replace(
    std::shared_ptr<event_channel<Event>>& channel, std::shared_ptr<event_channel<Event>> next
) {
    const auto previous = std::exchange(channel, std::move(next));
    if (previous) {
        previous->abandon();
    }
}

template <class Event>
std::optional<Event> try_take(const std::shared_ptr<event_channel<Event>>& channel) {
    return channel ? channel->try_take() : std::nullopt;
}

} // namespace

} // namespace detail

watch& watch::operator=(watch&& other) noexcept {
    if (this != &other) {
        detail::replace(channel_, std::move(other.channel_));
    }
    return *this;
}

watch::~watch() {
    detail::replace<watch_event>(channel_, nullptr);
}

std::optional<watch_event> watch::try_next() {
    return detail::try_take(channel_);
}

bool watch::is_active() const {
    return channel_ && !channel_->has_ended();
}

state_watch& state_watch::operator=(state_watch&& other) noexcept {
    if (this != &other) {
        detail::replace(channel_, std::move(other.channel_));
    }
    return *this;
}

state_watch::~state_watch() {
    detail::replace<session_state>(channel_, nullptr);
}

std::optional<session_state> state_watch::try_next() {
    return detail::try_take(channel_);
}

} // namespace conclave::client
