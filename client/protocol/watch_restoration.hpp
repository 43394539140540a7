/// Setting watches again on a new connection.
#pragma once

#include "client/protocol/watch_registry.hpp"

namespace conclave::client {

/// Appends setWatches requests for all watches, each well below the frame limit of a server. What
/// has changed since `seen` is told by the server as events before it answers.
/// setWatches2 is used only where persistent watches need it: servers before 3.6 do not know it.
/// @return how many replies will come
std::size_t append_watch_restoration(bytes& out, const watch_registry& watches, zxid seen);

} // namespace conclave::client
