#include "server/maintenance/import.hpp"
#include "server/tree/node.hpp"
#include "test/unit/maintenance/zookeeper_bytes.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::maintenance;

namespace {

zookeeper_state state_of(const snapshot_writer& written) {
    text_source from{written.octets()};
    zookeeper_state into;
    REQUIRE(read_zookeeper_snapshot(from, into));
    return into;
}

zookeeper_transaction
at(std::int64_t zxid_value, opcode type, bytes_view body, std::int64_t session = 1) {
    return {session, 1, zxid{zxid_value}, 9000, static_cast<std::int32_t>(type), body};
}

void must_apply(zookeeper_state& to, const zookeeper_transaction& what) {
    const auto applied = to.apply(what);
    INFO((applied ? std::string{} : applied.error()));
    REQUIRE(applied);
}

} // namespace

TEST_CASE("zookeeper state: a create counts at its parent", "[state]") {
    zookeeper_state state = state_of(small_snapshot());
    must_apply(state, at(10, opcode::create, create_body("/a/b", "x", true, 6), 0x77));
    const zookeeper_node& made = state.nodes().at("/a/b");
    CHECK(made.owner == 0x77);
    CHECK(made.czxid == zxid{10});
    CHECK(made.mtime_ms == 9000);
    CHECK(state.nodes().at("/a").cversion == 6);
    CHECK(state.nodes().at("/a").pzxid == zxid{10});
    CHECK(state.last() == zxid{10});
}

TEST_CASE("zookeeper state: what a fuzzy snapshot holds already stays as it is", "[state][fuzzy]") {
    zookeeper_state state = state_of(small_snapshot());
    SECTION("a node that is there keeps its data and its parent's counter comes forward") {
        must_apply(state, at(10, opcode::create, create_body("/a", "other", false, 9)));
        CHECK(state.nodes().at("/a").data == "one");
        CHECK(state.nodes().at("/").cversion == 9);
    }
    SECTION("a counter never goes back") {
        must_apply(state, at(10, opcode::create, create_body("/a/b", "", false, 2)));
        CHECK(state.nodes().at("/a").cversion == 5);
        CHECK(state.nodes().at("/a").pzxid == zxid{6});
    }
    SECTION("a delete of what is gone still shows at the parent") {
        must_apply(state, at(10, opcode::remove, jute_of(bytes_view{"/a/gone"})));
        CHECK(state.nodes().at("/a").pzxid == zxid{10});
    }
    SECTION("changes of what is gone change nothing") {
        must_apply(
            state,
            at(10, opcode::set_data, jute_of(bytes_view{"/gone"}, bytes_view{"x"}, std::int32_t{1}))
        );
        must_apply(state, at(11, opcode::create, create_body("/gone/child", "", false, 1)));
        CHECK(state.nodes().size() == 3);
    }
}

TEST_CASE("zookeeper state: a session takes its nodes along", "[state]") {
    zookeeper_state state = state_of(small_snapshot());
    SECTION("those that the transaction names") {
        must_apply(state, at(10, opcode::close_session, jute_of(std::vector<bytes>{"/e"}), 0x77));
    }
    SECTION("all it has if none are named") {
        must_apply(state, at(10, opcode::close_session, {}, 0x77));
    }
    CHECK_FALSE(state.nodes().contains("/e"));
    CHECK(state.sessions().empty());
    CHECK(state.nodes().at("/").pzxid == zxid{10});
}

TEST_CASE("zookeeper state: ephemerals without a session go in the end", "[state]") {
    snapshot_writer written;
    written.sessions({}).acls({}).node("", "").node("/e", "", {.owner = 5}).end_of_nodes().seal();
    zookeeper_state state = state_of(written);
    state.set_last(zxid{20});
    state.settle();
    CHECK_FALSE(state.nodes().contains("/e"));
}

