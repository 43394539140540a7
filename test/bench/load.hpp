/// What a throughput measurement drives, and the measurement itself.
#pragma once

#include "test/bench/driver.hpp"
#include "test/bench/options.hpp"
#include "test/bench/report.hpp"

#include <cstdint>

namespace conclave::bench {

/// A closed loop of requests, whatever the protocol. It carries on where the last `run` stopped.
class load {
public:
    virtual ~load() = default;

    /// Drives until `stop_at`, or until `operation_count_max` replies are in the tally.
    virtual void run(driver::clock::time_point stop_at, std::uint64_t operation_count_max) = 0;

    /// Waits for all that is in flight.
    virtual void drain() = 0;

    virtual void reset_tally() = 0;

    [[nodiscard]] virtual const tally& counted() const = 0;
};

/// Fails the run when replies carried error codes.
void check_errors(const tally& counted, std::string_view phase);

/// Warms up, measures for as long as was asked, and adds throughput, latencies and CPU times.
void measure(const options& asked, load& driven, report& to);

/// Resident memory of the servers.
void add_memory(report& to, const options& asked);

} // namespace conclave::bench
