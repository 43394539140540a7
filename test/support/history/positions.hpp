/// The check by position (zab 7.4.2): each reply carries a zxid in its header, so each operation
/// has a place in the order, and no search is needed.
#pragma once

#include "test/support/history/history.hpp"
#include "test/support/history/verdict.hpp"

namespace conclave::history {

/// Judges the operations whose position is known.
///
/// Order: the positions that a session sees never decrease, and a change stands behind all that its
/// session saw before. Changes have places of their own, behind every position that anybody was
/// told before they were invoked. A sync or synced read is at or behind every change and barrier
/// that was answered before it was invoked.
///
/// Against `seen.records`, if there are any: an answered change is the record at its zxid; a change
/// of unknown outcome is there at most once; a failed one is not there; no record comes from
/// nowhere. Records are told apart by path and value, so this needs values that are written once.
[[nodiscard]] report check_positions(const history& seen);

} // namespace conclave::history
