/// What goes wrong on the client's side. Outcomes that a server reports are `conclave::errc`, with
/// ZooKeeper's numbers.
#pragma once

#include <conclave/errc.hpp>

#include <system_error>

namespace conclave::client {

/// Errors that no server sends. Operations complete with these, with `conclave::errc`, with
/// `asio::error::operation_aborted` when they are cancelled, or (`session::async_connect` and
/// `session::last_connection_error`) with what the network says.
enum class error {
    /// The request did not leave this process: the connection broke, the session ended or the
    /// deadline passed before. It has not taken effect, and asking again is safe.
    not_sent = 1,
    /// The session was closed by this program. Nothing was sent.
    session_closed,
    /// The server answered something that is no reply. Whether the request took effect is unknown.
    bad_reply,
    /// More bytes wait to be sent than `settings::queued_bytes_max`. Nothing was sent.
    queue_full,
    /// The request does not fit in `settings::request_size_max`, so a server would drop the
    /// connection. Nothing was sent.
    request_too_large,
    /// Events were dropped: their consumer was slower than the server and `settings::events_max`
    /// were waiting. What the watch guards must be read again.
    events_lost,
    /// `session::async_connect` was called twice.
    already_connecting,
    /// The server took the connection and then said nothing for too long.
    server_silent,
    /// The server closed the connection.
    server_hung_up,
    /// The only servers that could be reached serve reads alone, and that is not allowed.
    server_read_only,
};

/// What the caller may conclude from an error, whichever it was: `if (ec ==
/// condition::outcome_unknown)`.
enum class condition {
    /// The request was sent and its answer was not seen: it may or may not have taken effect.
    /// connection_loss, operation_timeout, bad_reply, and the cancellation of a sent request.
    outcome_unknown = 1,
    /// The request has certainly not taken effect, for no fault of its own; asking again later is
    /// safe: not_sent, queue_full, throttled.
    not_executed,
    /// The session is over, and with it its ephemeral nodes and watches: session_expired,
    /// session_closed, auth_failed.
    session_lost,
};

/// Of `error`: "conclave.client" and its messages.
[[nodiscard]] const std::error_category& error_category() noexcept;

/// Of `condition`, with what belongs to each.
[[nodiscard]] const std::error_category& condition_category() noexcept;

[[nodiscard]] std::error_code make_error_code(error code) noexcept;
[[nodiscard]] std::error_condition make_error_condition(condition code) noexcept;

} // namespace conclave::client

template <>
struct std::is_error_code_enum<conclave::client::error> : std::true_type {};

template <>
struct std::is_error_condition_enum<conclave::client::condition> : std::true_type {};
