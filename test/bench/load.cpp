#include "test/bench/load.hpp"

#include "test/bench/failure.hpp"
#include "test/bench/process_statistics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace conclave::bench {

namespace {

using clock = driver::clock;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

clock::duration from_seconds(double seconds) {
    return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{seconds});
}

double to_seconds(clock::duration duration) {
    return std::chrono::duration<double>{duration}.count();
}

/// CPU times and the moment at which they were read.
struct meter {
    clock::time_point at = clock::now();
    process_sample servers;
    std::chrono::microseconds client_cpu = own_cpu_time();
    std::chrono::microseconds machine_cpu = machine_cpu_time();

    explicit meter(std::span<const pid_t> pids) : servers(sample_processes(pids)) {}
};

void add_latency(report& to, std::string_view prefix, const histogram& latency_ns) {
    const auto in_us = [](std::uint64_t ns) {
        return static_cast<double>(ns) / 1000;
    };
    to.add(fmt::format("{}latency_us_p50", prefix), in_us(latency_ns.percentile(0.50)));
    to.add(fmt::format("{}latency_us_p99", prefix), in_us(latency_ns.percentile(0.99)));
    to.add(fmt::format("{}latency_us_p999", prefix), in_us(latency_ns.percentile(0.999)));
    to.add(fmt::format("{}latency_us_max", prefix), in_us(latency_ns.max()));
}

void add_latencies(report& to, const tally& counted) {
    histogram all = counted.read_latency_ns;
    all.merge(counted.write_latency_ns);
    add_latency(to, "", all);
    if (counted.read_latency_ns.count() > 0 && counted.write_latency_ns.count() > 0) {
        add_latency(to, "read_", counted.read_latency_ns);
        add_latency(to, "write_", counted.write_latency_ns);
    }
}

void add_cpu(report& to, const meter& before, const meter& after, std::uint64_t operation_count) {
    const auto wall_us = static_cast<double>(
        std::chrono::duration_cast<std::chrono::microseconds>(after.at - before.at).count()
    );
    const auto count = static_cast<double>(std::max<std::uint64_t>(operation_count, 1));
    const auto server_us =
        static_cast<double>((after.servers.cpu_time - before.servers.cpu_time).count());
    const auto client_us = static_cast<double>((after.client_cpu - before.client_cpu).count());
    const auto machine_us = static_cast<double>((after.machine_cpu - before.machine_cpu).count());
    to.add("server_cpu_us_per_operation", server_us / count);
    to.add("server_cpu_cores", server_us / wall_us);
    to.add("client_cpu_us_per_operation", client_us / count);
    to.add("other_cpu_cores", std::max(0.0, machine_us - server_us - client_us) / wall_us);
}

} // namespace

void check_errors(const tally& counted, std::string_view phase) {
    if (counted.errors.empty()) {
        return;
    }
    std::string list;
    for (const auto& [code, count] : counted.errors) {
        list += fmt::format(" {}={}", name(code), count);
    }
    throw failure(fmt::format("replies with errors while {}:{}", phase, list));
}

void measure(const options& asked, load& driven, report& to) {
    driven.run(clock::now() + from_seconds(asked.warm_up_seconds), unlimited);
    check_errors(driven.counted(), "warming up");
    driven.reset_tally();
    const meter before{asked.pids};
    const std::uint64_t limit = asked.operations > 0 ? asked.operations : unlimited;
    driven.run(before.at + from_seconds(asked.seconds), limit);
    const meter after{asked.pids};
    const tally counted = driven.counted();
    driven.drain();
    check_errors(driven.counted(), "measuring");
    const double seconds = to_seconds(after.at - before.at);
    to.add("seconds", seconds);
    to.add("operations", counted.operation_count());
    to.add("operations_per_second", static_cast<double>(counted.operation_count()) / seconds);
    add_latencies(to, counted);
    if (!asked.pids.empty()) {
        add_cpu(to, before, after, counted.operation_count());
    }
}

void add_memory(report& to, const options& asked) {
    if (asked.pids.empty()) {
        return;
    }
    const process_sample sample = sample_processes(asked.pids);
    to.add("server_rss_kb", sample.rss_kb);
    to.add("server_rss_anon_kb", sample.rss_anon_kb);
    to.add("server_rss_file_kb", sample.rss_file_kb);
}

} // namespace conclave::bench
