#include "server/admin/connection_text.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::admin;
using namespace std::chrono_literals;

namespace {

replica::connection example() {
    replica::connection one;
    one.peer = {"10.0.0.1", 5000};
    one.session = session_id{0x100001407de0000};
    one.timeout_ms = 10000;
    one.waiting.push({replica::waiting_request::state::in_flight, {}, {}, {}, 1});
    one.statistics.received = 4;
    one.statistics.sent = 3;
    one.statistics.latency_ms_last = 1;
    one.statistics.latency_ms_max = 7;
    one.statistics.latency_ms_sum = 8;
    one.statistics.latency_count = 3;
    one.statistics.established_wall_ms = 1763708786000;
    one.statistics.last_response_ms = 54321;
    one.statistics.last_zxid = zxid{0x1f};
    one.statistics.last_xid = xid{0x11};
    one.statistics.last_operation = opcode::get_data;
    return one;
}

} // namespace

TEST_CASE("connection text: the short line has the counters alone", "[admin]") {
    CHECK(
        connection_line(example(), true, false) == " /10.0.0.1:5000[1](queued=1,recved=4,sent=3)\n"
    );
}

TEST_CASE("connection text: the long line tells about the session", "[admin]") {
    CHECK(
        connection_line(example(), false, true) ==
        " /10.0.0.1:5000[0](queued=1,recved=4,sent=3,sid=0x100001407de0000,lop=GETD,"
        "est=1763708786000,to=10000,lcxid=0x11,lzxid=0x1f,lresp=54321,llat=1,minlat=0,avglat=2,"
        "maxlat=7)\n"
    );
}

TEST_CASE("connection text: a negative xid is left out", "[admin]") {
    replica::connection one = example();
    one.statistics.last_xid = ping_xid;
    one.statistics.last_operation = opcode::ping;
    CHECK_THAT(
        connection_line(one, true, true),
        Catch::Contains("lop=PING,est=1763708786000,to=10000,lzxid=0x1f,")
    );
}

TEST_CASE("connection text: without a session the long line is the short one", "[admin]") {
    replica::connection one = example();
    one.session = {};
    one.peer = {"::1", 5000};
    CHECK(connection_line(one, true, true) == " /[::1]:5000[1](queued=1,recved=4,sent=3)\n");
    CHECK(connection_line(one, true, true) == connection_line(one, true, false));
}

TEST_CASE("connection text: every operation has a name", "[admin]") {
    CHECK(operation_name(opcode::create_ttl) == "CREA");
    CHECK(operation_name(opcode::get_all_children_number) == "GETACN");
    CHECK(operation_name(opcode::who_am_i) == "HOMI");
    CHECK(operation_name(opcode::create_session) == "SESS");
    CHECK(operation_name(opcode::notification) == "NA");
    CHECK(operation_name(static_cast<opcode>(4711)) == "NA");
}

TEST_CASE("connection text: dump is block D", "[admin]") {
    const replica::instant now{100s, 1795245900000}; // Sat Nov 21 07:25:00 UTC 2026
    const std::map<replica::time_point, std::set<session_id>> sessions{
        {102s, {session_id{1}, session_id{2}}}, {104s, {session_id{3}}}};
    const std::map<session_id, std::set<bytes>> ephemerals{
        {session_id{2}, {"/a", "/b"}}, {session_id{3}, {}}};
    const std::vector<connection_expiry> connections{
        {now.wall_ms + 2000, {"10.0.0.1", 5000}, session_id{2}},
        {now.wall_ms + 1000, {"10.0.0.2", 5001}, session_id{}}};
    CHECK(
        dump_text({now, sessions, ephemerals, connections}) ==
        "SessionTracker dump:\n"
        "Session Sets (2)/(3):\n"
        "2 expire at Sat Nov 21 07:25:02 UTC 2026:\n"
        "\t0x1\n"
        "\t0x2\n"
        "1 expire at Sat Nov 21 07:25:04 UTC 2026:\n"
        "\t0x3\n"
        "ephemeral nodes dump:\n"
        "Sessions with Ephemerals (1):\n"
        "0x2:\n"
        "\t/a\n"
        "\t/b\n"
        "Connections dump:\n"
        "Connections Sets (2)/(2):\n"
        "1 expire at Sat Nov 21 07:25:01 UTC 2026:\n"
        "\tip: /10.0.0.2:5001 sessionId: 0x0\n"
        "1 expire at Sat Nov 21 07:25:02 UTC 2026:\n"
        "\tip: /10.0.0.1:5000 sessionId: 0x2\n"
    );
}

TEST_CASE("connection text: dump of a follower has timeouts instead of deadlines", "[admin]") {
    const std::map<replica::time_point, std::set<session_id>> sessions{{102s, {session_id{3}}}};
    const std::map<session_id, std::set<bytes>> ephemerals;
    const std::vector<connection_expiry> connections;
    const dump_facts facts{
        {100s, 1795245900000},
        sessions,
        ephemerals,
        connections,
        std::map<session_id, std::chrono::milliseconds>{{session_id{3}, 8s}, {session_id{1}, 4s}}};
    CHECK_THAT(
        dump_text(facts),
        Catch::StartsWith("SessionTracker dump:\n"
                          "Global Sessions(2):\n"
                          "0x1\t4000ms\n"
                          "0x3\t8000ms\n"
                          "ephemeral nodes dump:\n")
    );
}
