/// The states of a session.
#pragma once

#include <cstdint>
#include <string_view>

namespace conclave::client {

/// What a program may assume about its session right now. The client decides by its own monotonic
/// clock, so `lost` is known no later than a server can expire the session (one exception:
/// `settings::deadline_margin`).
enum class session_state : std::uint8_t {
    /// No server has been reached yet, so there is no session.
    connecting,
    /// The session is alive and its server takes requests.
    connected,
    /// A server without a quorum answers reads; there is no session that others know of. Goes to
    /// `connected`, with a new session id, once a server with a quorum is found.
    connected_read_only,
    /// The connection is gone, the session is not: another server is being looked for. Ephemeral
    /// nodes still exist. What needs to be the only one should pause.
    suspended,
    /// The end: expired, refused or closed (`session::lost_reason`). Ephemeral nodes are gone or
    /// will be, and nothing brings the session back; make a new one.
    lost,
};

/// Such as "suspended".
[[nodiscard]] std::string_view name(session_state state);

} // namespace conclave::client
