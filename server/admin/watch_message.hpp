/// What the readers of a watch stream get to see: server-sent events.
#pragma once

#include "server/admin/watch_event.hpp"
#include "server/replica/node_reading.hpp"

#include <optional>

namespace conclave::admin {

/// "event: NAME", with the path, and with the id's zxid if there is an id. A reader that comes back
/// names the last id that it got.
[[nodiscard]] bytes notice_message(bytes_view name, bytes_view path, std::optional<event_id> id);

/// A change. `node`: what is there now, if that is wanted and may be read.
[[nodiscard]] bytes change_message(
    event_id id, event_type type, bytes_view path, const std::optional<replica::node_copy>& node
);

/// Nothing has happened up to `at`, which is the place from which a reader would go on.
[[nodiscard]] bytes heartbeat_message(zxid at);

/// So that proxies keep the connection, and a dead peer is noticed.
inline constexpr bytes_view comment_message = ":\n\n";

} // namespace conclave::admin
