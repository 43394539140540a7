#include "server/tree/preparation.hpp"
#include "test/unit/tree/leader.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::leader;

namespace {

constexpr std::int32_t ephemeral = 1;
constexpr std::int32_t sequential = 2;

tree::preparation_settings with_quota() {
    tree::preparation_settings settings;
    settings.enforce_quota = true;
    return settings;
}

/// A quota on /q, which holds the prefix itself and nothing else.
void arm(leader& here, bytes_view limits) {
    for (const bytes_view path : {"/q", "/zookeeper/quota/q"}) {
        REQUIRE(here.create(path) == errc::ok);
    }
    REQUIRE(here.create("/zookeeper/quota/q/zookeeper_limits", 0, limits) == errc::ok);
    REQUIRE(here.create("/zookeeper/quota/q/zookeeper_stats") == errc::ok);
    here.apply_all();
}

} // namespace

TEST_CASE("preparation: later requests see what is in flight", "[tree][preparation]") {
    leader here;
    CHECK(here.create("/a") == errc::ok);
    CHECK(here.create("/a") == errc::node_exists);
    CHECK(here.create("/a/b") == errc::ok);
    CHECK(here.remove("/a") == errc::not_empty);
    CHECK(here.set("/a/b", "1", 0) == errc::ok);
    CHECK(here.set("/a/b", "2", 0) == errc::bad_version);
    CHECK(here.set("/a/b", "2", 1) == errc::ok);
    CHECK(here.check("/a/b", 2) == errc::ok);
    CHECK(here.remove("/a/b", 2) == errc::ok);
    CHECK(here.remove("/a") == errc::ok);
    CHECK(here.set("/a", "") == errc::no_node);
    CHECK(here.children("/").size() == 1);
    here.apply_all();
    CHECK(here.children("/").size() == 1);
    CHECK(here.prepare.pending_count() == 0);
}

TEST_CASE("preparation: what is applied is forgotten", "[tree][preparation]") {
    leader here;
    for (int round = 0; round < 100; ++round) {
        REQUIRE(here.create("/n", sequential) == errc::ok);
        REQUIRE(here.create("/n" + std::to_string(round)) == errc::ok);
        if (round % 10 == 9) {
            here.apply_all();
            REQUIRE(here.prepare.pending_count() == 0);
        }
        REQUIRE(here.prepare.pending_count() <= 21);
    }
}

TEST_CASE("preparation: a failed multi leaves no trace", "[tree][preparation][multi]") {
    leader here;
    REQUIRE(here.create("/a") == errc::ok);
    here.prepare.begin(true);
    REQUIRE(here.try_create("/b", ephemeral));
    REQUIRE(here.try_create("/s", sequential).value().path == "/s0000000002");
    REQUIRE(here.prepare.set({"/a", "x", 0}, here.by()));
    REQUIRE(here.prepare.remove({"/a", 1}, here.by()));
    REQUIRE(here.prepare.set({"/a", "x", -1}, here.by()).error() == errc::no_node);
    here.prepare.discard();

    CHECK(here.check("/a", 0) == errc::ok);
    CHECK(here.check("/b") == errc::no_node);
    CHECK(here.close(session_id{7}).empty());
    // The number of the create that was rolled back is used again.
    here.prepare.begin();
    CHECK(here.propose(here.try_create("/s", sequential)) == errc::ok);
    here.apply_all();
    CHECK(here.children("/") == std::vector<bytes>{"a", "s0000000001", "zookeeper"});
    CHECK(here.prepare.pending_count() == 0);
}

TEST_CASE("preparation: operations of a multi see each other", "[tree][preparation][multi]") {
    leader here;
    here.prepare.begin(true);
    std::vector<tree::change> changes;
    changes.emplace_back(here.try_create("/a").value());
    changes.emplace_back(here.try_create("/a/b").value());
    changes.emplace_back(here.prepare.set({"/a/b", "1", 0}, here.by()).value());
    changes.emplace_back(here.prepare.check({"/a/b", 1}, here.by()).value());
    changes.emplace_back(here.prepare.remove({"/a/b", 1}, here.by()).value());
    here.propose_all(changes);
    here.apply_all();
    CHECK(here.stat_of("/a").cversion == 2);
    CHECK(here.stat_of("/a").czxid == here.stat_of("/a").pzxid);
}

