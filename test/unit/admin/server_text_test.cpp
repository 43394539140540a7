#include "server/admin/server_text.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::admin;

namespace {

server_facts example() {
    server_facts server;
    server.version = "3.9.4-conclave-0.1.0, built on 2026-11-21";
    server.counters.latency_ms_min = 1;
    server.counters.latency_ms_max = 9;
    server.counters.latency_ms_sum = 46;
    server.counters.latency_count = 31;
    server.counters.packets_received = 40;
    server.counters.packets_sent = 39;
    server.status.connection_count = 2;
    server.status.outstanding = 3;
    server.status.last_applied = zxid{0x100000002};
    server.status.node_count = 5;
    return server;
}

} // namespace

TEST_CASE("server text: srvr is block A", "[admin]") {
    CHECK(
        srvr_text(example()) == "Zookeeper version: 3.9.4-conclave-0.1.0, built on 2026-11-21\n"
                                "Latency min/avg/max: 1/1.4839/9\n"
                                "Received: 40\n"
                                "Sent: 39\n"
                                "Connections: 2\n"
                                "Outstanding: 3\n"
                                "Zxid: 0x100000002\n"
                                "Mode: standalone\n"
                                "Node count: 5\n"
    );
}

TEST_CASE("server text: srvr of a leader ends with the sizes of proposals", "[admin]") {
    server_facts server = example();
    server.mode = "leader";
    CHECK_THAT(
        srvr_text(server), Catch::EndsWith("Node count: 5\nProposal sizes last/min/max: -1/-1/-1\n")
    );
    server.counters.proposal_size_last = 40;
    server.counters.proposal_size_min = 17;
    server.counters.proposal_size_max = 90;
    CHECK_THAT(stat_text(server, ""), Catch::EndsWith("Proposal sizes last/min/max: 40/17/90\n"));
}

TEST_CASE(
    "server text: srvr of a server that has answered nothing has an average of zero", "[admin]"
) {
    server_facts server;
    CHECK_THAT(srvr_text(server), Catch::Contains("Latency min/avg/max: 0/0.0/0\n"));
}

TEST_CASE("server text: a read-only server says so behind its version", "[admin]") {
    server_facts server = example();
    server.is_read_only = true;
    server.mode = "read-only";
    CHECK_THAT(
        srvr_text(server),
        Catch::Contains("2026-11-21\nREAD-ONLY mode; serving only read-only clients\nLatency") &&
            Catch::Contains("Mode: read-only\n")
    );
}

TEST_CASE("server text: stat is block B", "[admin]") {
    const bytes text = stat_text(example(), " /127.0.0.1:5[1](queued=0,recved=1,sent=0)\n");
    CHECK_THAT(
        text,
        Catch::StartsWith("Zookeeper version: 3.9.4-conclave-0.1.0, built on 2026-11-21\n"
                          "Clients:\n"
                          " /127.0.0.1:5[1](queued=0,recved=1,sent=0)\n"
                          "\n"
                          "Latency min/avg/max: 1/1.4839/9\n") &&
            Catch::EndsWith("Mode: standalone\nNode count: 5\n")
    );
}

TEST_CASE("server text: conf is block C", "[admin]") {
    configuration_facts configured;
    configured.client_port = 2181;
    configured.data_directory = "/var/lib/zookeeper/version-2";
    configured.log_directory = "/var/log/zookeeper/version-2";
    configured.tick_time_ms = 2000;
    configured.client_connection_count_max = 60;
    configured.session_timeout_ms_min = 4000;
    configured.session_timeout_ms_max = 40000;
    const bytes standalone = "clientPort=2181\n"
                             "secureClientPort=-1\n"
                             "dataDir=/var/lib/zookeeper/version-2\n"
                             "dataDirSize=12\n"
                             "dataLogDir=/var/log/zookeeper/version-2\n"
                             "dataLogSize=34\n"
                             "tickTime=2000\n"
                             "maxClientCnxns=60\n"
                             "minSessionTimeout=4000\n"
                             "maxSessionTimeout=40000\n"
                             "clientPortListenBacklog=-1\n"
                             "serverId=0\n";
    CHECK(conf_text(configured, {12, 34}) == standalone);

    configured.membership = {
        10, 5, 3888, 2888, false, "server.1=a:2888:3888:participant\nversion=0"};
    CHECK(
        conf_text(configured, {12, 34}) == standalone + "initLimit=10\n"
                                                        "syncLimit=5\n"
                                                        "electionAlg=3\n"
                                                        "electionPort=3888\n"
                                                        "quorumPort=2888\n"
                                                        "peerType=0\n"
                                                        "membership: \n"
                                                        "server.1=a:2888:3888:participant\n"
                                                        "version=0"
    );
}

TEST_CASE("server text: dirs names data before log", "[admin]") {
    CHECK(dirs_text({12, 34}) == "datadir_size: 12\nlogdir_size: 34\n");
}
