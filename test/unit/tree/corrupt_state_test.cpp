#include "server/tree/corrupt_state.hpp"

#include <catch2/catch.hpp>

using namespace conclave::tree;

TEST_CASE("corrupt state: the message names table and row", "[tree]") {
    const corrupt_state problem{table::node, "/a/b", "the node record is damaged"};
    CHECK(
        std::string{problem.what()} ==
        "the checkpoint is damaged: table=node row=/a/b problem=the node record is damaged"
    );
}

TEST_CASE("corrupt state: every table has a name", "[tree]") {
    CHECK(name(table::meta) == "meta");
    CHECK(name(table::node) == "node");
    CHECK(name(table::session) == "session");
    CHECK(name(table::ephemeral) == "ephemeral");
    CHECK(name(table::expiring) == "expiring");
}
