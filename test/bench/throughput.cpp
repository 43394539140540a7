#include "test/bench/throughput.hpp"

#include "test/bench/connection.hpp"
#include "test/bench/driver.hpp"
#include "test/bench/failure.hpp"
#include "test/bench/process_statistics.hpp"
#include "test/bench/workload.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace conclave::bench {

namespace {

using clock = driver::clock;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

/// Creates in flight while loading, all connections together. Twice ZooKeeper's
/// globalOutstandingLimit: enough to keep any server busy.
constexpr std::size_t load_in_flight = 2048;

clock::duration from_seconds(double seconds) {
    return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{seconds});
}

double to_seconds(clock::duration duration) {
    return std::chrono::duration<double>{duration}.count();
}

/// Fails the run when replies carried error codes.
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

/// CPU times and the moment at which they were read.
struct meter {
    clock::time_point at = clock::now();
    process_sample servers;
    std::chrono::microseconds client_cpu = own_cpu_time();
    std::chrono::microseconds machine_cpu = machine_cpu_time();

    explicit meter(std::span<const pid_t> pids) : servers(sample_processes(pids)) {}
};

layout layout_of(const options& asked) {
    layout where;
    where.root = asked.root;
    where.node_count = asked.nodes;
    where.children_per_directory = asked.children_per_directory;
    return where;
}

void create_root(const options& asked, std::span<const endpoint> servers) {
    auto sessions = open_sessions(servers, 1, std::chrono::milliseconds{asked.session_timeout_ms});
    bytes& out = sessions.front().outgoing();
    {
        const jute::frame_scope frame{out};
        create_request request;
        request.path = asked.root;
        request.data = "";
        request.acl.push_back({permission::all, "world", "anyone"});
        jute::writer{out}(request_header{xid{1}, opcode::create}, request);
    }
    sessions.front().send();
    jute::reader reader{sessions.front().read_frame()};
    reply_header header;
    reader(header);
    close_sessions(sessions);
    if (header.error == errc::node_exists) {
        throw failure(
            fmt::format("{} exists already: use --skip-load or another --root", asked.root)
        );
    }
    if (!reader.ok() || header.error != errc::ok) {
        throw failure(fmt::format("cannot create {}: {}", asked.root, name(header.error)));
    }
}

/// @return seconds that creating the znodes took.
double load(
    const options& asked, const layout& where, bytes_view data, std::span<const endpoint> servers
) {
    create_root(asked, servers);
    const std::size_t session_count = std::min<std::size_t>(asked.connections, load_in_flight);
    auto sessions =
        open_sessions(servers, session_count, std::chrono::milliseconds{asked.session_timeout_ms});
    driver loader{sessions, load_in_flight / session_count};
    const auto started_at = clock::now();
    auto directories = creation::of_directories(where);
    loader.run(directories, clock::time_point::max(), unlimited);
    auto nodes = creation::of_nodes(where, data);
    loader.run(nodes, clock::time_point::max(), unlimited);
    check_errors(loader.counted(), "loading");
    const double seconds = to_seconds(clock::now() - started_at);
    close_sessions(sessions);
    return seconds;
}

random_requests requests_of(const options& asked, const layout& where, bytes_view data) {
    switch (asked.operation) {
    case operation::exists:
        return random_requests::exists(where);
    case operation::create:
        return random_requests::create(where, data);
    case operation::set:
        return random_requests::mixed(where, data, 0);
    case operation::mixed:
        return random_requests::mixed(where, data, asked.read_percent);
    case operation::get:
    case operation::load:
    case operation::connect_idle:
    case operation::start:
        break;
    }
    return random_requests::mixed(where, data, 100);
}

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

void add_memory(report& to, const process_sample& sample) {
    to.add("server_rss_kb", sample.rss_kb);
    to.add("server_rss_anon_kb", sample.rss_anon_kb);
    to.add("server_rss_file_kb", sample.rss_file_kb);
}

void measure(const options& asked, random_requests& requests, driver& on, report& to) {
    on.run(requests, clock::now() + from_seconds(asked.warm_up_seconds), unlimited);
    check_errors(on.counted(), "warming up");
    on.reset_tally();
    const meter before{asked.pids};
    const std::uint64_t limit = asked.operations > 0 ? asked.operations : unlimited;
    on.run(requests, before.at + from_seconds(asked.seconds), limit);
    const meter after{asked.pids};
    const tally counted = on.counted();
    on.drain();
    check_errors(on.counted(), "measuring");
    const double seconds = to_seconds(after.at - before.at);
    to.add("seconds", seconds);
    to.add("operations", counted.operation_count());
    to.add("operations_per_second", static_cast<double>(counted.operation_count()) / seconds);
    add_latencies(to, counted);
    if (!asked.pids.empty()) {
        add_cpu(to, before, after, counted.operation_count());
    }
}

} // namespace

report measure_throughput(const options& asked) {
    const auto servers = resolve_servers(asked.servers);
    const layout where = layout_of(asked);
    const bytes data(asked.payload_bytes, 'x');
    report result;
    result.add("operation", name(asked.operation));
    result.add("connections", std::uint64_t{asked.connections});
    result.add("pipeline", std::uint64_t{asked.pipeline});
    result.add("payload_bytes", std::uint64_t{asked.payload_bytes});
    result.add("nodes", std::uint64_t{asked.nodes});
    if (!asked.skip_load) {
        result.add("load_seconds", load(asked, where, data, servers));
    }
    if (asked.operation != operation::load) {
        auto sessions = open_sessions(
            servers, asked.connections, std::chrono::milliseconds{asked.session_timeout_ms}
        );
        auto requests = requests_of(asked, where, data);
        driver driving{sessions, asked.pipeline};
        measure(asked, requests, driving, result);
        close_sessions(sessions);
    }
    if (!asked.pids.empty()) {
        add_memory(result, sample_processes(asked.pids));
    }
    return result;
}

} // namespace conclave::bench
