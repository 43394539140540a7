/// What a replica notes of its own doings.
#include "server/replica/request_path.hpp"
#include "test/support/replica_driver.hpp"
#include "test/support/replica_ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;
using replica::stage;

namespace {

replica::settings with_threshold(std::chrono::milliseconds threshold) {
    replica::settings made;
    made.slow_request_threshold = threshold;
    return made;
}

/// One that moves by a millisecond whenever it is looked at.
std::chrono::nanoseconds ticking_stopwatch() {
    static std::chrono::nanoseconds now = 2h;
    return now += 1ms;
}

struct observed_client {
    explicit observed_client(replica::settings configured = {}) : server(disk, std::move(configured)) {}

    replica_disk disk;
    replica_driver server;
    replica_driver::connection client = server.open();

    [[nodiscard]] const replica::observations& observed() { return server.server().observed(); }

    [[nodiscard]] const replica::latency_histogram& times_of(stage which) {
        return server.server().statistics().stages[replica::index_of(which)];
    }
};

} // namespace

TEST_CASE("observations: each write passes each stage once", "[observations]") {
    observed_client test;
    const std::int64_t before = test.times_of(stage::apply).count();
    test.server.call(test.client, create_frame(1, "/a"));
    test.server.call(test.client, create_frame(2, "/a")); // fails, and is a write all the same
    test.server.call(test.client, request_frame(3, opcode::get_data, bytes_view{"/a"}, false));
    for (std::size_t index = 0; index < replica::stage_count; ++index) {
        INFO(replica::stage_names[index]);
        CHECK(test.times_of(static_cast<stage>(index)).count() == before + 2);
    }
}

TEST_CASE("observations: the time of the disk is that of the stage log", "[observations]") {
    observed_client test;
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.deliver();
    test.server.advance(40ms);
    test.server.persist();
    test.server.deliver();
    CHECK(test.times_of(stage::log).most() >= 39ms);
    CHECK(test.times_of(stage::replicate).most() == 0us);
    CHECK(test.times_of(stage::queue).most() == 0us);
}

TEST_CASE("observations: octets that waited for the core count as decode", "[observations]") {
    observed_client test;
    const replica::instant now = test.server.now();
    test.server.server().on_frame(test.client, create_frame(1, "/a"), now, now.monotonic - 7ms);
    test.server.settle();
    CHECK(test.times_of(stage::decode).most() == 7ms);
    // A clock that runs ahead measures nothing.
    test.server.server().on_frame(test.client, create_frame(2, "/b"), now, now.monotonic + 1h);
    test.server.settle();
    CHECK(test.times_of(stage::decode).most() == 7ms);
}

TEST_CASE("observations: a stopwatch measures what happens within a batch", "[observations]") {
    replica::settings measured;
    measured.stopwatch = &ticking_stopwatch;
    observed_client test{measured};
    test.server.call(test.client, create_frame(1, "/a"));
    CHECK(test.times_of(stage::prepare).least() >= 1ms);
    CHECK(test.times_of(stage::apply).least() >= 1ms);
    CHECK(test.times_of(stage::reply).least() >= 1ms);
}

TEST_CASE("observations: a slow write is kept with its stages", "[observations][slow]") {
    observed_client test{with_threshold(100ms)};
    test.server.call(test.client, create_frame(1, "/quick"));
    test.server.send(test.client, create_frame(2, "/slow"));
    test.server.deliver();
    test.server.advance(150ms);
    test.server.persist();
    test.server.deliver();
    REQUIRE(test.observed().slow().size() == 1);
    const replica::slow_request& slow = test.observed().slow().front();
    CHECK(slow.path == "/slow");
    CHECK(slow.type == opcode::create);
    CHECK(slow.session == test.server.log_of(test.client).handshake->session);
    CHECK(slow.peer == "127.0.0.1:40000");
    CHECK(slow.total >= 150ms);
    CHECK(slow.stages[replica::index_of(stage::log)] >= 149ms);
    CHECK(slow.at > zxid{});
}

TEST_CASE("observations: a read that waited for a slow write is slow too", "[observations][slow]") {
    observed_client test{with_threshold(100ms)};
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.send(test.client, request_frame(2, opcode::exists, bytes_view{"/a"}, false));
    test.server.deliver();
    test.server.advance(150ms);
    test.server.persist();
    test.server.deliver();
    REQUIRE(test.observed().slow().size() == 2);
    // In the order of their replies.
    const replica::slow_request& read = test.observed().slow()[0].type == opcode::exists
                                            ? test.observed().slow()[0]
                                            : test.observed().slow()[1];
    CHECK(read.path == "/a");
    CHECK(read.stages[replica::index_of(stage::queue)] >= 150ms);
}

