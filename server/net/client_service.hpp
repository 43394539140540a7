/// The border between connections (on threads of the network) and the core.
///
/// A connection and the core take turns: a connection hands over what it has read and does not read
/// on before the core gives the turn back. So at most one read's worth of frames per connection
/// waits in front of the core, and nothing of it is needed while the connection is idle.
#pragma once

#include <conclave/types.hpp>

#include <memory>
#include <optional>

namespace conclave::net {

class client_connection;

using connection_pointer = std::shared_ptr<client_connection>;

/// What the core wants of a connection: frames to send, and how it goes on after them.
struct delivery {
    enum class next_step {
        none,          ///< the turn stays where it is
        read,          ///< your turn: read more
        ask_again,     ///< your turn: report `on_ready` once your output is below its bound
        close,         ///< send everything, then close
        close_at_once, ///< unsent output is lost
    };

    connection_pointer to;
    bytes frames;
    next_step next = next_step::none;
    bool tells_room = false; ///< report `on_room`, once, when the output is below its bound
};

/// What the network tells the core, on the core thread. Port: implemented by `core_loop`; tests
/// bring their own.
///
/// Order for each connection: `on_connect`; any number of `on_frames`, `on_ready` and `on_word`,
/// each only after the core gave the turn back (`delivery`); `on_disconnect`, once, at any time,
/// also without a `close` before it.
class client_service {
public:
    virtual ~client_service() = default;

    /// The turn is with the connection.
    virtual void on_connect(const connection_pointer& from) = 0;

    /// One or more whole frames with their lengths; the turn is with the core. Valid during the
    /// call.
    virtual void on_frames(const connection_pointer& from, bytes_view frames) = 0;

    /// The answer to `ask_again`; the turn is with the core.
    virtual void on_ready(const connection_pointer& from) = 0;

    /// The answer to `tells_room`; whoever has the turn keeps it.
    virtual void on_room(const connection_pointer& from) = 0;

    /// The connection began with a four-letter word; the core answers with a `close`. Valid during
    /// the call.
    virtual void on_word(const connection_pointer& from, bytes_view word, bytes_view argument) = 0;

    virtual void on_disconnect(const connection_pointer& gone) = 0;

    /// The number of octets that belong to a four-letter word, behind it; nothing if these four
    /// octets are none. Any thread.
    [[nodiscard]] virtual std::optional<std::size_t> word_argument_size(bytes_view first_four
    ) const = 0;
};

} // namespace conclave::net
