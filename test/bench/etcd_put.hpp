/// Throughput of an etcd, beside which ensembles are measured.
#pragma once

#include "test/bench/options.hpp"
#include "test/bench/report.hpp"

namespace conclave::bench {

/// Runs KV.Put with keys as long as the paths of znodes; `--pipeline` calls at a time on each
/// connection, as streams of HTTP/2. Throws `failure` when a call fails.
report measure_etcd_put(const options& asked);

} // namespace conclave::bench
