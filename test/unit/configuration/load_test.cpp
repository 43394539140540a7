#include "server/configuration/load.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

namespace {

using namespace conclave;
using namespace conclave::configuration;
using namespace std::chrono_literals;

/// The least that a file needs, and nothing to remark on.
const std::string base = "dataDir=/data\nclientPort=2181\nclientPortAddress=127.0.0.1\n";

std::vector<std::string> texts(const loaded& outcome) {
    std::vector<std::string> lines;
    for (const diagnostic& entry : outcome.diagnostics) {
        lines.push_back(to_string(entry));
    }
    return lines;
}

/// `base` with more lines, the first of which is line 4.
loaded parse_more(const std::string& lines, load_options options = {}) {
    return parse(base + lines, "zoo.cfg", options);
}

settings values_of(const std::string& lines) {
    const loaded outcome = parse_more(lines);
    CAPTURE(texts(outcome));
    REQUIRE(outcome.diagnostics.empty());
    return outcome.values;
}

bool says(const loaded& outcome, const std::string& line) {
    const auto lines = texts(outcome);
    UNSCOPED_INFO(Catch::Detail::stringify(lines));
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

std::size_t count_of(const loaded& outcome, severity level) {
    return static_cast<std::size_t>(std::count_if(
        outcome.diagnostics.begin(),
        outcome.diagnostics.end(),
        [level](const diagnostic& entry) { return entry.level == level; }
    ));
}

TEST_CASE("load: a file without a data directory is refused", "[load]") {
    const loaded outcome = parse("tickTime=2000\n", "zoo.cfg");
    CHECK_FALSE(outcome.usable());
    CHECK(says(outcome, "zoo.cfg: error: dataDir is required: it says where the data lives"));
}

TEST_CASE("load: the log lives with the data unless it is told otherwise", "[load]") {
    CHECK(values_of("").log_directory == "/data");
    CHECK(values_of("dataLogDir=/log\n").log_directory == "/log");
}

TEST_CASE("load: a path that begins with a tilde is a warning", "[load]") {
    CHECK(says(
        parse_more("dataLogDir=~/log\n"),
        "zoo.cfg:4: warning: dataLogDir: ~ is not expanded, \"~/log\" is relative to the working "
        "directory"
    ));
}

TEST_CASE("load: without an address clients are accepted on the loopback only", "[load]") {
    const loaded outcome = parse("dataDir=/data\nclientPort=2182\n", "zoo.cfg");
    CHECK(outcome.values.listeners == std::vector<endpoint>{{"127.0.0.1", 2182}});
    CHECK(says(
        outcome,
        "zoo.cfg:2: note: port 2182 is opened on 127.0.0.1 only, where ZooKeeper would take all "
        "addresses; clientPortAddress=* opens it to others"
    ));
}

TEST_CASE("load: an address says where clients are accepted", "[load]") {
    const auto listener_at = [](const std::string& address) {
        return parse("dataDir=/d\nclientPort=1\nclientPortAddress=" + address, "f")
            .values.listeners.front()
            .host;
    };
    CHECK(listener_at("*") == "0.0.0.0");
    CHECK(listener_at("0.0.0.0") == "0.0.0.0");
    CHECK(listener_at("[::]") == "::");
    CHECK(listener_at("zk1.example") == "zk1.example");
    CHECK(listener_at("") == "127.0.0.1");
}

TEST_CASE("load: without a port it is 2181", "[load]") {
    const loaded outcome = parse("dataDir=/data\n", "zoo.cfg");
    CHECK(outcome.diagnostics.empty());
    CHECK(outcome.values.listeners == std::vector<endpoint>{{"127.0.0.1", 2181}});
}

TEST_CASE("load: session timeouts are two and twenty ticks by default", "[load]") {
    for (const std::string lines :
         {"tickTime=500\n", "tickTime=500\nminSessionTimeout=-1\nmaxSessionTimeout=-1\n"}) {
        CAPTURE(lines);
        CHECK(values_of(lines).session_timeout_min == 1'000ms);
        CHECK(values_of(lines).session_timeout_max == 10'000ms);
    }
}

TEST_CASE("load: session timeouts can be given", "[load]") {
    const settings values = values_of("minSessionTimeout=100\nmaxSessionTimeout=100\n");
    CHECK(values.session_timeout_min == 100ms);
    CHECK(values.session_timeout_max == 100ms);
}

TEST_CASE("load: a shortest session timeout above the longest is refused", "[load]") {
    CHECK(says(
        parse_more("minSessionTimeout=101\nmaxSessionTimeout=100\n"),
        "zoo.cfg:5: error: minSessionTimeout=101 is larger than maxSessionTimeout=100"
    ));
    CHECK(says(
        parse_more("tickTime=2000\nminSessionTimeout=40001\n"),
        "zoo.cfg:5: error: minSessionTimeout=40001 is larger than maxSessionTimeout=40000, which "
        "is 20 ticks unless it is given"
    ));
}

TEST_CASE("load: a tick of zero is refused", "[load]") {
    CHECK(
        says(parse_more("tickTime=0\n"), "zoo.cfg:4: error: tickTime: 0 is outside 1 to 100000000")
    );
}

TEST_CASE("load: every key may have the prefix of Java properties", "[load]") {
    const settings values =
        values_of("zookeeper.snapCount=7\nzookeeper.readonlymode.enabled=true\n");
    CHECK(values.snapshot_transaction_count == 7);
    CHECK(values.read_only_mode_enabled);
}

TEST_CASE("load: the largest buffer may be given in hexadecimal", "[load]") {
    CHECK(values_of("jute.maxbuffer=0xfffff\n").jute_buffer_size_bytes_max == 1'048'575);
}

TEST_CASE("load: of two values the last counts and a warning says so", "[load]") {
    const loaded outcome = parse_more("snapCount=5\nzookeeper.snapCount=6\n");
    CHECK(outcome.values.snapshot_transaction_count == 6);
    CHECK(
        says(outcome, "zoo.cfg:5: warning: snapCount was already given in line 4; this one counts")
    );
}

TEST_CASE("load: no message repeats bytes that a terminal would obey", "[load]") {
    const std::string key = "ssl.\\u0009\x9b";
    const loaded outcome = parse_more(key + "=1\n" + key + "=2\n");
    CHECK(says(
        outcome, "zoo.cfg:5: warning: ssl.\\x09\\x9b was already given in line 4; this one counts"
    ));
}

TEST_CASE("load: an unknown key is a warning that suggests the nearest", "[load]") {
    const loaded outcome = parse_more("tikTime=2000\ncolour=red\n");
    CHECK(outcome.usable());
    CHECK(says(outcome, "zoo.cfg:4: warning: unknown key \"tikTime\"; did you mean tickTime?"));
    CHECK(says(outcome, "zoo.cfg:5: warning: unknown key \"colour\""));
}

TEST_CASE("load: an unknown key is an error in strict mode", "[load]") {
    const loaded outcome = parse_more("tikTime=2000\n", {.strict = true});
    CHECK_FALSE(outcome.usable());
    CHECK(says(outcome, "zoo.cfg:4: error: unknown key \"tikTime\"; did you mean tickTime?"));
}

TEST_CASE("load: only the first fifty unknown keys get a suggestion", "[load]") {
    std::string lines;
    for (int count = 0; count < 51; ++count) {
        lines += "tikTime=1\n";
    }
    const loaded outcome = parse_more(lines);
    CHECK(says(outcome, "zoo.cfg:53: warning: unknown key \"tikTime\"; did you mean tickTime?"));
    CHECK(says(outcome, "zoo.cfg:54: warning: unknown key \"tikTime\""));
}

TEST_CASE("load: strict mode accepts what is known", "[load]") {
    CHECK(parse_more("nio.numWorkerThreads=4\n", {.strict = true}).usable());
}

TEST_CASE("load: all problems are reported in one run", "[load]") {
    const loaded outcome = parse_more("tickTime=x\nforceSync=true\nreadonlymode.enabled=yes\n"
                                      "maxCnxns=-1\na=\\u12\n");
    CHECK(count_of(outcome, severity::error) == 5);
    CHECK(says(outcome, "zoo.cfg:4: error: tickTime: \"x\" is not a whole number"));
    CHECK(says(outcome, "zoo.cfg:5: error: forceSync: \"true\" is neither yes nor no"));
    CHECK(says(outcome, "zoo.cfg:6: error: readonlymode.enabled: \"yes\" is neither true nor false")
    );
}

TEST_CASE("load: a key without meaning here is a note with the reason", "[load]") {
    const loaded outcome = parse_more("serverCnxnFactory=org.apache.zookeeper.server.Netty\n");
    CHECK(outcome.usable());
    CHECK(says(
        outcome,
        "zoo.cfg:4: note: serverCnxnFactory has no effect: it tunes the threads of the Java "
        "server; ioThreads is its counterpart"
    ));
}

TEST_CASE("load: a key that asks for what is so anyway needs no remark", "[load]") {
    CHECK(
        values_of("localSessionsEnabled=false\nquorumListenOnAllIPs=FALSE\nsuperUser=\n"
                  "audit.enable=false\nadmin.forceHttps=false\nelectionAlg=3\n") == values_of("")
    );
}

TEST_CASE("load: the admin endpoint is where its keys say", "[load][admin]") {
    const settings values = values_of(
        "admin.serverAddress=0.0.0.0\nadmin.serverPort=8080\nadmin.commandURL=/zk/commands\n"
        "admin.idleTimeout=5000\nzookeeper.admin.enableServer=true\n"
    );
    CHECK(values.admin_enabled);
    CHECK(values.admin_host == "0.0.0.0");
    CHECK(values.admin_port == 8080);
    CHECK(values.admin_command_url == "/zk/commands");
    CHECK(values.admin_idle_timeout == std::chrono::milliseconds{5000});
    CHECK(values_of("admin.serverAddress=*\n").admin_host == "0.0.0.0");
    CHECK(!values_of("admin.enableServer=false\n").admin_enabled);
}

TEST_CASE("load: a command URL that leads astray is an error", "[load][admin]") {
    for (const char* const url :
         {"commands", "/", "/a/", "/a//b", "/a/../b", "/v1", "/v1/x", "/a b"}) {
        INFO(url);
        CHECK(!parse_more("admin.commandURL=" + std::string{url} + "\n").usable());
    }
}

TEST_CASE("load: HTTPS of the admin endpoint needs keys", "[load][admin]") {
    CHECK(!parse_more("admin.forceHttps=true\n").usable());
    CHECK(!parse_more("admin.portUnification=true\n").usable());
    const std::string keys = "ssl.quorum.keyStore.location=/k.pem\n";
    CHECK(parse_more("admin.forceHttps=true\n" + keys).usable());
    CHECK(values_of("admin.portUnification=true\n" + keys).admin_port_is_unified);
    CHECK(!parse_more("admin.forceHttps=true\nadmin.needClientAuth=true\n" + keys).usable());
    CHECK(parse_more(
              "admin.forceHttps=true\nadmin.needClientAuth=true\n" + keys +
              "ssl.quorum.trustStore.location=/t.pem\n"
    )
              .usable());
    CHECK(!parse_more("admin.needClientAuth=true\n").usable());
}

TEST_CASE("load: an endpoint that lets nobody in is an error", "[load][admin]") {
    CHECK(!parse_more("admin.requireAuthorization=true\n").usable());
    CHECK(parse_more("admin.requireAuthorization=true\nadmin.tokenFile=/t\n").usable());
}

TEST_CASE("load: ZooKeeper's Prometheus provider is a port for metrics", "[load][admin]") {
    const std::string provider =
        "metricsProvider.className=org.apache.zookeeper.metrics.prometheus."
        "PrometheusMetricsProvider\n";
    CHECK(!has_metrics_port(values_of("")));
    const settings values =
        values_of(provider + "metricsProvider.httpHost=0.0.0.0\nmetricsProvider.httpPort=7070\n");
    CHECK(has_metrics_port(values));
    CHECK(values.metrics_host == "0.0.0.0");
    CHECK(values.metrics_port == 7070);
    const loaded without_host = parse_more(provider);
    CHECK(without_host.values.metrics_host == "127.0.0.1");
    CHECK(count_of(without_host, severity::note) == 1);
    const loaded other = parse_more("metricsProvider.className=com.example.Provider\n");
    CHECK(other.usable());
    CHECK(!other.diagnostics.empty());
    CHECK(!has_metrics_port(other.values));
}

TEST_CASE("load: changes over HTTP on an open address are a warning", "[load][admin]") {
    CHECK(parse_more("admin.enableWrites=true\n").diagnostics.empty());
    CHECK(!parse_more("admin.enableWrites=true\nadmin.serverAddress=0.0.0.0\n").diagnostics.empty()
    );
}

TEST_CASE("load: local sessions are a note", "[load]") {
    CHECK(says(
        parse_more("localSessionsEnabled=true\n"),
        "zoo.cfg:4: note: localSessionsEnabled has no effect: all sessions are global here"
    ));
}

TEST_CASE("load: a missing feature is a warning", "[load]") {
    CHECK(says(
        parse_more("authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n"),
        "zoo.cfg:4: warning: authProvider.1 is not supported by this release: its schemes are "
        "world, auth, digest, ip, x509 and super"
    ));
    CHECK(count_of(parse_more("ssl.context.supplier.class=a.B\n"), severity::warning) == 1);
}

TEST_CASE("load: the audit log is switched on and may have a file", "[load]") {
    CHECK(!values_of("").audit_enabled);
    const settings values = values_of("audit.enable=true\naudit.logFile=/var/log/audit\n");
    CHECK(values.audit_enabled);
    CHECK(values.audit_file == "/var/log/audit");
    CHECK(count_of(parse_more("audit.impl.class=a.B\n"), severity::note) == 1);
}

TEST_CASE("load: enforced authentication needs schemes that exist", "[load]") {
    CHECK(says(
        parse_more("enforce.auth.enabled=true\n"),
        "zoo.cfg:4: error: enforce.auth.enabled=true needs enforce.auth.schemes"
    ));
    CHECK(says(
        parse_more("enforce.auth.enabled=true\nenforce.auth.schemes=digest,sasl\n"),
        "zoo.cfg:5: error: scheme \"sasl\" is not available here"
    ));
    CHECK_FALSE(parse_more("enforce.auth.enabled=true\nenforce.auth.schemes=digest\n"
                           "DigestAuthenticationProvider.enabled=false\n")
                    .usable());
    const settings values =
        values_of("enforce.auth.enabled=true\nenforce.auth.schemes= digest , ip,\n");
    CHECK(values.enforce_auth_enabled);
    CHECK(values.enforce_auth_schemes == std::vector<std::string>{"digest", "ip"});
}

TEST_CASE(
    "load: certificates count for enforced authentication where clients show them", "[load]"
) {
    const std::string enforced = "enforce.auth.enabled=true\nenforce.auth.schemes=x509\n";
    const std::string secure = "secureClientPort=2281\nssl.keyStore.location=/k.pem\n"
                               "ssl.trustStore.location=/t.pem\n";
    CHECK(says(parse_more(enforced), "zoo.cfg:5: error: scheme \"x509\" is not available here"));
    CHECK(parse_more(enforced + secure).usable());
    CHECK_FALSE(parse_more(enforced + secure + "ssl.clientAuth=none\n").usable());
}

TEST_CASE("load: a super user by certificate needs clients that show one", "[load]") {
    const std::string super_user = "X509AuthenticationProvider.superUser=CN=admin,O=Example\n";
    const loaded outcome = parse_more(super_user);
    CHECK(outcome.values.x509_super_user == "CN=admin,O=Example");
    CHECK(count_of(outcome, severity::warning) == 1);
}

TEST_CASE("load: a choice that gives safety away is a warning", "[load]") {
    for (const std::string line :
         {"skipACL=yes\n",
          "forceSync=no\n",
          "sessionRequireClientSASLAuth=true\n",
          "DigestAuthenticationProvider.superDigest=secret\n"}) {
        CAPTURE(line);
        const loaded outcome = parse_more(line);
        CHECK(outcome.usable());
        CHECK(count_of(outcome, severity::warning) == 1);
    }
}

TEST_CASE("load: no message repeats a secret", "[load]") {
    for (const std::string& line :
         texts(parse_more("DigestAuthenticationProvider.superDigest=hush\n"
                          "ssl.keyStore.password=hush\n"))) {
        CHECK(line.find("hush") == std::string::npos);
    }
}

TEST_CASE("load: least values are raised as in the original", "[load]") {
    const loaded outcome = parse_more("snapCount=1\n");
    CHECK(outcome.usable());
    CHECK(outcome.values.snapshot_transaction_count == 2);
    CHECK(says(outcome, "zoo.cfg:4: warning: snapCount: 1 is too few, 2 is used"));
}

TEST_CASE("load: an unknown four-letter word in the whitelist is a warning", "[load]") {
    CHECK(
        values_of("4lw.commands.whitelist=stat, ruok,mntr\n").four_letter_words ==
        std::vector<std::string>{"stat", "ruok", "mntr"}
    );
    CHECK(
        values_of("4lw.commands.whitelist=*\n").four_letter_words == std::vector<std::string>{"*"}
    );
    CHECK(says(
        parse_more("4lw.commands.whitelist=stat,lead\n"),
        "zoo.cfg:4: warning: there is no four-letter word \"lead\""
    ));
}

TEST_CASE("load: words of Conclave's own keys are read", "[load]") {
    const settings values = values_of("tornTail=strict\nreadMode=linearizable\nlogLevel=DEBUG\n"
                                      "ioThreads=0\ncheckpointSizeInKb=1024\n"
                                      "checkpointIntervalMs=500\nlogRetentionInKb=0\n");
    CHECK(values.tail_policy == torn_tail::strict);
    CHECK(values.reads == read_mode::linearizable);
    CHECK(values.log_level_lowest == conclave::log_level::debug);
    CHECK(values.io_threads == 0);
    CHECK(values.checkpoint_size_kib == 1'024);
    CHECK(values.checkpoint_interval == 500ms);
    CHECK(values.log_retention_kib == 0);
    CHECK(says(
        parse_more("tornTail=lax\n"),
        "zoo.cfg:4: error: tornTail: \"lax\" is none of: standard strict"
    ));
}

TEST_CASE("load: digest algorithms are taken in both spellings", "[load]") {
    const auto algorithm = [](const std::string& name) {
        return values_of("DigestAuthenticationProvider.digestAlg=" + name + "\n").digest_algorithm;
    };
    CHECK(algorithm("SHA-1") == "SHA1");
    CHECK(algorithm("sha256") == "SHA256");
    CHECK(algorithm("SHA-512") == "SHA512");
    CHECK_FALSE(parse_more("DigestAuthenticationProvider.digestAlg=ROT13\n").usable());
}

TEST_CASE("load: elections have one algorithm", "[load]") {
    CHECK(parse_more("electionAlg=3\n").usable());
    CHECK_FALSE(parse_more("electionAlg=1\n").usable());
}

TEST_CASE("load: peerType=observer needs a server line that says so too", "[load]") {
    CHECK(parse_more("peerType=participant\n").usable());
    CHECK_FALSE(parse_more("peerType=observer\n").usable());
}

TEST_CASE("load: one server line makes an ensemble of one", "[load]") {
    const loaded outcome = parse("dataDir=/d\nserver.3=h:2888:3888;10.0.0.3:2183\n", "zoo.cfg");
    CHECK(outcome.diagnostics.empty());
    CHECK(outcome.values.server == server_id{3});
    CHECK(outcome.values.listeners == std::vector<endpoint>{{"10.0.0.3", 2183}});
    CHECK(outcome.values.members.servers.contains(server_id{3}));
}

TEST_CASE("load: a client part without a host is opened on the loopback", "[load]") {
    const loaded outcome = parse("dataDir=/d\nserver.1=h:2888:3888;2183\n", "zoo.cfg");
    CHECK(outcome.usable());
    CHECK(outcome.values.listeners == std::vector<endpoint>{{"127.0.0.1", 2183}});
    CHECK(count_of(outcome, severity::note) == 1);
}

TEST_CASE("load: clientPortAddress completes a client part without a host", "[load]") {
    const loaded outcome =
        parse("dataDir=/d\nclientPortAddress=*\nserver.1=h:2888:3888;2183\n", "zoo.cfg");
    CHECK(outcome.diagnostics.empty());
    CHECK(outcome.values.listeners == std::vector<endpoint>{{"0.0.0.0", 2183}});
}

TEST_CASE("load: static file and server line must agree about the client port", "[load]") {
    CHECK(parse_more("server.1=h:2888:3888;127.0.0.1:2181\n").usable());
    CHECK(says(
        parse_more("server.1=h:2888:3888;2182\n"),
        "zoo.cfg:2: error: clientPort=2181 contradicts the server line, which says 2182"
    ));
    CHECK(says(
        parse_more("server.1=h:2888:3888;10.0.0.1:2181\n"),
        "zoo.cfg:3: error: clientPortAddress=127.0.0.1 contradicts the server line, which says "
        "10.0.0.1"
    ));
}

TEST_CASE(
    "load: several server lines need a myid that says which of them this server is", "[load]"
) {
    CHECK(says(
        parse_more("server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n"),
        "zoo.cfg:4: error: there are 3 server lines, and no myid file in dataDir says which of "
        "them "
        "this server is"
    ));
}

TEST_CASE("load: groups and weights are read", "[load]") {
    const settings values = values_of("server.1=a:2888:3888\ngroup.1=1\nweight.1=2\n");
    CHECK(values.members.groups.at(1) == std::vector<server_id>{server_id{1}});
    CHECK(values.members.weights.at(server_id{1}) == 2);
}

TEST_CASE("load: malformed membership lines are errors of their line", "[load]") {
    for (const std::string line :
         {"server.0=a:1:2",
          "server.x=a:1:2",
          "server.1=a:1",
          "group.x=1",
          "group.1=",
          "group.1=a",
          "weight.1=x",
          "weight.0=1",
          "weight.1=-1"}) {
        CAPTURE(line);
        const loaded outcome = parse_more(line + "\n");
        CHECK_FALSE(outcome.usable());
        CHECK(outcome.diagnostics.front().where == place{"zoo.cfg", 4});
    }
}

TEST_CASE("load: every numeric key refuses what is not a number", "[load]") {
    for (const std::string key :
         {"tickTime",
          "minSessionTimeout",
          "maxSessionTimeout",
          "clientPort",
          "clientPortListenBacklog",
          "maxClientCnxns",
          "maxCnxns",
          "nio.sessionlessCnxnTimeout",
          "ioThreads",
          "globalOutstandingLimit",
          "jute.maxbuffer",
          "request_throttle_max_requests",
          "connection_throttle_tokens",
          "connection_throttle_drop_increase",
          "preAllocSize",
          "fsync.warningthresholdms",
          "logRetentionInKb",
          "checkpointSizeInKb",
          "checkpointIntervalMs",
          "snapCount",
          "znode.container.checkIntervalMs",
          "znode.container.maxPerMinute",
          "znode.container.maxNeverUsedIntervalMs",
          "initLimit",
          "syncLimit"}) {
        for (const std::string value : {"", "many", "10x", "99999999999999999999"}) {
            CAPTURE(key, value);
            const loaded outcome = parse("dataDir=/d\n" + key + "=" + value + "\n", "f");
            CHECK(count_of(outcome, severity::error) >= 1);
        }
    }
}

TEST_CASE("load: arguments are port and directory and tick and connections", "[load]") {
    const std::array<std::string_view, 4> arguments{"2999", "/nowhere/data", "500", "7"};
    const loaded all = from_arguments(arguments);
    CHECK(all.usable());
    CHECK(all.values.listeners == std::vector<endpoint>{{"127.0.0.1", 2999}});
    CHECK(all.values.data_directory == "/nowhere/data");
    CHECK(all.values.tick_time == 500ms);
    CHECK(all.values.session_timeout_max == 10'000ms);
    CHECK(all.values.connection_count_max_per_address == 7);

    const loaded two = from_arguments(std::span(arguments).first(2));
    CHECK(two.usable());
    CHECK(two.values.tick_time == settings{}.tick_time);
}

TEST_CASE("load: arguments that are too few or too many or wrong are refused", "[load]") {
    const std::array<std::string_view, 5> arguments{"x", "/nowhere", "2000", "60", "more"};
    CHECK(says(
        from_arguments(std::span(arguments).first(1)),
        "command line: error: expected: port datadir [ticktime] [maxcnxns]"
    ));
    CHECK_FALSE(from_arguments(arguments).usable());
    CHECK(says(
        from_arguments(std::span(arguments).first(2)),
        "command line: error: clientPort: as a port, \"x\" is not a whole number"
    ));
}

} // namespace
