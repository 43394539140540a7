#include "server/tree/preparation.hpp"
#include "test/unit/tree/leader.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::leader;

namespace {

tree::preparation_settings with_ttl() {
    tree::preparation_settings settings;
    settings.extended_types = true;
    return settings;
}

/// What a node would be, or the error.
tree::node_kind kind_of(const result<tree::create_node>& made) {
    tree::node_head head;
    head.owner = made.value().owner;
    return head.kind();
}

} // namespace

TEST_CASE("preparation create: opcodes decide what a node is", "[tree][preparation][create]") {
    leader here;
    using tree::node_kind;
    const auto kind = [&](opcode type, std::int32_t flags) {
        here.prepare.begin();
        const node_kind found = kind_of(here.try_create("/n", flags, "", type));
        here.prepare.discard();
        return found;
    };
    for (const opcode type : {opcode::create, opcode::create2}) {
        CHECK(kind(type, 0) == node_kind::persistent);
        CHECK(kind(type, 1) == node_kind::ephemeral);
        CHECK(kind(type, 2) == node_kind::persistent);
        CHECK(kind(type, 3) == node_kind::ephemeral);
        CHECK(kind(type, 4) == node_kind::persistent);
    }
    for (const std::int32_t flags : {0, 1, 2, 3, 4}) {
        CHECK(kind(opcode::create_container, flags) == node_kind::container);
    }
}

TEST_CASE("preparation create: in a multi the flags decide", "[tree][preparation][create][multi]") {
    leader here;
    using tree::node_kind;
    const auto kind = [&](opcode type, std::int32_t flags) {
        here.prepare.begin(true);
        const node_kind found = kind_of(here.try_create("/n", flags, "", type));
        here.prepare.discard();
        return found;
    };
    for (const opcode type : {opcode::create, opcode::create2, opcode::create_container}) {
        CHECK(kind(type, 0) == node_kind::persistent);
        CHECK(kind(type, 1) == node_kind::ephemeral);
        CHECK(kind(type, 3) == node_kind::ephemeral);
        CHECK(kind(type, 4) == node_kind::container);
    }
}

TEST_CASE(
    "preparation create: sequential containers have a suffix", "[tree][preparation][create]"
) {
    leader here;
    const auto made = here.try_create("/c", 2, "", opcode::create_container);
    CHECK(made.value().path == "/c0000000000");
    CHECK(made.value().owner == tree::container_owner);
    CHECK(here.try_create("/c", 3, "", opcode::create_container).value().path == "/c0000000001");
    CHECK(here.try_create("/c", 4, "", opcode::create_container).value().path == "/c");
}

TEST_CASE("preparation create: unknown flags are bad arguments", "[tree][preparation][create]") {
    leader here{with_ttl()};
    for (const std::int32_t flags : {-1, 7, 9, 1000}) {
        for (const opcode type : {opcode::create, opcode::create_container, opcode::create_ttl}) {
            CHECK(here.create("/a", flags, "", type, 5) == errc::bad_arguments);
        }
    }
}

TEST_CASE("preparation create: TTLs belong to their opcode", "[tree][preparation][create][ttl]") {
    leader here{with_ttl()};
    const auto outcome = [&](std::int32_t flags, std::int64_t ttl_ms) {
        const errc code = here.create("/t", flags, "", opcode::create_ttl, ttl_ms);
        here.prepare.clear();
        return code;
    };
    for (const std::int32_t flags : {0, 1, 3, 4}) {
        for (const std::int64_t ttl_ms : {-1, 5}) {
            // With a negative TTL this kills a ZooKeeper server.
            CHECK(outcome(flags, ttl_ms) == errc::bad_arguments);
        }
    }
    for (const std::int32_t flags : {5, 6}) {
        CHECK(outcome(flags, 1) == errc::ok);
        CHECK(outcome(flags, 1'099'511'627'775) == errc::ok);
        CHECK(outcome(flags, 1'099'511'627'776) == errc::bad_arguments);
        CHECK(outcome(flags, 0) == errc::bad_arguments);
        CHECK(outcome(flags, -1) == errc::bad_arguments);
        for (const opcode type : {opcode::create, opcode::create2, opcode::create_container}) {
            CHECK(here.create("/t", flags, "", type) == errc::bad_arguments);
        }
    }
    const auto made = here.try_create("/t", 6, "", opcode::create_ttl, 7);
    CHECK(made.value().path == "/t0000000000");
    CHECK(made.value().owner == tree::ttl_owner(7));
}

