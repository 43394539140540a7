#include "server/tree/corrupt_state.hpp"
#include "test/unit/tree/world.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::world;
using conclave::tree::corrupt_state;
using conclave::tree::node_key;
using conclave::tree::table;

namespace {

bytes acl_of(const world& here, bytes_view path) {
    return bytes{here.nodes->find(path).value().acl};
}

} // namespace

TEST_CASE("tree load: a new tree is that of a fresh ZooKeeper 3.8.0", "[tree][load]") {
    const world here;
    stat expected;
    expected.cversion = -1;
    expected.num_children = 1;
    CHECK(here.stat_of("/") == expected);
    expected.cversion = -2;
    expected.num_children = 2;
    CHECK(here.stat_of("/zookeeper") == expected);
    CHECK(here.stat_of("/zookeeper/quota") == stat{});
    expected = {};
    expected.aversion = -1;
    CHECK(here.stat_of("/zookeeper/config") == expected);

    for (const bytes_view path : {"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"}) {
        CHECK(here.data(path) == "");
    }
    bytes readable;
    jute::writer{readable}(std::vector{acl_record{permission::read, "world", "anyone"}});
    CHECK(acl_of(here, "/zookeeper/config") == readable);
    CHECK(acl_of(here, "/").empty());
    CHECK(acl_of(here, "/zookeeper").empty());
    CHECK(acl_of(here, "/zookeeper/quota").empty());

    CHECK(here.nodes->node_count() == 5);
    CHECK(here.nodes->data_size() == 44); // zk_approximate_data_size of the real one
    CHECK(here.nodes->ephemeral_count() == 0);
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}

TEST_CASE("tree load: an opened tree is the one that was checkpointed", "[tree][load]") {
    world here;
    here.create("/a", "data");
    here.create("/a/b", std::nullopt, 7);
    const auto digest = here.nodes->current_digest();
    const auto size = here.nodes->data_size();
    here.checkpoint();
    here.create("/lost");
    here.start();

    CHECK(here.data("/a") == "data");
    CHECK_FALSE(here.has("/lost"));
    CHECK(here.nodes->current_digest() == digest);
    CHECK(here.nodes->compute_digest() == digest);
    CHECK(here.nodes->node_count() == 7);
    CHECK(here.nodes->data_size() == size);
    CHECK(here.nodes->ephemeral_count() == 1);
}

TEST_CASE("tree load: the hash seed of the first start stays", "[tree][load]") {
    test::memory_tables base;
    {
        tree::write_buffer rows{base};
        tree::tree nodes{rows, 1};
        nodes.save_counters();
        base.commit(*rows.freeze());
        rows.release_frozen();
    }
    tree::write_buffer rows{base};
    const tree::tree nodes{rows, 2};
    CHECK(nodes.find("/zookeeper/quota"));
    CHECK(rows.active_size() == 0);
}

TEST_CASE("tree load: damaged or missing rows are told and not repaired", "[tree][load][damage]") {
    world here;
    here.create("/ttl", "", tree::ttl_owner(5));
    here.create("/eph", "", 7);
    here.create("/zookeeper/quota/a");
    here.create("/zookeeper/quota/a/zookeeper_limits", "count=1");
    here.checkpoint();
    const auto key_of = [](bytes_view path) {
        return bytes{node_key{test::hash_seed, path}.view()};
    };

    SECTION("counters damaged") {
        REQUIRE(here.tables.damage(table::meta, "tree_counters"));
    }
    SECTION("counters lost") {
        REQUIRE(here.tables.lose(table::meta, "tree_counters"));
    }
    SECTION("seed damaged") {
        REQUIRE(here.tables.damage(table::meta, "hash_seed"));
    }
    SECTION("root lost") {
        REQUIRE(here.tables.lose(table::node, "/"));
    }
    SECTION("root damaged") {
        REQUIRE(here.tables.damage(table::node, "/"));
    }
    SECTION("expiring node lost") {
        REQUIRE(here.tables.lose(table::node, key_of("/ttl")));
    }
    SECTION("expiring row damaged") {
        const tree::path_hash hash = tree::hash_path(test::hash_seed, "/ttl");
        REQUIRE(here.tables.damage(table::expiring, tree::as_view(hash)));
    }
    SECTION("ephemeral row damaged") {
        bytes key;
        jute::writer{key}(session_id{7});
        key += tree::as_view(tree::hash_path(test::hash_seed, "/eph"));
        REQUIRE(here.tables.damage(table::ephemeral, key));
    }
    SECTION("quota limits damaged") {
        REQUIRE(here.tables.damage(table::node, key_of("/zookeeper/quota/a/zookeeper_limits")));
    }
    CHECK_THROWS_AS(here.start(), corrupt_state);
}
