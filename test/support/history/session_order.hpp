/// Are the answers to each session in order (guarantees G2 and G3), and do they tell of what was
/// written?
///
/// Needs no zxids; with them, positions.hpp sees more. A plain read may be old, but never older
/// than what its session has seen or done, and never something that nobody wrote.
#pragma once

#include "test/support/history/history.hpp"
#include "test/support/history/verdict.hpp"

namespace conclave::history {

/// Per session, in order of completion: versions of a node never decrease, unless somebody may have
/// removed it. Over all sessions: a value that was read is the initial one or was written by an
/// operation invoked before the read was answered and not failed; a version of a node that nobody
/// removed has one value.
[[nodiscard]] report check_session_order(const history& seen);

} // namespace conclave::history