TEST_CASE("preparation create: TTL nodes can be switched off", "[tree][preparation][create][ttl]") {
    leader here;
    for (const std::int32_t flags : {5, 6}) {
        CHECK(here.create("/t", flags, "", opcode::create_ttl, 5) == errc::unimplemented);
        CHECK(here.create("/t", flags, "", opcode::create_ttl, 0) == errc::unimplemented);
        CHECK(here.create("/t", flags, "", opcode::create) == errc::unimplemented);
        CHECK(here.create("/t", flags, "", opcode::create_container) == errc::unimplemented);
    }
    CHECK(here.create("/t", 0, "", opcode::create_ttl, 5) == errc::bad_arguments);
    CHECK(here.create("/t", 9, "", opcode::create_ttl, 5) == errc::bad_arguments);
}

TEST_CASE(
    "preparation create: the suffix is the parent's counter of creates",
    "[tree][preparation][create]"
) {
    leader here;
    REQUIRE(here.create("/p") == errc::ok);
    const auto next = [&] {
        here.prepare.begin();
        const bytes path = here.try_create("/p/s", 2).value().path;
        here.prepare.discard();
        return path;
    };
    CHECK(next() == "/p/s0000000000");
    REQUIRE(here.create("/p/a") == errc::ok);
    REQUIRE(here.create("/p/b", 1) == errc::ok);
    REQUIRE(here.remove("/p/a") == errc::ok);
    REQUIRE(here.create("/p/b") == errc::node_exists);
    CHECK(next() == "/p/s0000000002");
    here.apply_all();
    CHECK(next() == "/p/s0000000002");
    here.restart();
    CHECK(here.nodes->find("/p")->head.child_counter == 2);
}

TEST_CASE(
    "preparation create: the suffix is a signed number of ten digits", "[tree][preparation][create]"
) {
    leader here;
    REQUIRE(here.create("/p") == errc::ok);
    here.apply_all();
    const auto suffix_at = [&](std::int32_t counter, bytes_view marker) {
        tree::create_node what = here.creation("/p/" + bytes{marker});
        what.parent_child_counter = counter;
        REQUIRE(here.apply(what));
        here.prepare.begin();
        const auto made = here.try_create("/p/", 2);
        here.prepare.discard();
        return std::pair{made.value().path, made.value().parent_child_counter};
    };
    using expected = std::pair<bytes, std::int32_t>;
    CHECK(suffix_at(12, "a") == expected{"/p/0000000012", 13});
    CHECK(
        suffix_at(std::numeric_limits<std::int32_t>::max(), "b") ==
        expected{"/p/2147483647", std::numeric_limits<std::int32_t>::min()}
    );
    CHECK(suffix_at(-1, "c") == expected{"/p/-000000001", 0});
}

TEST_CASE(
    "preparation create: paths are judged in ZooKeeper's order", "[tree][preparation][create]"
) {
    leader here;
    REQUIRE(here.create("/a") == errc::ok);
    const auto outcome = [&](bytes_view path, std::int32_t flags = 0) {
        here.prepare.begin();
        const auto made = here.try_create(path, flags);
        here.prepare.discard();
        return made ? errc::ok : made.error();
    };
    CHECK(outcome("/") == errc::node_exists);
    CHECK(outcome("/", 2) == errc::ok); // "/0000000001"
    CHECK(outcome("//a") == errc::bad_arguments);
    CHECK(outcome("/a//b") == errc::no_node);
    CHECK(outcome("/a/") == errc::bad_arguments);
    CHECK(outcome("/a/", 2) == errc::ok);
    CHECK(outcome("/missing/") == errc::no_node);
    CHECK(outcome("x") == errc::bad_arguments);
    CHECK(outcome("") == errc::bad_arguments);
    CHECK(outcome(bytes_view{"/a\0", 3}, 2) == errc::bad_arguments);
    CHECK(outcome(bytes_view{"/missing/\0", 10}) == errc::bad_arguments);
    CHECK(outcome("/a/.") == errc::bad_arguments);
    CHECK(outcome("/a/..", 2) == errc::ok); // "..0000000000" is a name like any other
    CHECK(outcome("/a/\x01") == errc::bad_arguments);
    CHECK(outcome("/a/\xff") == errc::bad_arguments);
    CHECK(outcome("/missing/\x01") == errc::no_node);
    CHECK(outcome("/a") == errc::node_exists);
}

