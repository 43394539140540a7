#include "test/support/history/client_events.hpp"
#include "test/unit/history/builder.hpp"

#include <catch2/catch.hpp>

namespace conclave::history {

namespace {

event reply(std::int64_t at) {
    event made;
    made.session = "1";
    made.kind = event_kind::reply;
    made.position = zxid{at};
    return made;
}

event watch_set(const char* path, watch_kind watch, std::int64_t at) {
    event made = reply(at);
    made.kind = event_kind::watch_set;
    made.path = path;
    made.watch = watch;
    return made;
}

event fired(const char* path, watch_change change) {
    event made;
    made.session = "1";
    made.kind = event_kind::watch_fired;
    made.path = path;
    made.change = change;
    return made;
}

event ended(event_kind kind) {
    event made;
    made.session = "1";
    made.kind = kind;
    return made;
}

record changed(std::int64_t at, record_kind kind, const char* path) {
    record made;
    made.at = zxid{at};
    made.kind = kind;
    made.path = path;
    return made;
}

verdict judge(std::vector<record> records, std::vector<event> events) {
    history seen;
    seen.records = std::move(records);
    seen.events = std::move(events);
    return check_client_events(seen).result;
}

const event data_watch = watch_set("/a", watch_kind::data, 5);
const event child_watch = watch_set("/a", watch_kind::child, 5);
const event data_event = fired("/a", watch_change::changed);
const event child_event = fired("/a", watch_change::children);
const event end_event = fired("/a", watch_change::deleted);

} // namespace

TEST_CASE("watches: an event comes before the reply that shows the change", "[history]") {
    const auto write = changed(7, record_kind::write, "/a");
    REQUIRE(judge({write}, {data_watch, reply(6), data_event, reply(7)}) == verdict::holds);
    REQUIRE(judge({write}, {data_watch, reply(6), reply(7), data_event}) == verdict::violated);
    REQUIRE(judge({write}, {data_watch, reply(8)}) == verdict::violated);
    REQUIRE(judge({write}, {data_watch, reply(6)}) == verdict::holds);
}

TEST_CASE("watches: another reply that leaves a watch shows the change too", "[history]") {
    const auto write = changed(7, record_kind::write, "/a");
    const auto again = watch_set("/a", watch_kind::data, 7);
    REQUIRE(judge({write}, {data_watch, again, data_event}) == verdict::violated);
    REQUIRE(judge({write}, {data_watch, data_event, again}) == verdict::holds);
}

TEST_CASE("watches: changes before the watch was set do not matter", "[history]") {
    REQUIRE(
        judge({changed(5, record_kind::write, "/a")}, {data_watch, reply(9)}) == verdict::holds
    );
}

TEST_CASE("watches: without records the answered changes are the triggers", "[history]") {
    history seen = of(write("2", "/a", 0, 1).at(7), write("3", "/a", 0, 1).at(8).unknown());
    seen.events = {data_watch, reply(7)};
    REQUIRE(check_client_events(seen).result == verdict::violated);
    seen.events = {watch_set("/a", watch_kind::data, 7), reply(9)};
    REQUIRE(check_client_events(seen).result == verdict::holds);
}

TEST_CASE("watches: a one-time watch fires once", "[history]") {
    REQUIRE(judge({}, {data_watch, data_event}) == verdict::holds);
    REQUIRE(judge({}, {data_watch, data_event, data_event}) == verdict::violated);
    REQUIRE(judge({}, {data_watch, data_watch, data_event, data_event}) == verdict::violated);
    REQUIRE(judge({}, {data_watch, data_event, data_watch, data_event}) == verdict::holds);
    REQUIRE(judge({}, {data_event}) == verdict::violated);
}

TEST_CASE("watches: data and children are watched apart", "[history]") {
    REQUIRE(judge({}, {data_watch, child_event}) == verdict::violated);
    REQUIRE(judge({}, {child_watch, data_event}) == verdict::violated);
    REQUIRE(judge({}, {child_watch, child_event}) == verdict::holds);
    const auto child = changed(7, record_kind::create, "/a/b");
    REQUIRE(judge({child}, {child_watch, reply(7)}) == verdict::violated);
    REQUIRE(judge({child}, {data_watch, reply(7)}) == verdict::holds);
}

TEST_CASE("watches: the end of a node is told once to both kinds", "[history]") {
    const auto end = changed(7, record_kind::remove, "/a");
    REQUIRE(judge({end}, {data_watch, child_watch, end_event, reply(7)}) == verdict::holds);
    REQUIRE(judge({end}, {data_watch, child_watch, end_event, end_event}) == verdict::violated);
    REQUIRE(judge({end}, {child_watch, reply(7)}) == verdict::violated);
}

TEST_CASE("sessions: nothing comes after the end", "[history]") {
    const auto end = GENERATE(event_kind::expired, event_kind::closed);
    REQUIRE(judge({}, {reply(5), ended(end)}) == verdict::holds);
    REQUIRE(judge({}, {ended(end), reply(5)}) == verdict::violated);
    REQUIRE(judge({}, {data_watch, ended(end), data_event}) == verdict::violated);
    REQUIRE(judge({}, {ended(end), ended(end)}) == verdict::violated);
}

TEST_CASE("sessions: others go on", "[history]") {
    event other = reply(6);
    other.session = "2";
    REQUIRE(judge({}, {ended(event_kind::expired), other}) == verdict::holds);
}

TEST_CASE("ephemerals: they live exactly as long as their session", "[history]") {
    record close = changed(9, record_kind::close_session, "");
    close.session = "1";
    const auto judge_read = [&](step read) {
        history seen = of(create("1", "/b", 0, 1).ephemeral().at(5), std::move(read));
        seen.records = {changed(5, record_kind::create, "/b"), close};
        return check_ephemerals(seen).result;
    };
    REQUIRE(judge_read(read("2", "/b", 2, 3).owned_by("1").at(8)) == verdict::holds);
    REQUIRE(judge_read(read("2", "/b", 2, 3).owned_by("1").at(9)) == verdict::violated);
    REQUIRE(judge_read(read("2", "/b", 2, 3).owned_by("3").at(9)) == verdict::holds);
    REQUIRE(judge_read(read("2", "/b", 2, 3).failing(failure::no_node).at(8)) == verdict::violated);
    REQUIRE(judge_read(read("2", "/b", 2, 3).failing(failure::no_node).at(9)) == verdict::holds);
    REQUIRE(judge_read(read("2", "/b", 2, 3).failing(failure::no_node).at(4)) == verdict::holds);
}

TEST_CASE("ephemerals: somebody may have removed one earlier", "[history]") {
    const history seen =
        of(create("1", "/b", 0, 1).ephemeral().at(5),
           remove("2", "/b", 2, 3).unknown(),
           read("2", "/b", 4, 5).failing(failure::no_node).at(8));
    REQUIRE(check_ephemerals(seen).result == verdict::holds);
}

} // namespace conclave::history
