#include "server/tree/corrupt_state.hpp"
#include "server/tree/tree.hpp"
#include "test/unit/tree/world.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::world;
using conclave::tree::corrupt_state;
using conclave::tree::node_key;
using conclave::tree::table;

TEST_CASE("tree: only the texts of paths find nodes", "[tree]") {
    world here;
    here.create("/a", "data");
    CHECK(here.data("/a") == "data");
    CHECK(here.data("") == here.data("/")); // an alias in ZooKeeper's reads
    for (const bytes_view text : {"a", "//a", "/a/", "/b", "/a/b", "//"}) {
        INFO(text);
        CHECK_FALSE(here.has(text));
    }
}

TEST_CASE("tree: children are listed in order with their full names", "[tree]") {
    world here;
    for (const bytes_view path : {"/b", "/a", "/a/x", "/c"}) {
        here.create(path);
    }
    using names = std::vector<bytes>;
    CHECK(here.children("/") == names{"a", "b", "c", "zookeeper"});
    CHECK(here.children("") == names{"a", "b", "c", "zookeeper"});
    CHECK(here.children("/a") == names{"x"});
    CHECK(here.children("/b").empty());
    CHECK(here.children("/missing").empty());

    bytes first;
    here.nodes->for_each_child("/", [&](bytes_view name) {
        first += name;
        return false;
    });
    CHECK(first == "a");
}

TEST_CASE("tree: names of a mebibyte work and may begin alike", "[tree]") {
    world here;
    const bytes common(1'000'000, 'n');
    for (const bytes_view ending : {"1", "2"}) {
        here.create("/" + common + bytes{ending}, ending);
        here.create("/" + common + bytes{ending} + "/child", "of " + bytes{ending});
    }
    here.restart();
    CHECK(here.data("/" + common + "1") == "1");
    CHECK(here.data("/" + common + "2") == "2");
    CHECK(here.data("/" + common + "2/child") == "of 2");
    CHECK_FALSE(here.has("/" + common));
    CHECK_FALSE(here.has("/" + common + "3"));

    std::vector<bytes> names = here.children("/");
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<bytes>{common + "1", common + "2", "zookeeper"});
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());

    here.set("/" + common + "1", "changed");
    here.remove("/" + common + "2/child");
    here.remove("/" + common + "2");
    here.restart();
    CHECK(here.data("/" + common + "1") == "changed");
    CHECK(here.children("/").size() == 2);
}

TEST_CASE("tree: a damaged node is not absent", "[tree][damage]") {
    world here;
    here.create("/a", "data");
    here.create("/a/b", "data");
    here.restart();
    REQUIRE(here.tables.damage(table::node, node_key{test::hash_seed, "/a/b"}.view()));

    CHECK_THROWS_AS(here.has("/a/b"), corrupt_state);
    CHECK_THROWS_WITH(here.has("/a/b"), Catch::Contains("/a/b") && Catch::Contains("table=node"));
    CHECK_THROWS_AS(here.apply(tree::delete_node{"/a/b"}), corrupt_state);
    CHECK_THROWS_AS(here.nodes->compute_digest(), corrupt_state);
    CHECK(here.has("/a"));
}

TEST_CASE("tree: the damaged record of a child with a long name is not skipped", "[tree][damage]") {
    world here;
    const bytes path = "/" + bytes(1000, 'n');
    here.create(path);
    here.restart();
    REQUIRE(here.tables.damage(table::node, node_key{test::hash_seed, path}.view()));
    CHECK_THROWS_AS(here.children("/"), corrupt_state);
}

TEST_CASE("tree: ephemerals are known by session", "[tree][ephemeral]") {
    world here;
    here.create("/b", "", 7);
    here.create("/a", "", 7);
    here.create("/c", "", 8);
    here.create("/d");
    CHECK(here.nodes->ephemerals_of(session_id{7}) == std::set<bytes>{"/a", "/b"});
    CHECK(here.nodes->ephemerals_of(session_id{9}).empty());
    CHECK(here.nodes->ephemerals().size() == 2);
    CHECK(here.nodes->ephemeral_count() == 3);

    here.remove("/c");
    here.remove("/a");
    here.restart();
    CHECK(here.nodes->ephemerals_of(session_id{7}) == std::set<bytes>{"/b"});
    CHECK(here.nodes->ephemerals().size() == 1);
    CHECK(here.nodes->ephemeral_count() == 1);
    CHECK(here.tables.row_count(table::ephemeral) == 1);
}

TEST_CASE("tree: container and TTL nodes are offered for removal when it is time", "[tree][reap]") {
    world here;
    here.now.time_ms = 10'000;
    here.create("/container", "", tree::container_owner);
    here.create("/unused", "", tree::container_owner);
    here.create("/container/child");
    here.create("/short", "", tree::ttl_owner(100));
    here.create("/long", "", tree::ttl_owner(1'000'000));
    const auto reapable = [&](std::int64_t now_ms, std::int64_t never_used_ms = 0) {
        return here.nodes->reapable(now_ms, never_used_ms, 100);
    };
    using paths = std::vector<bytes>;
    CHECK(reapable(10'100).empty());
    CHECK(reapable(10'200) == paths{"/short"});
    here.remove("/container/child");
    CHECK(reapable(10'200) == paths{"/container", "/short"});
    CHECK(here.nodes->reapable(10'200, 0, 1) == paths{"/container"});
    CHECK(reapable(10'200, 50) == paths{"/container", "/short", "/unused"});

    here.restart();
    CHECK(reapable(10'200, 50) == paths{"/container", "/short", "/unused"});
    here.now.time_ms = 10'150;
    here.set("/short", "alive");
    here.create("/unused/child");
    CHECK(reapable(10'200, 50) == paths{"/container"});
    here.remove("/container");
    here.remove("/unused/child");
    here.remove("/unused");
    here.remove("/short");
    here.remove("/long");
    here.restart();
    CHECK(reapable(1'000'000'000, 1).empty());
    CHECK(here.tables.row_count(table::expiring) == 0);
}

TEST_CASE("tree: a lost row of an expiring node is noticed", "[tree][damage]") {
    world here;
    here.create("/short", "", tree::ttl_owner(1));
    here.restart();
    const tree::path_hash hash = tree::hash_path(test::hash_seed, "/short");
    REQUIRE(here.tables.lose(table::expiring, tree::as_view(hash)));
    CHECK_THROWS_AS(here.nodes->reapable(1'000'000, 0, 10), corrupt_state);
}
