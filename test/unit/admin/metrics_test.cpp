#include "server/admin/metrics.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace conclave;
using namespace conclave::admin;

namespace {

struct example {
    measured_facts measured;
    process_facts process;
    server_facts& server = measured.server;
    network_facts& network = measured.network;
    std::vector<quota_facts>& quotas = measured.quotas;
    std::vector<summary>& summaries = measured.summaries;

    example() { server.version = "3.9.4-conclave-0.1.0, built on today"; }

    [[nodiscard]] bytes text() const { return mntr_text(collect_metrics({measured, process})); }
};

} // namespace

TEST_CASE("metrics: version and state come first", "[admin]") {
    CHECK_THAT(
        example{}.text(),
        Catch::StartsWith(
            "zk_version\t3.9.4-conclave-0.1.0, built on today\nzk_server_state\tstandalone\n"
        )
    );
}

TEST_CASE("metrics: every gauge that ZooKeeper always shows is there", "[admin]") {
    const bytes text = example{}.text();
    for (const char* const name :
         {"avg_latency",
          "min_latency",
          "max_latency",
          "packets_received",
          "packets_sent",
          "num_alive_connections",
          "outstanding_requests",
          "uptime",
          "znode_count",
          "watch_count",
          "ephemerals_count",
          "approximate_data_size",
          "global_sessions",
          "local_sessions",
          "open_file_descriptor_count",
          "max_file_descriptor_count",
          "connection_drop_probability",
          "last_client_response_size",
          "min_client_response_size",
          "max_client_response_size",
          "auth_failed_count",
          "non_mtls_remote_conn_count",
          "non_mtls_local_conn_count",
          "outstanding_tls_handshake"}) {
        CHECK_THAT(text, Catch::Contains(bytes{"\nzk_"} + name + "\t"));
    }
}

TEST_CASE("metrics: no name stands twice", "[admin]") {
    const example all;
    std::set<std::string> names;
    for (const metric& each : collect_metrics({all.measured, all.process})) {
        CHECK(names.insert(each.name).second);
    }
}

TEST_CASE("metrics: values stand under their names", "[admin]") {
    example all;
    all.server.counters.latency_ms_sum = 5;
    all.server.counters.latency_count = 2;
    all.server.counters.watch_events[static_cast<std::size_t>(event_type::children_changed)] = 8;
    all.server.status.node_count = 6;
    all.server.status.uptime_ms = 1234;
    all.process.open_descriptor_count = 77;
    all.network.connections_rejected = 9;
    const bytes text = all.text();
    CHECK_THAT(text, Catch::Contains("\nzk_avg_latency\t2.5\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_znode_count\t6\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_uptime\t1234\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_open_file_descriptor_count\t77\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_connection_rejected\t9\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_sum_node_children_watch_count\t8\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_last_client_response_size\t-1\n"));
}

TEST_CASE("metrics: quotas and summaries are printed under ZooKeeper's names", "[admin]") {
    example all;
    all.quotas.push_back({"app", 10, -1, 4, 200});
    all.summaries.push_back({"fsynctime", 4, 10, 1, 5, {}});
    const bytes text = all.text();
    CHECK_THAT(text, Catch::Contains("\nzk_app_quota_count_limit_per_namespace\t10\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_app_quota_bytes_limit_per_namespace\t-1\n"));
    CHECK_THAT(text, Catch::Contains("\nzk_app_quota_bytes_usage_per_namespace\t200\n"));
    CHECK_THAT(
        text,
        Catch::Contains("\nzk_avg_fsynctime\t2.5\nzk_min_fsynctime\t1\nzk_max_fsynctime\t5\n"
                        "zk_cnt_fsynctime\t4\nzk_sum_fsynctime\t10\n")
    );
}

TEST_CASE("metrics: a leader tells who follows it", "[admin]") {
    example all;
    replica::ensemble_status& ensemble = all.measured.ensemble;
    ensemble.self = ensemble.leader = server_id{1};
    ensemble.members.resize(4);
    ensemble.members[1].follower.emplace();
    ensemble.members[3].follower.emplace();
    ensemble.members[3].is_voter = false;
    CHECK_THAT(
        all.text(),
        Catch::Contains("\nzk_quorum_size\t3\nzk_learners\t2\nzk_synced_followers\t1\n") &&
            Catch::Contains("\nzk_synced_observers\t1\n")
    );
    ensemble.members[1].follower->fed_by = zab::feeding::snapshot;
    ensemble.members[3].follower->fed_by = zab::feeding::reading;
    CHECK_THAT(
        all.text(),
        Catch::Contains("\nzk_learners\t2\nzk_synced_followers\t0\n") &&
            Catch::Contains("\nzk_synced_observers\t0\n")
    );
    ensemble.leader = server_id{2};
    CHECK_THAT(
        all.text(),
        Catch::Contains("\nzk_quorum_size\t3\n") && !Catch::Contains("zk_synced_followers")
    );
}