TEST_CASE("preparation create: the ACL is judged before the tree", "[tree][preparation][create]") {
    leader here;
    const auto outcome = [&](bytes_view path, std::vector<acl_record> acl) {
        here.prepare.begin();
        const auto made =
            here.prepare.create(opcode::create, {path, "", std::move(acl), 0}, -1, here.by());
        here.prepare.discard();
        return made ? errc::ok : made.error();
    };
    CHECK(outcome("/zookeeper", {}) == errc::invalid_acl);
    CHECK(outcome("/missing/a", {}) == errc::invalid_acl);
    CHECK(outcome("/a", {{31, "world", std::nullopt}}) == errc::marshalling_error);
    CHECK(outcome("x", {}) == errc::bad_arguments);
}

TEST_CASE(
    "preparation create: the parent decides whether one may create", "[tree][preparation][create]"
) {
    leader here;
    REQUIRE(here.create("/p") == errc::ok);
    REQUIRE(here.create("/p/there") == errc::ok);
    REQUIRE(
        here.set_access("/p", {{permission::all & ~permission::create, "world", "anyone"}}) ==
        errc::ok
    );
    CHECK(here.create("/p/there") == errc::no_auth);
    CHECK(here.create("/p/new") == errc::no_auth);
    CHECK(here.create("/p//new") == errc::no_node);
    here.apply_all();
    CHECK(here.create("/p/new") == errc::no_auth);
    here.who.push_back({"super", ""});
    CHECK(here.create("/p/new") == errc::ok);
}

TEST_CASE("preparation create: ephemerals have no children", "[tree][preparation][create]") {
    leader here;
    REQUIRE(here.create("/e", 1) == errc::ok);
    CHECK(here.create("/e/x") == errc::no_children_for_ephemerals);
    here.apply_all();
    CHECK(here.create("/e/x") == errc::no_children_for_ephemerals);
    CHECK(here.create("/e/\x01") == errc::bad_arguments);
    leader other{with_ttl()};
    REQUIRE(other.create("/t", 5, "", opcode::create_ttl, 5) == errc::ok);
    REQUIRE(other.create("/c", 4, "", opcode::create_container) == errc::ok);
    CHECK(other.create("/t/x") == errc::ok);
    CHECK(other.create("/c/x") == errc::ok);
}

TEST_CASE(
    "preparation create: a quota on the root is refused", "[tree][preparation][create][quota]"
) {
    leader here;
    CHECK(here.create("/zookeeper/quota/zookeeper_limits") == errc::bad_arguments);
    CHECK(here.create("/zookeeper/quota/zookeeper_limits", 2) == errc::ok);
    CHECK(here.create("/zookeeper/quota/zookeeper_stats", 0, "x") == errc::ok);
    here.apply_all();
    CHECK(here.data("/zookeeper/quota/zookeeper_stats") == "x");
    CHECK_FALSE(here.nodes->has_quotas());
}

TEST_CASE(
    "preparation create: the result names what the transaction needs", "[tree][preparation][create]"
) {
    leader here;
    here.who.push_back({"digest", "bob:hash"});
    const auto made = here.prepare.create(
        opcode::create2, {"/a", std::nullopt, {{5, "auth", ""}}, 1}, -1, here.by()
    );
    bytes acl;
    jute::writer{acl}(std::vector{acl_record{5, "digest", "bob:hash"}});
    CHECK(made.value() == tree::create_node{"/a", std::nullopt, acl, 7, 1});
}
