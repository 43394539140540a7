#include "test/unit/tree/world.hpp"

#include <conclave/log_line.hpp>

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::world;

namespace {

const bytes limits = "/zookeeper/quota/a/b/zookeeper_limits";
const bytes stats = "/zookeeper/quota/a/b/zookeeper_stats";

/// /a/b with two children and seven octets of data, as it was done to a real server.
struct quota_world : world {
    quota_world() {
        create("/a");
        create("/a/b", "12345");
        create("/a/b/c", std::nullopt);
        create("/a/b/d", "xy");
        create("/zookeeper/quota/a");
        create("/zookeeper/quota/a/b");
    }

    void arm(bytes_view text = "count=5,bytes=100") {
        create(limits, text);
        create(stats, "overwritten");
    }

    bytes statistics() { return data(stats).value_or("none"); }
};

std::vector<bytes>& lines() {
    static std::vector<bytes> captured;
    return captured;
}

/// Captures log lines while it lives.
struct captured_log {
    captured_log() {
        lines().clear();
        set_log_sink(
            [](log_level, std::string_view line) { lines().emplace_back(line); }, log_level::warning
        );
    }

    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;

    ~captured_log() { set_log_sink(nullptr, log_level::error); }
};

} // namespace

TEST_CASE("tree quota: new statistics are the real totals", "[tree][quota]") {
    quota_world here;
    here.arm();
    CHECK(here.statistics() == "count=3,bytes=7");
    const stat shown = here.stat_of(stats);
    CHECK(shown.version == 0);
    CHECK(shown.data_length == 15);
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}

TEST_CASE(
    "tree quota: statistics follow each change without a trace of their own", "[tree][quota]"
) {
    quota_world here;
    here.arm();
    stat unchanged = here.stat_of(stats);
    here.seen.events.clear();

    here.create("/a/b/e", "abc");
    CHECK(here.statistics() == "count=4,bytes=10");
    here.set("/a/b/e", "x");
    CHECK(here.statistics() == "count=4,bytes=8");
    here.set("/a/b", "");
    CHECK(here.statistics() == "count=4,bytes=3");
    here.remove("/a/b/d");
    CHECK(here.statistics() == "count=3,bytes=1");
    here.create("/a/b/eph", "12", 7);
    here.now.at = here.now.at.next();
    here.nodes->remove_ephemerals({"/a/b/eph"}, here.now, here.seen);
    CHECK(here.statistics() == "count=3,bytes=1");

    unchanged.data_length = 15;
    CHECK(here.stat_of(stats) == unchanged);
    for (const auto& event : here.seen.events) {
        CHECK(event.path != stats);
    }
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
    CHECK(here.nodes->has_quotas());
}

TEST_CASE("tree quota: what lies beside the prefix is not counted", "[tree][quota]") {
    quota_world here;
    here.arm();
    here.create("/a/bb", "123");
    here.create("/a/x");
    here.set("/a", "123");
    CHECK(here.statistics() == "count=3,bytes=7");
    CHECK_FALSE(here.nodes->quota_of("/a/bb"));
    CHECK(here.nodes->quota_of("/a/b/c")->prefix == "/a/b");
}

TEST_CASE("tree quota: only the longest prefix is updated", "[tree][quota]") {
    quota_world here;
    here.arm();
    here.create("/zookeeper/quota/a/zookeeper_limits", "count=100");
    here.create("/zookeeper/quota/a/zookeeper_stats");
    CHECK(here.data("/zookeeper/quota/a/zookeeper_stats") == "count=4,bytes=7");
    here.create("/a/b/e", "1");
    here.create("/a/f", "1");
    CHECK(here.statistics() == "count=4,bytes=8");
    CHECK(here.data("/zookeeper/quota/a/zookeeper_stats") == "count=5,bytes=8");
}

TEST_CASE("tree quota: removing the limits disarms them", "[tree][quota]") {
    quota_world here;
    here.arm();
    here.remove(limits);
    here.create("/a/b/e", "1");
    CHECK(here.statistics() == "count=3,bytes=7");
    CHECK_FALSE(here.nodes->has_quotas());
}

