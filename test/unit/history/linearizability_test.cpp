#include "test/support/history/linearizability.hpp"
#include "test/unit/history/builder.hpp"

#include <catch2/catch.hpp>

namespace conclave::history {

namespace {

verdict judge(const history& seen) {
    return check_linearizability(seen).result;
}

} // namespace

TEST_CASE("linearizability: nothing at all holds", "[history]") {
    REQUIRE(judge({}) == verdict::holds);
    REQUIRE(judge(of()) == verdict::holds);
}

TEST_CASE("linearizability: writes one after another are seen in order", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").version(1),
               synced_read("2", "/a", 2, 3).value("x").version(1),
               write("2", "/a", 4, 5).value("y").version(2),
               synced_read("1", "/a", 6, 7).value("y").version(2))
        ) == verdict::holds
    );
}

TEST_CASE("linearizability: a stale read after sync is a violation", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").version(1),
               synced_read("2", "/a", 2, 3).value("0").version(0))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: a read during a write may see either state", "[history]") {
    const auto value = GENERATE("0", "x");
    REQUIRE(
        judge(of(write("1", "/a", 0, 9).value("x"), synced_read("2", "/a", 2, 3).value(value))) ==
        verdict::holds
    );
}

TEST_CASE("linearizability: what ends when another begins is concurrent with it", "[history]") {
    REQUIRE(
        judge(of(write("1", "/a", 0, 5).value("x"), synced_read("2", "/a", 5, 6).value("0"))) ==
        verdict::holds
    );
}

TEST_CASE("linearizability: a lost write is a violation", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 1).value("x").version(1),
               write("1", "/a", 2, 3).value("y").version(2),
               synced_read("2", "/a", 4, 5).value("x").version(1))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: a write that was visible and then gone is a violation", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 9).value("x").unknown(),
               synced_read("2", "/a", 2, 3).value("x"),
               synced_read("3", "/a", 4, 5).value("0"))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: an unknown write may come late or never", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 9).value("x").unknown(),
               synced_read("2", "/a", 20, 21).value("0"),
               synced_read("2", "/a", 30, 31).value("x"))
        ) == verdict::holds
    );
    REQUIRE(
        judge(of(
            write("1", "/a", 0, 9).value("x").unknown(), synced_read("2", "/a", 20, 21).value("0")
        )) == verdict::holds
    );
}