TEST_CASE(
    "preparation: closing takes what is in flight into account", "[tree][preparation][ephemeral]"
) {
    leader here;
    for (const bytes_view path : {"/applied", "/deleted", "/taken"}) {
        REQUIRE(here.create(path, ephemeral) == errc::ok);
    }
    here.apply_all();
    REQUIRE(here.create("/new", ephemeral) == errc::ok);
    REQUIRE(here.create("/short-lived", ephemeral) == errc::ok);
    REQUIRE(here.remove("/short-lived") == errc::ok);
    REQUIRE(here.remove("/deleted") == errc::ok);
    REQUIRE(here.remove("/taken") == errc::ok);
    here.session = session_id{8};
    REQUIRE(here.create("/taken", ephemeral) == errc::ok);

    CHECK(here.close(session_id{7}) == std::vector<bytes>{"/applied", "/new"});
    CHECK(here.close(session_id{7}).empty());
    CHECK(here.check("/applied") == errc::no_node);
    CHECK(here.close(session_id{8}) == std::vector<bytes>{"/taken"});
    here.apply_all();
    CHECK(here.nodes->ephemeral_count() == 0);
    CHECK(here.prepare.pending_count() == 0);
}

TEST_CASE("preparation: leadership lost means nothing is in flight", "[tree][preparation]") {
    leader here{with_quota()};
    REQUIRE(here.create("/a") == errc::ok);
    here.prepare.begin();
    REQUIRE(here.try_create("/b"));
    here.prepare.clear();
    here.in_flight.clear();
    CHECK(here.prepare.pending_count() == 0);
    CHECK(here.check("/a") == errc::no_node);
    here.proposed = zxid{0}; // another leader may have used these numbers
    CHECK(here.create("/a") == errc::ok);
}

TEST_CASE("preparation: hard limits hold only if they are enforced", "[tree][preparation][quota]") {
    leader here;
    arm(here, "countHardLimit=1,byteHardLimit=1");
    CHECK(here.create("/q/a", 0, "12345") == errc::ok);
}

TEST_CASE("preparation: the count limit includes what is in flight", "[tree][preparation][quota]") {
    leader here{with_quota()};
    arm(here, "countHardLimit=3");
    CHECK(here.create("/q/a") == errc::ok);
    CHECK(here.create("/q/b") == errc::ok);
    CHECK(here.create("/q/c") == errc::quota_exceeded);
    CHECK(here.create("/qq") == errc::ok);
    CHECK(here.remove("/q/a") == errc::ok);
    CHECK(here.create("/q/c") == errc::ok);
    here.apply_all();
    CHECK(here.create("/q/d") == errc::quota_exceeded);
    CHECK(here.set("/q/b", bytes(1000, 'x')) == errc::ok);
    CHECK(here.data("/zookeeper/quota/q/zookeeper_stats") == "count=3,bytes=0");
}

TEST_CASE("preparation: the byte limit looks at growth", "[tree][preparation][quota]") {
    leader here{with_quota()};
    arm(here, "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=-1");
    CHECK(here.create("/q/a", 0, "123456") == errc::ok);
    CHECK(here.create("/q/b", 0, "12345") == errc::quota_exceeded);
    CHECK(here.create("/q/b", 0, "1234") == errc::ok);
    CHECK(here.set("/q/b", "12345") == errc::quota_exceeded);
    CHECK(here.set("/q/b", "4321") == errc::ok);
    CHECK(here.create("/q/c", 0, std::nullopt) == errc::ok);
    here.apply_all();
    CHECK(here.set("/q/b", "12345") == errc::quota_exceeded);
    CHECK(here.set("/q/a", "1") == errc::ok);
    CHECK(here.set("/q/b", "12345") == errc::ok);
    here.apply_all();
    CHECK(here.data("/zookeeper/quota/q/zookeeper_stats") == "count=4,bytes=6");
}

TEST_CASE(
    "preparation: a create without data passes a byte limit of zero", "[tree][preparation][quota]"
) {
    leader here{with_quota()};
    arm(here, "byteHardLimit=0");
    CHECK(here.create("/q/a", 0, std::nullopt) == errc::ok);
    CHECK(here.create("/q/b", 0, "") == errc::ok);
    CHECK(here.create("/q/c", 0, "1") == errc::quota_exceeded);
}

TEST_CASE("preparation: super users are not exempt from quotas", "[tree][preparation][quota]") {
    leader here{with_quota()};
    arm(here, "countHardLimit=1");
    here.who.push_back({"super", ""});
    CHECK(here.create("/q/a") == errc::quota_exceeded);
}