TEST_CASE("tree quota: limits change with their node and survive a restart", "[tree][quota]") {
    quota_world here;
    here.arm("count=5,bytes=-1=;byteHardLimit=100;countHardLimit=-1");
    CHECK(here.nodes->quota_of("/a/b/x")->limits == tree::quota_limits{5, -1, -1, 100});
    here.set(limits, "countHardLimit=9");
    CHECK(here.nodes->quota_of("/a/b/x")->limits == tree::quota_limits{-1, -1, 9, -1});
    here.restart();
    CHECK(here.nodes->quota_of("/a/b/x")->limits == tree::quota_limits{-1, -1, 9, -1});
    CHECK(here.nodes->quota_of("/a/b/x")->usage == tree::quota_usage{3, 7});
    here.set(limits, "garbage");
    CHECK(here.nodes->quota_of("/a/b/x")->limits == tree::quota_limits{});
    here.create("/a/b/e", "1");
    CHECK(here.statistics() == "count=4,bytes=8");
}

TEST_CASE(
    "tree quota: statistics that a client wrote are the base of what follows", "[tree][quota]"
) {
    quota_world here;
    here.arm();
    here.set(stats, "count=1,bytes=1");
    here.set("/a/b/d", "");
    CHECK(here.statistics() == "count=1,bytes=-1");
    here.set(stats, "count=1");
    here.set("/a/b/d", "1");
    CHECK(here.statistics() == "count=1,bytes=0");
    here.set(stats, "");
    here.set("/a/b/d", "12");
    CHECK(here.statistics() == "count=-1,bytes=0");
    here.set(stats, "count=1,bytes=1,foo=7");
    here.set("/a/b/d", "123");
    CHECK(here.statistics() == "count=1,bytes=2=;foo=7");
    here.set(stats, "count=9223372036854775807");
    here.create("/a/b/e");
    CHECK(here.statistics() == "count=-9223372036854775808,bytes=-1");
    here.set(stats, "garbage");
    here.create("/a/b/f");
    CHECK(here.statistics() == "garbage");
    CHECK_FALSE(here.nodes->quota_of("/a/b/f")->usage);
}

TEST_CASE("tree quota: limits without statistics count nothing", "[tree][quota]") {
    quota_world here;
    here.create(limits, "count=1");
    here.create("/a/b/e");
    CHECK_FALSE(here.has(stats));
    CHECK_FALSE(here.nodes->quota_of("/a/b/e")->usage);
    here.create(stats);
    CHECK(here.statistics() == "count=4,bytes=7");
}

TEST_CASE("tree quota: a prefix that does not exist yet counts from nothing", "[tree][quota]") {
    quota_world here;
    here.create("/zookeeper/quota/new");
    here.create("/zookeeper/quota/new/zookeeper_limits", "count=1");
    here.create("/zookeeper/quota/new/zookeeper_stats");
    CHECK(here.data("/zookeeper/quota/new/zookeeper_stats") == "count=0,bytes=0");
    here.create("/new", "12");
    CHECK(here.data("/zookeeper/quota/new/zookeeper_stats") == "count=1,bytes=2");
}

TEST_CASE("tree quota: exceeded soft limits are logged once a minute", "[tree][quota]") {
    quota_world here;
    here.arm("count=3,bytes=100");
    const captured_log log;
    here.now.time_ms = 1'000'000;
    here.create("/a/b/e");
    REQUIRE(lines().size() == 1);
    CHECK(
        lines().front() ==
        "quota exceeded prefix=/a/b count=4 count_limit=3 size_bytes=7 size_limit_bytes=100"
    );
    here.create("/a/b/f", bytes(200, 'x'));
    CHECK(lines().size() == 1);
    here.now.time_ms += 60'000;
    here.remove("/a/b/e");
    CHECK(lines().size() == 1);
    here.set("/a/b/f", bytes(300, 'x'));
    CHECK(lines().size() == 2);
}

TEST_CASE("tree quota: a soft limit beside a hard one is not looked at", "[tree][quota]") {
    quota_world here;
    here.arm("count=3,countHardLimit=100");
    const captured_log log;
    here.create("/a/b/e");
    CHECK(lines().empty());
}

TEST_CASE("tree quota: repeating a change does not count twice", "[tree][quota]") {
    quota_world here;
    here.arm();
    const auto twice = [&](const tree::change& what) {
        REQUIRE(here.apply(what));
        const bytes once = here.statistics();
        REQUIRE(here.apply_again(what));
        CHECK(here.statistics() == once);
    };
    twice(here.creation("/a/b/e", "123"));
    twice(tree::set_data{"/a/b/e", "1", 1});
    twice(tree::delete_node{"/a/b/e"});
    CHECK(here.statistics() == "count=3,bytes=7");
}
