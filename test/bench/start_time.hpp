/// How long a server takes from exec to its first answer.
#pragma once

#include "test/bench/options.hpp"
#include "test/bench/report.hpp"

namespace conclave::bench {

/// Kills a running server if asked to, starts the given command, and tries until a new session has
/// read the data of `read_path`. Ends the server again unless it is to be kept; its pid is in the
/// report.
report measure_start(const options& asked);

} // namespace conclave::bench
