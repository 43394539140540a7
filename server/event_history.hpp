/// What watches have heard of, read out of the log of a running server.
#pragma once

#include "server/admin/past_events.hpp"
#include "server/storage.hpp"

namespace conclave {

/// `disk` must outlive what the port opens, and the port.
[[nodiscard]] admin::past_events_port make_past_events_port(storage& disk);

} // namespace conclave
