#include "test/support/history/positions.hpp"
#include "test/unit/history/builder.hpp"

#include <catch2/catch.hpp>

namespace conclave::history {

namespace {

verdict judge(const history& seen) {
    return check_positions(seen).result;
}

record record_at(std::int64_t at, record_kind kind, const char* path, const char* value) {
    record made;
    made.at = zxid{at};
    made.kind = kind;
    made.path = path;
    made.value = value;
    return made;
}

template <class... Steps>
history with_records(std::vector<record> records, Steps... steps) {
    history seen = of(std::move(steps)...);
    seen.records = std::move(records);
    return seen;
}

} // namespace

TEST_CASE("positions: each session moves forward", "[history]") {
    REQUIRE(
        judge(of(
            write("1", "/a", 0, 1).at(5), read("1", "/a", 2, 3).at(5), read("1", "/a", 4, 5).at(7)
        )) == verdict::holds
    );
    REQUIRE(
        judge(of(read("1", "/a", 0, 1).at(5), read("1", "/a", 2, 3).at(4))) == verdict::violated
    );
}

TEST_CASE("positions: sessions are not compared with each other by plain reads", "[history]") {
    REQUIRE(judge(of(read("1", "/a", 0, 1).at(5), read("2", "/a", 2, 3).at(4))) == verdict::holds);
    REQUIRE(judge(of(write("1", "/a", 0, 1).at(5), read("2", "/a", 2, 3).at(4))) == verdict::holds);
}

TEST_CASE("positions: a change stands behind all that was seen before it", "[history]") {
    REQUIRE(
        judge(of(write("1", "/a", 0, 1).at(5), write("2", "/a", 2, 3).at(4))) == verdict::violated
    );
    REQUIRE(
        judge(of(read("1", "/a", 0, 1).at(5), write("2", "/a", 2, 3).at(5))) == verdict::violated
    );
    REQUIRE(
        judge(of(write("1", "/a", 0, 9).at(5), write("2", "/a", 2, 3).at(4))) == verdict::holds
    );
}

TEST_CASE("positions: a barrier sees what was answered before it", "[history]") {
    REQUIRE(
        judge(of(write("1", "/a", 0, 1).at(5), synced_read("2", "/a", 2, 3).at(5))) ==
        verdict::holds
    );
    REQUIRE(
        judge(of(write("1", "/a", 0, 1).at(5), synced_read("2", "/a", 2, 3).at(4))) ==
        verdict::violated
    );
    REQUIRE(
        judge(of(synced_read("1", "/a", 0, 1).at(5), synced_read("2", "/a", 2, 3).at(4))) ==
        verdict::violated
    );
    REQUIRE(
        judge(of(read("1", "/a", 0, 1).at(5), synced_read("2", "/a", 2, 3).at(4))) == verdict::holds
    );
}

TEST_CASE("positions: an error that tells nothing of the node is no barrier", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).at(5), create("2", "/a", 2, 3).at(4).failing(failure::other))
        ) == verdict::holds
    );
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).at(5),
               create("2", "/a", 2, 3).at(4).failing(failure::node_exists))
        ) == verdict::violated
    );
}

TEST_CASE("positions: two changes do not share a zxid unless they are one request", "[history]") {
    REQUIRE(
        judge(of(write("1", "/a", 0, 5).at(5), write("2", "/a", 1, 5).at(5))) == verdict::violated
    );
    REQUIRE(
        judge(of(write("1", "/a", 0, 5).at(5), create("1", "/b", 0, 5).at(5))) == verdict::holds
    );
}

TEST_CASE("positions: an acknowledged change is in the history", "[history]") {
    const auto there = record_at(5, record_kind::write, "/a", "x");
    REQUIRE(
        judge(with_records({there}, write("1", "/a", 0, 1).value("x").at(5))) == verdict::holds
    );
    REQUIRE(
        judge(with_records(
            {there},
            write("1", "/a", 0, 1).value("x").at(5),
            write("1", "/a", 2, 3).value("y").at(6)
        )) == verdict::violated
    );
    REQUIRE(
        judge(with_records({there}, write("1", "/a", 0, 1).value("x").at(4))) == verdict::violated
    );
}

TEST_CASE("positions: an unknown change is in the history at most once", "[history]") {
    const auto once = record_at(5, record_kind::write, "/a", "x");
    const auto twice = record_at(7, record_kind::write, "/a", "x");
    const auto other = record_at(8, record_kind::create, "/b", "y");
    const auto lost = write("1", "/a", 0, 1).value("x").unknown();
    const auto known = create("1", "/b", 2, 3).value("y").at(8);
    REQUIRE(judge(with_records({other}, lost, known)) == verdict::holds);
    REQUIRE(judge(with_records({once, other}, lost, known)) == verdict::holds);
    REQUIRE(judge(with_records({once, twice, other}, lost, known)) == verdict::violated);
}

TEST_CASE("positions: a failed change is not in the history", "[history]") {
    const auto there = record_at(5, record_kind::write, "/a", "x");
    REQUIRE(
        judge(with_records(
            {there}, write("1", "/a", 0, 1).value("x").at(5).failing(failure::bad_version)
        )) == verdict::violated
    );
}

TEST_CASE("positions: nothing is in the history that nobody asked for", "[history]") {
    const auto there = record_at(5, record_kind::write, "/a", "x");
    REQUIRE(judge(with_records({there})) == verdict::violated);
}

TEST_CASE("positions: an unknown sequential create may have any number", "[history]") {
    const auto one = record_at(5, record_kind::create, "/a/n0000000003", "x");
    const auto two = record_at(6, record_kind::create, "/a/n0000000004", "x");
    const auto lost = create_sequential("1", "/a/n", 0, 1).value("x").unknown();
    REQUIRE(judge(with_records({one}, lost)) == verdict::holds);
    REQUIRE(judge(with_records({one, two}, lost)) == verdict::violated);
    const auto known = create_sequential("1", "/a/n", 2, 3).value("x").as("/a/n0000000004").at(6);
    REQUIRE(judge(with_records({one, two}, lost, known)) == verdict::holds);
}

} // namespace conclave::history
