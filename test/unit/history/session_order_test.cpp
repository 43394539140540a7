#include "test/support/history/session_order.hpp"
#include "test/unit/history/builder.hpp"

#include <catch2/catch.hpp>

namespace conclave::history {

namespace {

verdict judge(const history& seen) {
    return check_session_order(seen).result;
}

} // namespace

TEST_CASE("session order: a plain read may be old", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").version(1),
               read("2", "/a", 2, 3).value("0").version(0),
               read("2", "/a", 4, 5).value("x").version(1))
        ) == verdict::holds
    );
}

TEST_CASE(
    "session order: a session that goes back to an older version is a violation", "[history]"
) {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").version(1),
               read("2", "/a", 2, 3).value("x").version(1),
               read("2", "/a", 4, 5).value("0").version(0))
        ) == verdict::violated
    );
}

TEST_CASE("session order: a read behind an own write sees it", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").version(1),
               read("1", "/a", 2, 3).value("0").version(0))
        ) == verdict::violated
    );
}

TEST_CASE("session order: replies count in the order in which they came", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 9).value("x").version(1),
               read("2", "/a", 1, 8).value("x").version(1),
               read("2", "/a", 2, 7).value("0").version(0))
        ) == verdict::holds
    );
}

TEST_CASE("session order: versions start again with a new node", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").version(1),
               remove("2", "/a", 4, 5),
               create("2", "/a", 6, 7).value("y"),
               read("1", "/a", 8, 9).value("y").version(0))
        ) == verdict::holds
    );
}

TEST_CASE("session order: what nobody wrote is not read", "[history]") {
    REQUIRE(judge(of(read("1", "/a", 0, 1).value("x"))) == verdict::violated);
    REQUIRE(
        judge(
            of(write("2", "/a", 0, 1).value("x").expecting(7).failing(failure::bad_version),
               read("1", "/a", 2, 3).value("x"))
        ) == verdict::violated
    );
    REQUIRE(
        judge(of(read("1", "/a", 0, 1).value("x"), write("2", "/a", 2, 3).value("x"))) ==
        verdict::violated
    );
    REQUIRE(
        judge(of(write("2", "/a", 0, 1).value("x").unknown(), read("1", "/a", 2, 3).value("x"))) ==
        verdict::holds
    );
}

TEST_CASE("session order: a sequential node is read under the name it got", "[history]") {
    REQUIRE(
        judge(
            of(create_sequential("1", "/a/n", 0, 1).value("x").as("/a/n0000000000"),
               create_sequential("1", "/a/m", 0, 1).value("y").unknown(),
               read("2", "/a/n0000000000", 2, 3).value("x"),
               read("2", "/a/m0000000001", 2, 3).value("y"))
        ) == verdict::holds
    );
}

TEST_CASE("session order: one version has one value", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").unknown(),
               write("1", "/a", 0, 1).value("y").unknown(),
               read("2", "/a", 2, 3).value("x").version(1),
               read("3", "/a", 4, 5).value("y").version(1))
        ) == verdict::violated
    );
}

} // namespace conclave::history
