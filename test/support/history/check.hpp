/// All checkers of this folder at once.
#pragma once

#include "test/support/history/linearizability.hpp"

namespace conclave::history {

/// Each checker judges what it has material for; `limits` bounds the search for linearisations.
[[nodiscard]] report check(const history& seen, const search_limits& limits = {});

} // namespace conclave::history
