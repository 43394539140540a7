/// Watches and session states as streams of events.
#pragma once

#include <conclave/client/session_state.hpp>
#include <conclave/client/watch_event.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>

namespace conclave::client {

namespace detail {

template <class Event>
class event_channel;

template <class Event>
using event_handler = boost::asio::any_completion_handler<void(boost::system::error_code, Event)>;

template <class Event>
void receive(const std::shared_ptr<event_channel<Event>>& channel, event_handler<Event> handler);

} // namespace detail

/// A watch on a znode, owned: it lives as long as this value. When the last watch of its kind on a
/// path goes, the server is told to forget it.
///
/// Events arrive in the order of the transactions that caused them, and before the replies that the
/// server sent after them. They wait here until they are taken. A one-shot watch has exactly one
/// event. The connection may come and go in between: the watch is set again, and what a one-shot
/// watch has missed is told; a persistent watch tells `restored`.
///
/// Use it on the executor of its session. May outlive the session object; it has ended then.
class watch {
public:
    /// Watches nothing.
    watch() = default;

    explicit watch(std::shared_ptr<detail::event_channel<watch_event>> channel)
        : channel_(std::move(channel)) {}

    watch(watch&&) noexcept = default;
    watch& operator=(watch&& other) noexcept;
    ~watch();

    /// Completes with the next event: `void(error_code, watch_event)`. At most one call at a time.
    ///
    /// Errors: `asio::error::operation_aborted` when cancelled or when the watch is destroyed;
    /// `error::events_lost` once, after the events that were kept, if some had to be dropped;
    /// `errc::no_watcher` when nothing more will come because the one-shot watch has fired; and
    /// `errc::session_expired` and the like when the session is lost. After the last two kinds the
    /// watch has ended.
    template <class Token>
    auto async_next(Token&& token) {
        using boost::system::error_code;
        return boost::asio::async_initiate<Token, void(error_code, watch_event)>(
            [](auto handler, std::shared_ptr<detail::event_channel<watch_event>> channel) {
                detail::receive<watch_event>(channel, std::move(handler));
            },
            token,
            channel_
        );
    }

    /// An event that has arrived already.
    [[nodiscard]] std::optional<watch_event> try_next();

    /// False once nothing more will come, except what has arrived already.
    [[nodiscard]] bool is_active() const;

private:
    std::shared_ptr<detail::event_channel<watch_event>> channel_;
};

/// The states of a session from one moment on, in order, none left out (`session::watch_state`).
class state_watch {
public:
    state_watch() = default;

    explicit state_watch(std::shared_ptr<detail::event_channel<session_state>> channel)
        : channel_(std::move(channel)) {}

    state_watch(state_watch&&) noexcept = default;
    state_watch& operator=(state_watch&& other) noexcept;
    ~state_watch();

    /// Completes with the next state: `void(error_code, session_state)`. At most one call at a
    /// time. `lost` is the last; after it, `error::session_closed`.
    template <class Token>
    auto async_next(Token&& token) {
        using boost::system::error_code;
        return boost::asio::async_initiate<Token, void(error_code, session_state)>(
            [](auto handler, std::shared_ptr<detail::event_channel<session_state>> channel) {
                detail::receive<session_state>(channel, std::move(handler));
            },
            token,
            channel_
        );
    }

    /// A state that has been reached already and was not told yet.
    [[nodiscard]] std::optional<session_state> try_next();

private:
    std::shared_ptr<detail::event_channel<session_state>> channel_;
};

} // namespace conclave::client