TEST_CASE("observations: slow requests are kept in bounded memory", "[observations][slow]") {
    replica::observations seen{1ms};
    for (std::uint64_t number = 1; number <= 2 * replica::observations::slow_kept; ++number) {
        replica::slow_request each;
        each.path = "/" + bytes(10'000, 'x');
        each.at = zxid{static_cast<std::int64_t>(number)};
        seen.note_slow(each);
        seen.complete_slow(number, 3ms);
    }
    CHECK(seen.slow_count() == 2 * replica::observations::slow_kept);
    REQUIRE(seen.slow().size() == replica::observations::slow_kept);
    CHECK(seen.slow().back().path.size() == replica::observations::path_size_max);
    CHECK(seen.slow().back().stages[replica::index_of(stage::reply)] == 3ms);
    seen.complete_slow(1, 9ms); // long forgotten: no effect
    CHECK(seen.slow().front().stages[replica::index_of(stage::reply)] == 3ms);
}

TEST_CASE("observations: requests are counted by operation", "[observations]") {
    observed_client test;
    test.server.call(test.client, create_frame(1, "/a"));
    test.server.call(test.client, create_frame(2, "/a/b"));
    test.server.call(test.client, request_frame(3, opcode::exists, bytes_view{"/a"}, false));
    std::map<opcode, std::uint64_t> counts;
    for (const replica::operation_count& each : test.observed().operations()) {
        counts[each.type] = each.count;
    }
    CHECK(counts == std::map<opcode, std::uint64_t>{{opcode::create, 2}, {opcode::exists, 1}});
    REQUIRE(test.observed().talkers().list().size() == 1);
    CHECK(test.observed().talkers().list().front().count == 3);
    test.server.server().reset_statistics();
    CHECK(test.observed().operations().empty());
}

TEST_CASE("observations: why a session ended is known afterwards", "[observations][sessions]") {
    observed_client test;
    const auto second = test.server.open(10'000);
    const session_id closed = test.server.log_of(test.client).handshake->session;
    const session_id expired = test.server.log_of(second).handshake->session;
    test.server.call(second, create_frame(1, "/mine", {}, create_mode::ephemeral));
    test.server.disconnect(second);
    test.server.call(test.client, request_frame(1, opcode::close_session));
    test.server.advance(20s);
    test.server.settle();
    REQUIRE(test.observed().ended().size() == 2);
    const replica::ended_session& first = test.observed().ended()[0];
    CHECK(first.id == closed);
    CHECK(first.how == replica::session_end::closed);
    const replica::ended_session& other = test.observed().ended()[1];
    CHECK(other.id == expired);
    CHECK(other.how == replica::session_end::expired);
    CHECK(other.silent >= 10s);
    CHECK(other.timeout == 10s);
    CHECK(other.ephemerals == std::vector<bytes>{"/mine"});
    CHECK(other.peer == "127.0.0.1:40000");
    CHECK(other.disconnected_wall_ms != 0);
}

TEST_CASE("observations: an operator ends a session at the leader", "[observations][sessions]") {
    observed_client test;
    const session_id id = test.server.log_of(test.client).handshake->session;
    test.server.call(test.client, create_frame(1, "/mine", {}, create_mode::ephemeral));
    CHECK(test.server.server().end_session(id, test.server.now()));
    CHECK(!test.server.server().end_session(id, test.server.now()));
    test.server.settle();
    CHECK(test.server.log_of(test.client).closed);
    CHECK(!test.server.server().nodes().find("/mine"));
    CHECK(test.observed().ended().back().how == replica::session_end::closed);
    CHECK(!test.server.server().end_session(session_id{12345}, test.server.now()));
}

TEST_CASE("observations: elections are timed and remembered", "[observations][ensemble]") {
    replica_ensemble servers{3};
    for (std::uint32_t id = 1; id <= 3; ++id) {
        servers.start(id);
    }
    servers.run_for(5s);
    const std::uint32_t first = servers.leader();
    REQUIRE(first != 0);
    servers.crash(first);
    servers.run_for(10s);
    const std::uint32_t second = servers.leader();
    REQUIRE(second != 0);
    const auto& elections = servers[second].server().observed().elections();
    REQUIRE(elections.size() >= 2);
    CHECK(elections.back().leader == server_id{second});
    CHECK(elections.back().took > 0ms);
    CHECK(servers[second].server().statistics().election_time.count() >= 2);
}

TEST_CASE(
    "observations: what keeps a leader from being elected is seen", "[observations][ensemble]"
) {
    replica_ensemble servers{3};
    for (std::uint32_t id = 1; id <= 3; ++id) {
        servers.start(id);
    }
    servers.run_for(5s);
    servers.crash(2);
    servers.crash(3);
    servers.run_for(10s);
    REQUIRE(servers.leader() == 0);
    const zab::election_view seen = servers[1].server().election();
    REQUIRE(seen.peers.size() == 2);
    CHECK(!seen.peers[0].is_linked);
    CHECK(!seen.peers[1].is_linked);
    CHECK(seen.is_electable);
}

TEST_CASE(
    "observations: servers tell each other how fast their disks are", "[observations][ensemble]"
) {
    replica_ensemble servers{3};
    for (std::uint32_t id = 1; id <= 3; ++id) {
        servers.start(id);
    }
    servers.run_for(5s);
    servers[2].server().report_disk({10, 100, 2000, 5000, 3, 150}, servers[2].now());
    servers.settle();
    for (std::uint32_t id = 1; id <= 3; ++id) {
        const auto& disks = servers[id].server().disks();
        REQUIRE(disks.contains(server_id{2}));
        CHECK(disks.at(server_id{2}).told.p99 == 2000);
    }
}

TEST_CASE("request path: that of a multi is its first one", "[observations]") {
    bytes body;
    jute::writer{body}(
        multi_header{static_cast<std::int32_t>(opcode::remove), false, -1},
        delete_request{"/first", -1},
        multi_header{-1, true, -1}
    );
    CHECK(replica::path_of_request(opcode::multi, body) == "/first");
    CHECK(replica::path_of_request(opcode::multi, "").empty());
    CHECK(replica::path_of_request(opcode::multi, body.substr(0, 11)).empty());
    CHECK(replica::path_of_request(opcode::get_data, "\x7f\xff\xff\xff").empty());
    CHECK(replica::path_of_request(opcode::ping, "").empty());
}
