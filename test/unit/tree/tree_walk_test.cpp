#include "test/unit/tree/world.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::world;

TEST_CASE("tree walk: descendants are counted without the node itself", "[tree][walk]") {
    world here;
    for (const bytes_view path : {"/a", "/a/b", "/a/b/c", "/a/d", "/ab"}) {
        here.create(path);
    }
    CHECK(here.nodes->descendant_count("/a") == 3);
    CHECK(here.nodes->descendant_count("/a/b") == 1);
    CHECK(here.nodes->descendant_count("/a/d") == 0);
    CHECK(here.nodes->descendant_count("/missing") == 0);
    CHECK(here.nodes->descendant_count("/") == 8);
    CHECK(here.nodes->descendant_count("") == 8);
}

TEST_CASE("tree walk: deep trees need no deep stack", "[tree][walk]") {
    world here;
    bytes path;
    constexpr int depth = 2000;
    for (int level = 0; level < depth; ++level) {
        path += "/x";
        here.create(path);
    }
    CHECK(here.nodes->descendant_count("/x") == depth - 1);
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}

TEST_CASE("tree walk: all layers are visited", "[tree][walk]") {
    world here;
    here.create("/base");
    here.create("/base/1");
    here.checkpoint();
    here.create("/base/2");
    const auto frozen = here.rows->freeze();
    here.create("/base/3");
    here.remove("/base/1");
    CHECK(here.nodes->descendant_count("/base") == 2);
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}
