#include "server/tree/corrupt_state.hpp"
#include "test/unit/tree/world.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::seen_event;
using conclave::test::world;

namespace {

const std::vector<seen_event> nothing;

/// What clients see of everything, to notice any change.
struct picture {
    tree::digest sum;
    std::int64_t node_count;
    std::int64_t data_size;
    std::int64_t ephemeral_count;

    explicit picture(const world& here)
        : sum(here.nodes->current_digest())
        , node_count(here.nodes->node_count())
        , data_size(here.nodes->data_size())
        , ephemeral_count(here.nodes->ephemeral_count()) {}

    friend bool operator==(const picture&, const picture&) = default;
};

} // namespace

TEST_CASE("tree apply: a create sets every field of the stat", "[tree][apply]") {
    world here;
    here.now = {zxid{0x500000006}, 1'700'000'000'000};
    const stat made = here.create("/a", "12345");
    stat expected;
    expected.czxid = expected.mzxid = expected.pzxid = zxid{0x500000007};
    expected.ctime_ms = expected.mtime_ms = 1'700'000'000'001;
    expected.data_length = 5;
    CHECK(made == expected);
    CHECK(here.stat_of("/a") == expected);
    CHECK(here.create("/null", std::nullopt).data_length == 0);
    CHECK(here.create("/eph", "", 77).ephemeral_owner == session_id{77});
    CHECK(here.create("/ttl", "", tree::ttl_owner(9)).ephemeral_owner == session_id{0});
}

TEST_CASE("tree apply: a create and a delete count at the parent only", "[tree][apply]") {
    world here;
    here.create("/a");
    here.create("/a/b");
    const stat grandparent = here.stat_of("/");
    const stat before = here.stat_of("/a");

    here.create("/a/c");
    stat expected = before;
    expected.cversion = 2;
    expected.num_children = 2;
    expected.pzxid = here.now.at;
    CHECK(here.stat_of("/a") == expected);

    here.remove("/a/b");
    expected.cversion = 3;
    expected.num_children = 1;
    expected.pzxid = here.now.at;
    CHECK(here.stat_of("/a") == expected);
    CHECK(here.stat_of("/") == grandparent);
}

TEST_CASE("tree apply: setData changes version and the m fields", "[tree][apply]") {
    world here;
    stat expected = here.create("/a", "1");
    const stat root = here.stat_of("/");
    const stat after = here.set("/a", "222");
    expected.version = 1;
    expected.mzxid = here.now.at;
    expected.mtime_ms = here.now.time_ms;
    expected.data_length = 3;
    CHECK(after == expected);
    CHECK(here.stat_of("/a") == expected);
    CHECK(here.stat_of("/") == root);
    CHECK(here.data("/a") == "222");
    here.set("/a", std::nullopt);
    CHECK_FALSE(here.data("/a"));
    here.set("/a", "");
    CHECK(here.data("/a") == "");
}

TEST_CASE("tree apply: setACL changes aversion alone", "[tree][apply]") {
    world here;
    stat expected = here.create("/a", "1");
    const auto result = here.apply(tree::set_acl{"/a", "some acl", 1});
    expected.aversion = 1;
    CHECK(result.value().after == expected);
    CHECK(here.stat_of("/a") == expected);
    CHECK(here.nodes->find("/a")->acl == "some acl");
    CHECK(here.data("/a") == "1");
}

TEST_CASE("tree apply: versions and counters are taken as the transaction says", "[tree][apply]") {
    world here;
    here.create("/a");
    constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
    CHECK(here.apply(tree::set_data{"/a", "", least}).value().after.version == least);
    tree::create_node what = here.creation("/a/b");
    what.parent_child_counter = 1000;
    REQUIRE(here.apply(what));
    CHECK(here.nodes->find("/a")->head.child_counter == 1000);
}

TEST_CASE("tree apply: events name the node first and then its parent", "[tree][apply][watch]") {
    world here;
    here.create("/a", "", 0, "acl a");
    here.seen.events.clear();
    here.create("/a/b", "", 0, "acl b");
    here.set("/a/b", "x");
    REQUIRE(here.apply(tree::set_acl{"/a/b", "acl b2", 1}));
    REQUIRE(here.apply(tree::checked{}));
    here.remove("/a/b");
    const std::vector<seen_event> expected{
        {event_type::created, "/a/b", "acl b"},
        {event_type::children_changed, "/a", "acl a"},
        {event_type::data_changed, "/a/b", "acl b"},
        {event_type::deleted, "/a/b", "acl b2"},
        {event_type::children_changed, "/a", "acl a"}};
    CHECK(here.seen.events == expected);

    here.seen.events.clear();
    here.remove("/a");
    CHECK(here.seen.events.back() == seen_event{event_type::children_changed, "/", ""});
}

