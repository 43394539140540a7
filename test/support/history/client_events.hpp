/// What a client hears of watches and of the end of its session (guarantees G8 and G9, invariants
/// I28 to I31), as automata over the stream of what arrives at it.
#pragma once

#include "test/support/history/history.hpp"
#include "test/support/history/verdict.hpp"

namespace conclave::history {

/// Watches, one-time ones, per session: an event needs a watch that was set and has not fired; a
/// watch that is set twice before it fires is one watch. The event comes before any reply with a
/// header zxid at or above that of a change that triggers it. Changes are those of `seen.records`
/// or, without them, the successful operations with a zxid.
///
/// Sessions: nothing but the connection's end comes after the session is told to be expired or
/// closed.
[[nodiscard]] report check_client_events(const history& seen);

/// Ephemeral nodes: a read finds them until their session's close record, unless somebody may have
/// removed them, and never from there on. Needs zxids, `seen.records` with the close records, and
/// the owners of nodes that were read.
[[nodiscard]] report check_ephemerals(const history& seen);

} // namespace conclave::history
