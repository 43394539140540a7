/// The run that most people mean by "benchmark": requests as fast as the connections allow.
#pragma once

#include "test/bench/options.hpp"
#include "test/bench/report.hpp"

namespace conclave::bench {

/// Creates the znodes (unless told not to), warms up, measures, and closes the sessions. Throws
/// `failure` when the measured part cannot be trusted: any reply with an error code is one reason.
report measure_throughput(const options& asked);

} // namespace conclave::bench
