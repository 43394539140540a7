/// Servers whose trees differ find that out, and who is in the minority is rebuilt (zab 6.7).
#include "test/support/replica_ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using Catch::Matchers::Contains;

namespace {

/// Servers 1 to `count`, all started.
struct running_ensemble : replica_ensemble {
    explicit running_ensemble(std::uint32_t count) : replica_ensemble(count) {
        for (std::uint32_t id = 1; id <= count; ++id) {
            start(id);
        }
    }

    /// As many transactions as lie between two digest points, and one more.
    void write_past_digest_point(std::uint32_t at) {
        for (std::uint32_t count = 0; count <= replica::digest_interval; ++count) {
            const bytes path = "/n" + std::to_string(++newest_request_);
            ask(at, create_frame(newest_request_, path));
        }
    }

    [[nodiscard]] const tree::tree& tree_of(std::uint32_t id) {
        return (*this)[id].server().nodes();
    }

    [[nodiscard]] bool holds_node(std::uint32_t id, bytes_view path) {
        return tree_of(id).find(path).has_value();
    }

private:
    std::int32_t newest_request_ = 0;
};

/// Three servers with a node /lost, of which the checkpoint of one lacks that node from a restart
/// on.
struct diverging_ensemble : running_ensemble {
    diverging_ensemble() : running_ensemble(3) {
        elect();
        ask(1, create_frame(1, "/lost"));
    }

    void diverge(std::uint32_t which) {
        checkpoint(which);
        crash(which);
        lose_node(which, "lost");
        start(which);
        REQUIRE(elect() != 0);
    }

    void delete_lost_node(std::uint32_t at) {
        ask(at, request_frame(2, opcode::remove, bytes{"/lost"}, std::int32_t{-1}));
    }

    /// Time for heartbeats, and for whoever must be rebuilt.
    void recover() {
        for (int count = 0; count < 40; ++count) {
            advance(std::chrono::milliseconds{100});
            settle();
        }
        REQUIRE(elect() != 0);
    }

    [[nodiscard]] bool all_agree() {
        const tree::digest value = tree_of(1).current_digest();
        return tree_of(2).current_digest() == value && tree_of(3).current_digest() == value &&
               tree_of(1).compute_digest() == value;
    }
};

} // namespace

TEST_CASE("digests: servers that agree are left alone", "[replica][digest]") {
    diverging_ensemble servers;
    servers.write_past_digest_point(2);
    servers.recover();
    for (const std::uint32_t id : {1, 2, 3}) {
        CHECK(servers.quarantines(id).empty());
    }
    CHECK(servers.all_agree());
}

TEST_CASE("digests: a follower that has diverged is rebuilt by a snapshot", "[replica][digest]") {
    diverging_ensemble servers;
    const std::uint32_t leader = servers.elect();
    const std::uint32_t follower = leader == 3 ? 1 : leader + 1;
    const std::uint32_t other = 6 - leader - follower;
    servers.diverge(follower);
    REQUIRE(servers.elect() == leader);
    servers.delete_lost_node(leader);
    servers.write_past_digest_point(other);
    servers.recover();
    REQUIRE(servers.quarantines(follower).size() == 1);
    CHECK_THAT(servers.quarantines(follower).front(), Contains("diverged") && Contains("zxid 0x1"));
    CHECK(servers.quarantines(leader).empty());
    CHECK(servers.quarantines(other).empty());
    CHECK(servers.all_agree());
}

TEST_CASE("digests: a leader that has diverged leaves and is rebuilt", "[replica][digest]") {
    diverging_ensemble servers;
    const std::uint32_t leader = servers.elect();
    // It leads again, because the others are stopped and their histories are no newer.
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.checkpoint(id);
    }
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.crash(id);
    }
    servers.lose_node(leader, "lost");
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    REQUIRE(servers.elect() == leader);
    // Where it is missing it may be created once more; elsewhere that does not fit.
    servers.ask(leader, create_frame(7, "/lost"));
    servers.delete_lost_node(leader);
    servers.write_past_digest_point(leader == 1 ? 2 : 1);
    servers.recover();
    CHECK(servers.quarantines(leader).size() == 1);
    for (const std::uint32_t id : {1, 2, 3}) {
        CHECK((id == leader || servers.quarantines(id).empty()));
    }
    CHECK(servers.all_agree());
}

TEST_CASE("digests: without a majority nobody goes on", "[replica][digest]") {
    running_ensemble servers{2};
    const std::uint32_t leader = servers.elect();
    const std::uint32_t follower = 3 - leader;
    servers.ask(leader, create_frame(1, "/lost"));
    servers.checkpoint(follower);
    servers.crash(follower);
    servers.lose_node(follower, "lost");
    servers.start(follower);
    REQUIRE(servers.elect() != 0);
    const std::uint32_t now_leading = servers.elect();
    CHECK_THROWS_WITH(
        [&] {
            servers.ask(now_leading, create_frame(7, "/lost"));
            servers.ask(
                now_leading, request_frame(2, opcode::remove, bytes{"/lost"}, std::int32_t{-1})
            );
            servers.write_past_digest_point(now_leading);
            servers.run_for(std::chrono::milliseconds{100});
        }(),
        Contains("no majority of them agrees")
    );
}

TEST_CASE("quarantine: servers that have lost everything found nothing new", "[replica]") {
    running_ensemble servers{3};
    REQUIRE(servers.elect() != 0);
    servers.ask(1, create_frame(1, "/a"));

    SECTION("one of three is rebuilt") {
        servers.lose_everything(2);
        REQUIRE(servers.elect() != 0);
        CHECK(servers.holds_node(2, "/a"));
    }
    SECTION("two of three wait for somebody to put their state back") {
        for (const std::uint32_t id : {1, 2, 3}) {
            servers.crash(id);
        }
        servers.lose_everything(2);
        servers.lose_everything(3);
        CHECK(servers.elect() == 0);
        servers.start(1);
        CHECK(servers.elect() == 0);
    }
    SECTION("all three do not begin anew as if nothing had been") {
        for (const std::uint32_t id : {1, 2, 3}) {
            servers.crash(id);
        }
        for (const std::uint32_t id : {1, 2, 3}) {
            servers.lose_everything(id);
        }
        CHECK(servers.elect() == 0);
    }
}

TEST_CASE("snapshot: a server without a state gets one and goes on from there", "[replica]") {
    running_ensemble servers{3};
    const std::uint32_t leader = servers.elect();
    const std::uint32_t away = leader == 3 ? 1 : leader + 1;
    servers.crash(away);
    servers.ask(leader, create_frame(1, "/a"));
    // A leader that starts anew has nothing of what is in its checkpoint in memory.
    for (const std::uint32_t id : {1, 2, 3}) {
        if (id != away) {
            servers.checkpoint(id);
            servers.crash(id);
        }
    }
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    REQUIRE(servers.elect() != 0);
    servers.ask(servers.elect(), create_frame(2, "/b"));
    CHECK(servers.installed_count(away) == 1);
    CHECK(servers.holds_node(away, "/a"));
    CHECK(servers.holds_node(away, "/b"));
}
