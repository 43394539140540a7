#include "test/support/history/json_lines.hpp"

#include <catch2/catch.hpp>

#include <sstream>

namespace conclave::history {

namespace {

history parsed(const std::string& text) {
    std::istringstream input{text};
    history seen;
    const auto outcome = read_json_lines(input, seen);
    REQUIRE(outcome.has_value());
    return seen;
}

std::string complaint(const std::string& text) {
    std::istringstream input{text};
    history seen;
    const auto outcome = read_json_lines(input, seen);
    REQUIRE_FALSE(outcome.has_value());
    return outcome.error();
}

} // namespace

TEST_CASE("json lines: an operation with all that may be known", "[history]") {
    const history seen = parsed(
        R"({"type": "operation", "session": "0x1", "kind": "write", "path": "/a", "value": "x",)"
        R"( "expected_version": 3, "invoked": 10, "completed": 20, "outcome": "ok", "version": 4,)"
        R"( "zxid": "0x100000007"})"
    );
    REQUIRE(seen.operations.size() == 1);
    REQUIRE(
        describe(seen.operations.front()) ==
        "line 1: session 0x1 [10 20] write /a \"x\" if version 3 -> ok version 4 zxid 0x100000007"
    );
}

TEST_CASE("json lines: failures and unknown outcomes", "[history]") {
    const history seen = parsed(
        "\n"
        R"({"type": "operation", "session": "1", "kind": "create", "path": "/a", "value": "x",)"
        R"( "ephemeral": true, "invoked": 1, "completed": 2, "outcome": "failed",)"
        R"( "error": "node_exists"})"
        "\n"
        R"({"type": "operation", "session": "1", "kind": "create_sequential", "path": "/a/n",)"
        R"( "invoked": 1, "outcome": "unknown"})"
    );
    REQUIRE(seen.operations.size() == 2);
    REQUIRE(seen.operations[0].error == failure::node_exists);
    REQUIRE(seen.operations[0].is_ephemeral);
    REQUIRE(seen.operations[1].ended == outcome::unknown);
    REQUIRE(seen.operations[1].line == 3);
}

TEST_CASE("json lines: the other types", "[history]") {
    const history seen = parsed(
        R"({"type": "initial", "path": "/a", "value": "x", "version": 7})"
        "\n"
        R"({"type": "record", "zxid": 12, "kind": "close_session", "session": "1"})"
        "\n"
        R"({"type": "event", "session": "1", "event": "watch_set", "path": "/a", "watch": "child",)"
        R"( "zxid": 12})"
        "\n"
        R"({"type": "event", "session": "1", "event": "watch_fired", "path": "/a",)"
        R"( "change": "deleted"})"
    );
    REQUIRE(seen.initial.at("/a").version == 7);
    REQUIRE(seen.records.front().at == zxid{12});
    REQUIRE(seen.events.size() == 2);
    REQUIRE(seen.events[0].watch == watch_kind::child);
    REQUIRE(seen.events[1].change == watch_change::deleted);
}

TEST_CASE("json lines: what is wrong is named with its line", "[history]") {
    const std::string good = R"({"type": "initial", "path": "/a", "value": ""})"
                             "\n";
    REQUIRE(complaint(good + "{").find("line 2: ") == 0);
    REQUIRE(complaint("[]") == "line 1: not an object");
    REQUIRE(complaint(good + "{}") == "line 2: \"type\" is missing");
    REQUIRE(
        complaint(R"({"type": "rumour"})") ==
        "line 1: \"type\" is \"rumour\", expected one of operation, initial, record, event"
    );
    REQUIRE(
        complaint(R"({"type": "event", "session": "1", "event": "noise"})") ==
        "line 1: \"event\" is \"noise\", expected one of watch_set, watch_fired, reply, expired, "
        "closed"
    );
    REQUIRE(
        complaint(
            R"({"type": "operation", "session": "1", "kind": "sync", "invoked": 5, "completed": 4,)"
            R"( "outcome": "ok"})"
        ) == "line 1: \"completed\" is before \"invoked\""
    );
    REQUIRE(
        complaint(R"({"type": "record", "zxid": "0x1z", "kind": "remove", "path": "/a"})") ==
        "line 1: \"zxid\" is \"0x1z\", expected a hexadecimal number"
    );
}

TEST_CASE("json lines: an endless line is refused", "[history]") {
    REQUIRE(complaint(std::string(line_size_max + 1, 'x')).find("line 1 is longer than") == 0);
}

} // namespace conclave::history
