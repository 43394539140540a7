/// What sessions cost that do nothing.
#pragma once

#include "test/bench/options.hpp"
#include "test/bench/report.hpp"

namespace conclave::bench {

/// Opens `connections` sessions, keeps them alive with pings for `seconds`, and reports by how much
/// the memory of the servers grew for each. Memory of the kernel (sockets and their buffers)
/// belongs to no process and is not in it.
report measure_idle_sessions(const options& asked);

} // namespace conclave::bench
