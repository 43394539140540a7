#include "server/admin/exposition.hpp"
#include "server/admin/prometheus.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <sstream>

using namespace conclave;
using namespace conclave::admin;

namespace {

measured_facts example() {
    measured_facts facts;
    facts.server.version = "3.9.4-conclave";
    facts.server.mode = "leader";
    facts.server.status.serving = true;
    facts.server.status.node_count = 7;
    facts.server.counters.commits = 3;
    facts.quotas.push_back({"a\"b", 10, -1, 4, 200});
    summary syncs{"fsynctime", 2, 9, 4, 5, replica::latency_histogram{}};
    syncs.times->add(std::chrono::milliseconds{4});
    syncs.times->add(std::chrono::milliseconds{5});
    facts.summaries.push_back(syncs);
    facts.server.counters.stages[replica::index_of(replica::stage::log)].add(
        std::chrono::milliseconds{4}
    );
    facts.server.counters.election_time.add(std::chrono::milliseconds{30});
    facts.links.push_back({server_id{2}, "10.0.0.2:2888", false, 0, "refused", 5, 77});
    facts.talk.operations.push_back({opcode::get_data, 12, 340});
    facts.talk.prefixes.push_back({"/app", 9, 0, 1, 30});
    facts.talk.slow_count = 4;
    facts.disks[server_id{3}] = {{100, 2000, 8000, 90000, 5, 2500}, 0};
    facts.network.handshakes_failed = 6;
    facts.ensemble.self = facts.ensemble.leader = server_id{1};
    facts.ensemble.last_logged = zxid{100};
    facts.ensemble.members.resize(2);
    facts.ensemble.members[1].id = server_id{2};
    facts.ensemble.members[1].follower = replica::follower_status{zxid{90}, zxid{80}, {}, 5};
    return facts;
}

} // namespace

TEST_CASE("prometheus: ZooKeeper's names stand as its dashboards expect them", "[admin][metrics]") {
    const bytes text = prometheus_text(example(), {});
    for (const char* const line :
         {"# TYPE znode_count gauge\nznode_count 7\n",
          "# TYPE commit_count counter\ncommit_count 3\n",
          "# TYPE fsynctime summary\n",
          "\nfsynctime_sum 9\nfsynctime_count 2\n",
          "\nquota_count_limit_per_namespace{key=\"a\\\"b\"} 10\n",
          "\nsynced_followers 1\n",
          "\nunsuccessful_handshake 6\n",
          "\nelection_time_sum 30\nelection_time_count 1\n",
          "\nreadlatency{quantile=\"0.99\"} 0\n"}) {
        CHECK_THAT(text, Catch::Contains(line));
    }
}

TEST_CASE("prometheus: names of our own are in base units", "[admin][metrics]") {
    const bytes text = prometheus_text(example(), {});
    for (const char* const line :
         {"\nconclave_log_sync_seconds_bucket{le=\"0.0025\"} 0\n",
          "\nconclave_log_sync_seconds_bucket{le=\"+Inf\"} 2\n",
          "\nconclave_log_sync_seconds_sum 0.009\n",
          "\nconclave_write_stage_seconds_bucket{stage=\"log\",le=\"10\"} 1\n",
          "\nconclave_write_stage_seconds_bucket{stage=\"reply\",le=\"10\"} 0\n",
          "\nconclave_election_seconds_bucket{le=\"0.05\"} 1\n",
          "\nconclave_peer_up{server=\"2\"} 0\n",
          "\nconclave_peer_queue_bytes{server=\"2\"} 77\n",
          "\nconclave_operations_total{operation=\"getData\"} 12\n",
          "\nconclave_top_prefix_requests{prefix=\"/app\"} 9\n",
          "\nconclave_slow_requests_total 4\n",
          "\nconclave_member_log_sync_seconds{server=\"3\",quantile=\"0.99\"} 0.008\n",
          "\nconclave_member_log_sync_recent_seconds{server=\"3\"} 0.0025\n",
          "\nconclave_role{role=\"leader\"} 1\n",
          "\nconclave_role{role=\"follower\"} 0\n",
          "\nconclave_follower_lag_transactions{server=\"2\"} 10\n"}) {
        CHECK_THAT(text, Catch::Contains(line));
    }
}

TEST_CASE("prometheus: each family has one head in front of its samples", "[admin][metrics]") {
    std::istringstream lines{prometheus_text(example(), {})};
    std::set<std::string> families;
    std::string family;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            INFO(family);
            CHECK(families.insert(family).second);
        } else if (!line.starts_with("#")) {
            CHECK(line.starts_with(family));
        }
    }
    CHECK(families.size() > 80);
}

TEST_CASE("exposition: a label is text, whatever it is made of", "[admin][metrics]") {
    exposition out;
    out.sample("m", {{"l", "a\xff\n"}}, std::int64_t{1});
    out.sample("m", {{"l", "\xc3\xa9"}}, std::int64_t{1});
    CHECK(out.take() == "m{l=\"a?\\n\"} 1\nm{l=\"\xc3\xa9\"} 1\n");
}

TEST_CASE("prometheus: a follower lags by transactions, also across epochs", "[admin][metrics]") {
    CHECK(lag_of(zxid{epoch{3}, 4}, zxid{epoch{3}, 9}) == 5);
    CHECK(lag_of(zxid{epoch{3}, 9}, zxid{epoch{3}, 4}) == 0);
    CHECK(lag_of(zxid{epoch{2}, 70}, zxid{epoch{3}, 9}) == 9);
    CHECK(lag_of(zxid{epoch{4}, 1}, zxid{epoch{3}, 9}) == 0);
    measured_facts facts = example();
    facts.ensemble.last_logged = zxid{epoch{7}, 3};
    CHECK_THAT(
        prometheus_text(facts, {}),
        Catch::Contains("\nconclave_follower_lag_transactions{server=\"2\"} 3\n")
    );
}

TEST_CASE("exposition: the buckets of a histogram add up", "[admin][metrics]") {
    replica::latency_histogram measured;
    measured.add(std::chrono::microseconds{50});
    measured.add(std::chrono::milliseconds{30});
    measured.add(std::chrono::minutes{1});
    exposition out;
    out.histogram("h", {}, measured);
    const bytes text = out.take();
    CHECK_THAT(text, Catch::Contains("h_bucket{le=\"0.0001\"} 1\n"));
    CHECK_THAT(text, Catch::Contains("h_bucket{le=\"0.05\"} 2\n"));
    CHECK_THAT(text, Catch::Contains("h_bucket{le=\"10\"} 2\n"));
    CHECK_THAT(text, Catch::EndsWith("h_count 3\n"));
}