TEST_CASE("zookeeper state: kinds of nodes are kept", "[state]") {
    zookeeper_state state = state_of(small_snapshot());
    must_apply(
        state,
        at(10,
           opcode::create_ttl,
           jute_of(
               bytes_view{"/t"}, bytes_view{""}, open_to_all, std::int32_t{3}, std::int64_t{500}
           ))
    );
    must_apply(
        state,
        at(11,
           opcode::create_container,
           jute_of(bytes_view{"/c"}, bytes_view{""}, open_to_all, std::int32_t{4}))
    );
    CHECK(state.nodes().at("/t").owner == tree::ttl_owner(500));
    CHECK(state.nodes().at("/c").owner == tree::container_owner);
}

TEST_CASE("zookeeper state: a multi does all its parts", "[state]") {
    zookeeper_state state = state_of(small_snapshot());
    bytes body = jute_of(std::int32_t{2});
    body += jute_of(static_cast<std::int32_t>(opcode::create), create_body("/m", "", false, 3));
    body += jute_of(
        static_cast<std::int32_t>(opcode::set_data),
        jute_of(bytes_view{"/m"}, bytes_view{"y"}, std::int32_t{1})
    );
    must_apply(state, at(10, opcode::multi, body));
    CHECK(state.nodes().at("/m").data == "y");
}

TEST_CASE("zookeeper state: a multi with an error among its parts does nothing", "[state]") {
    zookeeper_state state = state_of(small_snapshot());
    bytes body = jute_of(std::int32_t{2});
    body += jute_of(static_cast<std::int32_t>(opcode::create), create_body("/m", "", false, 3));
    body += jute_of(static_cast<std::int32_t>(opcode::error), jute_of(std::int32_t{-101}));
    must_apply(state, at(10, opcode::multi, body));
    CHECK(state.nodes().size() == 3);
    CHECK(state.last() == zxid{10});
}

TEST_CASE("zookeeper state: what cannot be understood is refused", "[state][hostile]") {
    zookeeper_state state = state_of(small_snapshot());
    CHECK_FALSE(state.apply(at(10, opcode::create, "rubbish")));
    CHECK_FALSE(state.apply(at(10, opcode::create, create_body("no path", "", false, 1))));
    CHECK_FALSE(state.apply(at(10, static_cast<opcode>(4711), {})));
    for (const std::int64_t ttl_ms : {std::int64_t{0}, std::int64_t{-1}, ttl_max_ms + 1}) {
        const bytes forever =
            jute_of(bytes_view{"/t"}, bytes_view{""}, open_to_all, std::int32_t{3}, ttl_ms);
        CHECK_FALSE(state.apply(at(10, opcode::create_ttl, forever)));
    }
    const bytes nested = jute_of(
        std::int32_t{1}, static_cast<std::int32_t>(opcode::multi), jute_of(std::int32_t{0})
    );
    CHECK_FALSE(state.apply(at(10, opcode::multi, nested)));
}

TEST_CASE("zookeeper state: quotas are counted anew", "[state]") {
    snapshot_writer written;
    written.sessions({}).acls({}).node("", "").node("/a", "12").node("/a/b", "345");
    written.node("/zookeeper", "").node("/zookeeper/quota", "").node("/zookeeper/quota/a", "");
    written.node("/zookeeper/quota/a/zookeeper_limits", "count=9,bytes=99");
    written.node("/zookeeper/quota/a/zookeeper_stats", "count=1,bytes=1");
    written.end_of_nodes().seal();
    zookeeper_state state = state_of(written);
    state.settle();
    CHECK(state.nodes().at("/zookeeper/quota/a/zookeeper_stats").data == "count=2,bytes=5");
}

TEST_CASE("zookeeper state: passwords of sessions are those of ZooKeeper", "[state]") {
    // What a real server told (zookeeper-protocol 17).
    const bytes told{"\xe9\x5a\x8d\x51\x23\x3f\x20\x20\xa6\x50\xd2\xda\xb5\x88\x7a\xea"};
    CHECK(zookeeper_session_password(0x01000025223f0021) == told);
}