TEST_CASE("tree apply: what does not fit is refused and changes nothing", "[tree][apply]") {
    world here;
    here.create("/a", "data");
    here.create("/a/b");
    here.create("/eph", "", 7);
    here.restart();
    here.seen.events.clear();
    const picture before{here};
    const auto refused = [&](const tree::change& what) {
        const auto result = here.apply(what);
        return result ? errc::ok : result.error();
    };
    CHECK(refused(here.creation("/a")) == errc::node_exists);
    CHECK(refused(here.creation("/")) == errc::node_exists);
    CHECK(refused(here.creation("/missing/x")) == errc::no_node);
    CHECK(refused(here.creation("no-slash")) == errc::no_node);
    CHECK(refused(here.creation("/eph/x")) == errc::no_children_for_ephemerals);
    CHECK(refused(tree::delete_node{"/missing"}) == errc::no_node);
    CHECK(refused(tree::delete_node{"/missing/x"}) == errc::no_node);
    CHECK(refused(tree::delete_node{"/a"}) == errc::not_empty);
    for (const bytes path : {"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"}) {
        CHECK(refused(tree::delete_node{path}) == errc::bad_arguments);
    }
    CHECK(refused(tree::set_data{"/missing", "", 1}) == errc::no_node);
    CHECK(refused(tree::set_acl{"/missing", "", 1}) == errc::no_node);
    CHECK(picture{here} == before);
    CHECK(here.seen.events == nothing);
    CHECK(here.rows->active_size() == 0);
}

TEST_CASE("tree apply: a change at the same zxid again changes nothing", "[tree][apply]") {
    world here;
    here.create("/a", "data");
    here.create("/gone");
    const std::vector<tree::change> changes{
        here.creation("/a/b", "x"),
        here.creation("/eph", "", 7),
        here.creation("/ttl", "", tree::ttl_owner(5)),
        tree::set_data{"/a", "longer data", 1},
        tree::set_acl{"/a", "acl", 1},
        tree::delete_node{"/gone"},
        tree::delete_node{"/eph"},
        tree::checked{}};
    for (const tree::change& what : changes) {
        const auto first = here.apply(what);
        REQUIRE(first);
        const picture once{here};
        here.seen.events.clear();
        const auto second = here.apply_again(what);
        REQUIRE(second);
        CHECK(picture{here} == once);
        CHECK(here.seen.events == nothing);
        CHECK(second.value().after == first.value().after);
        CHECK(second.value().path == first.value().path);
    }
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}

TEST_CASE("tree apply: a closing session loses its ephemerals", "[tree][apply][ephemeral]") {
    world here;
    here.create("/locks");
    here.create("/locks/1", "", 7);
    here.create("/locks/2", "", 7);
    here.create("/locks/3", "", 8);
    here.create("/kept");
    here.seen.events.clear();
    here.now.at = here.now.at.next();

    here.nodes->remove_ephemerals(
        {"/locks/1", "/locks/2", "/missing", "/kept"}, here.now, here.seen
    );

    CHECK(here.children("/locks") == std::vector<bytes>{"3"});
    CHECK(here.has("/kept"));
    CHECK(here.nodes->ephemerals_of(session_id{7}).empty());
    const stat parent = here.stat_of("/locks");
    CHECK(parent.cversion == 5);
    CHECK(parent.pzxid == here.now.at);
    const std::vector<seen_event> expected{
        {event_type::deleted, "/locks/1", ""},
        {event_type::children_changed, "/locks", ""},
        {event_type::deleted, "/locks/2", ""},
        {event_type::children_changed, "/locks", ""}};
    CHECK(here.seen.events == expected);
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}

TEST_CASE("tree apply: counters follow every change", "[tree][apply]") {
    world here;
    here.create("/a", "12345");
    CHECK(here.nodes->node_count() == 6);
    CHECK(here.nodes->data_size() == 44 + 7);
    here.set("/a", "1");
    CHECK(here.nodes->data_size() == 44 + 3);
    here.set("/a", std::nullopt);
    CHECK(here.nodes->data_size() == 44 + 2);
    here.remove("/a");
    CHECK(here.nodes->node_count() == 5);
    CHECK(here.nodes->data_size() == 44);
}

TEST_CASE("tree apply: a node without a parent is damage", "[tree][apply][damage]") {
    world here;
    here.create("/a");
    here.create("/a/b");
    here.restart();
    REQUIRE(here.tables.lose(tree::table::node, tree::node_key{test::hash_seed, "/a"}.view()));
    CHECK_THROWS_AS(here.apply(tree::delete_node{"/a/b"}), tree::corrupt_state);
}
