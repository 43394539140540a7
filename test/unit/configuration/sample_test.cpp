/// The files in conf/ say what the code does, and files from elsewhere work as they are.
#include "server/configuration/known_keys.hpp"
#include "server/configuration/load.hpp"
#include "test/support/source_tree.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace {

using namespace conclave;
using namespace conclave::configuration;

std::string read_sample(const std::string& name) {
    std::ifstream file(test::source_file("conf/" + name));
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The lines of the sample that show a default: `#key=value`, without the `#`.
std::vector<std::string> documented_defaults(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        const bool shows_key = line.size() > 1 && line[0] == '#' &&
                               std::isalnum(static_cast<unsigned char>(line[1])) != 0;
        if (shows_key) {
            lines.push_back(line.substr(1));
        }
    }
    return lines;
}

std::vector<std::string> texts(const loaded& outcome) {
    std::vector<std::string> lines;
    for (const diagnostic& entry : outcome.diagnostics) {
        lines.push_back(to_string(entry));
    }
    return lines;
}

TEST_CASE("sample: conclave.cfg is accepted without a remark", "[sample]") {
    const loaded outcome = parse(read_sample("conclave.cfg"), "conclave.cfg", {.strict = true});
    CHECK(texts(outcome).empty());
}

TEST_CASE("sample: conclave.cfg as it stands is the default configuration", "[sample]") {
    CHECK(parse(read_sample("conclave.cfg"), "conclave.cfg").values == settings{});
}

TEST_CASE("sample: each default that conclave.cfg documents is the default", "[sample]") {
    const std::string sample = read_sample("conclave.cfg");
    const auto lines = documented_defaults(sample);
    REQUIRE(lines.size() > 50);
    for (const std::string& line : lines) {
        CAPTURE(line);
        const loaded outcome = parse(sample + "\n" + line + "\n", "conclave.cfg", {.strict = true});
        CHECK(texts(outcome).empty());
        CHECK(outcome.values == settings{});
    }
}

TEST_CASE("sample: conclave.cfg documents every key that is honoured and no other", "[sample]") {
    const std::string sample = read_sample("conclave.cfg");
    std::set<std::string> documented{"dataDir", "clientPort", "clientPortAddress"};
    for (const std::string& line : documented_defaults(sample)) {
        documented.insert(line.substr(0, line.find('=')));
    }
    std::set<std::string> honoured;
    for (const key_rule& rule : known_keys()) {
        if (rule.level == support::honoured && !rule.name.ends_with(".*")) {
            honoured.emplace(rule.name);
        }
    }
    CHECK(documented == honoured);
}

TEST_CASE("sample: zoo_sample.cfg is accepted without a remark", "[sample]") {
    const loaded outcome = parse(read_sample("zoo_sample.cfg"), "zoo_sample.cfg", {.strict = true});
    CHECK(texts(outcome).empty());
}

/// Notes are welcome, warnings are not: such a file works as it is.
void check_works(const std::string& text) {
    const loaded outcome = parse(text, "zoo.cfg", {.strict = true});
    for (const diagnostic& entry : outcome.diagnostics) {
        CAPTURE(to_string(entry));
        CHECK(entry.level == severity::note);
    }
}

TEST_CASE("sample: the file of a Debian package works", "[sample]") {
    check_works(R"(
# https://zookeeper.apache.org/doc/current/zookeeperAdmin.html
# The number of milliseconds of each tick
tickTime=2000
# The number of ticks that the initial
# synchronization phase can take
initLimit=10
# The number of ticks that can pass between
# sending a request and getting an acknowledgement
syncLimit=5
# the directory where the snapshot is stored.
dataDir=/var/lib/zookeeper
# Place the dataLogDir to a separate physical disc for better performance
# dataLogDir=/disk2/zookeeper

# the port at which the clients will connect
clientPort=2181

# specify all zookeeper servers
# The first port is used by followers to connect to the leader
# The second one is used for leader election
#server.1=zookeeper1:2888:3888
#server.2=zookeeper2:2888:3888

# To avoid seeks ZooKeeper allocates space in the transaction log file in
# blocks of preAllocSize kilobytes. The default block size is 64M.
#preAllocSize=65536
#snapCount=1000

# If this option is defined, requests will be will logged to a trace file
#traceFile=
# Leader accepts client connections. Default value is "yes".
#leaderServes=yes
#autopurge.purgeInterval=1
)");
}

TEST_CASE("sample: the file that comes with Kafka works", "[sample]") {
    check_works(R"(
# Licensed to the Apache Software Foundation (ASF) under one or more
# the directory where the snapshot is stored.
dataDir=/tmp/zookeeper
# the port at which the clients will connect
clientPort=2181
# disable the per-ip limit on the number of connections since this is a non-production config
maxClientCnxns=0
# Disable the adminserver by default to avoid port conflicts.
# Set the port to something non-conflicting if choosing to enable this
admin.enableServer=false
# admin.serverPort=8080
)");
}

TEST_CASE("sample: the file of a packaged container works", "[sample]") {
    check_works(R"(
tickTime=2000
initLimit=10
syncLimit=5
dataDir=/bitnami/zookeeper/data
dataLogDir=/bitnami/zookeeper/datalog
clientPort=2181
maxClientCnxns=60
autopurge.snapRetainCount=3
autopurge.purgeInterval=0
preAllocSize=65536
snapCount=100000
maxCnxns=0
reconfigEnabled=false
quorumListenOnAllIPs=false
4lw.commands.whitelist=srvr, mntr, ruok
maxSessionTimeout=40000
admin.serverPort=8080
admin.enableServer=true
## Metrics Providers
#metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider
)");
}

TEST_CASE("sample: the file of the official container image works", "[sample]") {
    check_works(R"(
dataDir=/data
dataLogDir=/datalog
tickTime=2000
initLimit=5
syncLimit=2
autopurge.snapRetainCount=3
autopurge.purgeInterval=0
maxClientCnxns=60
standaloneEnabled=true
admin.enableServer=true
server.1=localhost:2888:3888;2181
)");
}

TEST_CASE("sample: a file with JVM and NIO tuning works", "[sample]") {
    check_works(R"(
dataDir=/var/lib/zookeeper
clientPort=2181
serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
nio.numSelectorThreads=2
nio.numWorkerThreads=8
commitProcessor.numWorkerThreads=4
jvm.pause.monitor=true
zookeeper.fsync.warningthresholdms=20
globalOutstandingLimit=2000
snapshot.compression.method=gz
leaderServes=no
cnxTimeout=10000
quorum.cnxn.threads.size=20
flushDelay=5
maxResponseCacheSize=0
watchManagerName=org.apache.zookeeper.server.watch.WatchManagerOptimized
)");
}

} // namespace