TEST_CASE("preparation: a discarded request gives its quota back", "[tree][preparation][quota]") {
    leader here{with_quota()};
    arm(here, "countHardLimit=2");
    here.prepare.begin(true);
    REQUIRE(here.try_create("/q/a"));
    REQUIRE(here.try_create("/q/b").error() == errc::quota_exceeded);
    here.prepare.discard();
    CHECK(here.create("/q/a") == errc::ok);
}

TEST_CASE("preparation: closing sessions free their quota", "[tree][preparation][quota]") {
    leader here{with_quota()};
    arm(here, "countHardLimit=2");
    REQUIRE(here.create("/q/a", ephemeral) == errc::ok);
    here.apply_all();
    REQUIRE(here.create("/q/b") == errc::quota_exceeded);
    here.close(session_id{7});
    CHECK(here.create("/q/b") == errc::ok);
}

TEST_CASE("preparation: spoilt statistics and limits limit nothing", "[tree][preparation][quota]") {
    leader here{with_quota()};
    arm(here, "countHardLimit=1");
    REQUIRE(here.set("/zookeeper/quota/q/zookeeper_stats", "garbage") == errc::ok);
    here.apply_all();
    CHECK(here.create("/q/a") == errc::ok);
    REQUIRE(here.set("/zookeeper/quota/q/zookeeper_stats", "count=1,bytes=0") == errc::ok);
    here.apply_all();
    REQUIRE(here.create("/q/b") == errc::quota_exceeded);
    REQUIRE(here.set("/zookeeper/quota/q/zookeeper_limits", "garbage") == errc::ok);
    here.apply_all();
    CHECK(here.create("/q/b") == errc::ok);
}

TEST_CASE(
    "preparation: TTL nodes are reaped when they are old and alone", "[tree][preparation][reap]"
) {
    tree::preparation_settings settings;
    settings.extended_types = true;
    leader here{settings};
    here.now.time_ms = 999;
    REQUIRE(here.create("/t", 5, "", opcode::create_ttl, 100) == errc::ok);
    const auto reaps = [&](std::int64_t now_ms) {
        here.prepare.begin();
        const auto what = here.prepare.reap("/t", now_ms, 0);
        here.prepare.discard();
        return what.has_value();
    };
    CHECK_FALSE(reaps(1'000'000)); // its time is not known yet
    here.apply_all();
    REQUIRE(here.stat_of("/t").mtime_ms == 1000);
    CHECK_FALSE(reaps(1100));
    CHECK(reaps(1101));

    REQUIRE(here.set("/t", "alive") == errc::ok);
    CHECK_FALSE(reaps(1101)); // written meanwhile
    here.apply_all();
    REQUIRE(here.create("/t/child") == errc::ok);
    CHECK_FALSE(reaps(1'000'000)); // has a child soon
    here.apply_all();
    CHECK_FALSE(reaps(1'000'000));
    REQUIRE(here.remove("/t/child") == errc::ok);
    CHECK(reaps(1'000'000));
    REQUIRE(here.remove("/t") == errc::ok);
    CHECK_FALSE(reaps(1'000'000));
}

TEST_CASE(
    "preparation: containers are reaped when they have lost their children",
    "[tree][preparation][reap]"
) {
    leader here;
    here.now.time_ms = 999;
    REQUIRE(here.create("/c", 4, "", opcode::create_container) == errc::ok);
    REQUIRE(here.create("/plain") == errc::ok);
    here.apply_all();
    const auto reap = [&](bytes_view path, std::int64_t never_used_ms) {
        here.prepare.begin();
        return here.prepare.reap(path, 2000, never_used_ms);
    };
    CHECK_FALSE(reap("/c", 0));
    CHECK_FALSE(reap("/c", 1000));
    CHECK(reap("/c", 900));
    here.prepare.discard();
    CHECK_FALSE(reap("/plain", 1));
    CHECK_FALSE(reap("/missing", 1));

    REQUIRE(here.create("/c/child") == errc::ok);
    REQUIRE(here.remove("/c/child") == errc::ok);
    here.apply_all();
    const auto removal = reap("/c", 0);
    REQUIRE(removal);
    here.propose_all({*removal});
    CHECK(here.create("/c/late") == errc::no_node);
    here.apply_all();
    CHECK_FALSE(here.has("/c"));
}
