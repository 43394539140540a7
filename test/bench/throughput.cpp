#include "test/bench/throughput.hpp"

#include "test/bench/connection.hpp"
#include "test/bench/driver.hpp"
#include "test/bench/failure.hpp"
#include "test/bench/load.hpp"
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

double to_seconds(clock::duration duration) {
    return std::chrono::duration<double>{duration}.count();
}

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
double load_znodes(
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
    case operation::etcd_put:
        break;
    }
    return random_requests::mixed(where, data, 100);
}

/// Sessions of the ZooKeeper protocol and what they ask.
class session_load final : public load {
public:
    session_load(std::span<connection> sessions, std::size_t pipeline, random_requests requests)
        : driver_(sessions, pipeline), requests_(std::move(requests)) {}

    void run(clock::time_point stop_at, std::uint64_t operation_count_max) override {
        driver_.run(requests_, stop_at, operation_count_max);
    }

    void drain() override { driver_.drain(); }

    void reset_tally() override { driver_.reset_tally(); }

    [[nodiscard]] const tally& counted() const override { return driver_.counted(); }

private:
    driver driver_;
    random_requests requests_;
};

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
        result.add("load_seconds", load_znodes(asked, where, data, servers));
    }
    if (asked.operation != operation::load) {
        auto sessions = open_sessions(
            servers, asked.connections, std::chrono::milliseconds{asked.session_timeout_ms}
        );
        session_load driven{sessions, asked.pipeline, requests_of(asked, where, data)};
        measure(asked, driven, result);
        close_sessions(sessions);
    }
    add_memory(result, asked);
    return result;
}

} // namespace conclave::bench
