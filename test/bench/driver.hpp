/// Keeps requests in flight on many connections.
#pragma once

#include "test/bench/connection.hpp"
#include "test/bench/descriptor.hpp"
#include "test/bench/histogram.hpp"
#include "test/bench/workload.hpp"

#include <conclave/errc.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace conclave::bench {

/// What came back since the last reset.
struct tally {
    histogram read_latency_ns;
    histogram write_latency_ns;
    std::map<errc, std::uint64_t> errors;

    [[nodiscard]] std::uint64_t operation_count() const {
        return read_latency_ns.count() + write_latency_ns.count();
    }
};

/// A closed loop on one thread: each connection always has `pipeline` requests in flight; a reply
/// makes room for the next request. A latency is the time from queueing a request to parsing its
/// reply, so it contains the wait behind the requests that were sent before it.
///
/// Replies must come in the order of the requests, with their xids and the expected size; anything
/// else throws, as does a lost connection or a server that answers nothing for 30 s. Error codes in
/// replies are only counted.
class driver {
public:
    /// The connections stay the caller's, are used by nobody else meanwhile, and outlive the
    /// driver.
    driver(std::span<connection> connections, std::size_t pipeline);

    using clock = std::chrono::steady_clock;

    /// Drives until `stop_at`, or until `operation_count_max` replies are in the tally, or until
    /// the source is dry and everything is answered. In the first two cases requests are still in
    /// flight, and the next `run` carries on.
    void run(request_source& source, clock::time_point stop_at, std::uint64_t operation_count_max);

    /// Waits for all that is in flight.
    void drain();

    void reset_tally() { tally_ = {}; }

    [[nodiscard]] const tally& counted() const { return tally_; }

private:
    struct in_flight {
        std::int64_t sent_at_ns = 0;
        issued_request expected;
    };

    /// A connection and what it waits for: a ring of `pipeline` entries, in which xid n has the
    /// place n % pipeline.
    struct lane {
        connection* link = nullptr;
        std::vector<in_flight> ring;
        std::int32_t next_id = 0;    ///< xid of the next request
        std::int32_t awaited_id = 0; ///< xid of the next reply
        bool waits_to_write = false;
    };

    void fill(lane& each, request_source& source, std::int64_t now_ns);
    void flush(lane& each);
    void receive(lane& each, request_source& source);
    void on_reply(lane& each, bytes_view frame, std::int64_t now_ns);

    std::vector<lane> lanes_;
    std::size_t pipeline_;
    descriptor poll_;
    std::vector<char> scratch_;
    std::uint64_t in_flight_count_ = 0;
    tally tally_;
};

} // namespace conclave::bench