TEST_CASE("linearizability: an unknown write is not seen before it was invoked", "[history]") {
    REQUIRE(
        judge(
            of(synced_read("2", "/a", 0, 1).value("x"), write("1", "/a", 2, 3).value("x").unknown())
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: an unknown write that is applied twice is a violation", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 9).value("x").unknown(),
               synced_read("2", "/a", 2, 3).value("x").version(1),
               write("2", "/a", 4, 5).value("y").version(2),
               synced_read("2", "/a", 6, 7).value("x").version(3))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: versions tell of a double apply that values hide", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 9).value("x").unknown(),
               synced_read("2", "/a", 2, 3).value("x").version(2))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: of two compare-and-sets on one version one fails", "[history]") {
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 5).value("x").expecting(0).version(1),
               write("2", "/a", 0, 5).value("y").expecting(0).failing(failure::bad_version))
        ) == verdict::holds
    );
    REQUIRE(
        judge(
            of(write("1", "/a", 0, 5).value("x").expecting(0).version(1),
               write("2", "/a", 0, 5).value("y").expecting(0).version(1))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: a refused compare-and-set tells of the version", "[history]") {
    REQUIRE(
        judge(of(write("2", "/a", 0, 5).value("y").expecting(0).failing(failure::bad_version))) ==
        verdict::violated
    );
}

TEST_CASE("linearizability: a node is created once until it is removed", "[history]") {
    REQUIRE(
        judge(
            of(create("1", "/b", 0, 1).value("x"),
               create("2", "/b", 2, 3).value("y").failing(failure::node_exists),
               remove("2", "/b", 4, 5),
               synced_read("1", "/b", 6, 7).failing(failure::no_node),
               create("2", "/b", 8, 9).value("y"),
               synced_read("1", "/b", 10, 11).value("y").version(0))
        ) == verdict::holds
    );
    REQUIRE(
        judge(of(create("1", "/b", 0, 1).value("x"), create("2", "/b", 2, 3).value("y"))) ==
        verdict::violated
    );
    REQUIRE(
        judge(
            of(create("1", "/b", 0, 1).value("x"),
               synced_read("1", "/b", 6, 7).failing(failure::no_node))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: removing a version that is not there fails", "[history]") {
    REQUIRE(
        judge(of(remove("1", "/a", 0, 1).expecting(3).failing(failure::bad_version))) ==
        verdict::holds
    );
    REQUIRE(judge(of(remove("1", "/a", 0, 1).expecting(3))) == verdict::violated);
}

TEST_CASE("linearizability: a create without a parent tells nothing of the node", "[history]") {
    REQUIRE(
        judge(of(create("1", "/a", 0, 1).value("x").failing(failure::no_node))) == verdict::holds
    );
}

TEST_CASE("linearizability: an ephemeral node may go with its session", "[history]") {
    REQUIRE(
        judge(
            of(create("1", "/b", 0, 1).value("x").ephemeral(),
               synced_read("2", "/b", 6, 7).failing(failure::no_node))
        ) == verdict::holds
    );
    REQUIRE(
        judge(
            of(create("1", "/b", 0, 1).value("x").ephemeral(),
               synced_read("2", "/b", 6, 7).failing(failure::no_node),
               synced_read("2", "/b", 8, 9).value("x"))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: plain reads take no part", "[history]") {
    REQUIRE(
        judge(of(write("1", "/a", 0, 1).value("x"), read("2", "/a", 2, 3).value("0"))) ==
        verdict::holds
    );
}

TEST_CASE("linearizability: sequential numbers grow with time and are given once", "[history]") {
    REQUIRE(
        judge(
            of(create_sequential("1", "/a/n", 0, 1).as("/a/n0000000000"),
               create_sequential("2", "/a/n", 2, 5).as("/a/n0000000002"),
               create_sequential("3", "/a/n", 2, 5).as("/a/n0000000001"))
        ) == verdict::holds
    );
    REQUIRE(
        judge(
            of(create_sequential("1", "/a/n", 0, 1).as("/a/n0000000001"),
               create_sequential("2", "/a/n", 2, 3).as("/a/n0000000000"))
        ) == verdict::violated
    );
    REQUIRE(
        judge(
            of(create_sequential("1", "/a/n", 0, 5).as("/a/n0000000001"),
               create_sequential("2", "/a/n", 2, 3).as("/a/n0000000001"))
        ) == verdict::violated
    );
}

TEST_CASE("linearizability: an unknown sequential create may be any number", "[history]") {
    REQUIRE(
        judge(
            of(create_sequential("1", "/a/n", 0, 1).value("x").unknown(),
               synced_read("2", "/a/n0000000000", 2, 3).value("x"))
        ) == verdict::holds
    );
    REQUIRE(judge(of(synced_read("2", "/a/n0000000000", 2, 3).value("x"))) == verdict::violated);
}

TEST_CASE("linearizability: many unknown writes that nobody saw do not matter", "[history]") {
    history seen = of();
    for (int index = 0; index < 60; ++index) {
        seen.operations.push_back(
            write("1", "/a", index, index).value("lost " + std::to_string(index)).unknown().what
        );
    }
    SECTION("when they need not have happened") {
        seen.operations.push_back(synced_read("2", "/a", 100, 101).value("0").version(0).what);
        REQUIRE(judge(seen) == verdict::holds);
    }
    SECTION("when some of them have") {
        seen.operations.push_back(synced_read("2", "/a", 100, 101).version(17).what);
        REQUIRE(judge(seen) == verdict::holds);
    }
    SECTION("when nothing explains what was read") {
        seen.operations.push_back(synced_read("2", "/a", 100, 101).value("0").version(17).what);
        REQUIRE(judge(seen) == verdict::violated);
    }
}

TEST_CASE("linearizability: a search that gets too long is undecided", "[history]") {
    history seen = of();
    for (int index = 0; index < 20; ++index) {
        const std::string value = "v" + std::to_string(index);
        seen.operations.push_back(write("1", "/a", 0, 50).value(value).what);
        seen.operations.push_back(synced_read("2", "/a", 100 + index, 200).value(value).what);
    }
    seen.operations.push_back(synced_read("3", "/a", 300, 301).value("never").what);
    const report found = check_linearizability(seen, {1000});
    REQUIRE(found.result == verdict::undecided);
    REQUIRE(found.explanations.size() == 1);
    REQUIRE(found.explanations.front().find("/a: undecided after 1000") == 0);
}

TEST_CASE("linearizability: an explanation shows where it first goes wrong", "[history]") {
    history seen =
        of(write("1", "/a", 0, 1).value("x").version(1),
           synced_read("2", "/a", 2, 3).value("0").version(0),
           write("1", "/a", 4, 5).value("y").version(2),
           synced_read("2", "/a", 6, 7).value("y").version(2));
    seen.operations[1].line = 12;
    const report found = check_linearizability(seen);
    REQUIRE(found.explanations.size() == 1);
    REQUIRE(
        found.explanations.front() ==
        "/a: no order explains what was answered up to time 3. It ends with\n"
        "    line 12: session 2 [2 3] synced_read /a -> ok version 0 value \"0\"\n"
        "  All before that could have happened in this order:\n"
        "    session 1 [0 1] write /a \"x\" -> ok version 1\n"
        "  which leaves version 1, value that nobody read"
    );
}

TEST_CASE("linearizability: each node is judged by itself", "[history]") {
    history seen =
        of(write("1", "/a", 0, 1).value("x"),
           synced_read("2", "/a", 2, 3).value("0"),
           create("1", "/b", 0, 1).value("x"),
           synced_read("2", "/b", 2, 3).value("x"),
           create("1", "/c", 0, 1).value("x"),
           synced_read("2", "/c", 2, 3).value("y"));
    const report found = check_linearizability(seen);
    REQUIRE(found.explanations.size() == 2);
    REQUIRE(found.explanations[0].find("/a:") == 0);
    REQUIRE(found.explanations[1].find("/c:") == 0);
}

} // namespace conclave::history
