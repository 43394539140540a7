/// Failure of the leader, message by message, and crashes between any two of its steps (zab 2.5.1,
/// 2.11).
#include "test/unit/zab/ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

/// Leader 1 has "one", "two" and "three", 2 has "one" and "two", 3 has "one": "two" is committed,
/// "three" is not.
struct uneven_ensemble : ensemble {
    uneven_ensemble() : ensemble(voters(3)) {
        begin();
        one = write("one");
        hold(1, 3);
        two = write("two");
        hold(1, 2);
        three = propose(1, "three");
        stabilize();
        REQUIRE((*this)[1].last().at == three);
        REQUIRE((*this)[1].committed() == two);
        REQUIRE((*this)[2].last().at == two);
        REQUIRE((*this)[3].last().at == one);
    }

    /// The leader's process is gone for now.
    void lose_leader() {
        crash(1);
        release(1, 2);
        release(1, 3);
    }

    zxid one;
    zxid two;
    zxid three;
};

} // namespace

TEST_CASE(
    "2.5.1: the best of those that are left leads, and an uncommitted tail is dropped",
    "[zab][failover]"
) {
    uneven_ensemble servers;
    servers.lose_leader();

    // Both look at once, without waiting for the lease, and wait for the missing voter only a
    // moment.
    CHECK(servers[2].current_role() == role::looking);
    CHECK(servers[3].current_role() == role::looking);
    servers.stabilize();
    CHECK(servers[2].current_role() == role::looking);
    servers.hold_disk(2);
    servers.hold_disk(3);
    REQUIRE(servers.run_until(
        [&] { return servers[2].current_role() == role::candidate; }, milliseconds{60}
    ));

    // The own promise is on disk before anybody is asked for theirs.
    CHECK(servers.find<campaign_message>(2, 3) == nullptr);
    servers.persist(2);
    REQUIRE(servers.find<campaign_message>(2, 3) != nullptr);
    CHECK(servers.find<campaign_message>(2, 3)->asked.to == epoch{2});
    CHECK(servers.find<campaign_message>(2, 3)->last.at == servers.two);

    // So is the promise of the voter before it is told, with where its history ends.
    servers.deliver_next<campaign_message>(2, 3);
    CHECK(servers.find<promise_message>(3, 2) == nullptr);
    servers.persist(3);
    REQUIRE(servers.find<promise_message>(3, 2) != nullptr);
    CHECK(servers.find<promise_message>(3, 2)->reason == denial::none);
    CHECK(servers.find<promise_message>(3, 2)->state.last.at == servers.one);

    // The epoch begins; what the follower lacks is sent at once, the EpochStart behind it.
    servers.deliver_next<promise_message>(3, 2);
    CHECK(servers[2].current_role() == role::leading_syncing);
    REQUIRE(servers.find<welcome_message>(2, 3) != nullptr);
    CHECK(servers.find<welcome_message>(2, 3)->common == servers.one);
    const auto* sent = servers.find<append_message>(2, 3);
    REQUIRE(sent != nullptr);
    REQUIRE(sent->entries.size() == 2);
    CHECK(sent->entries[0]->at == servers.two);
    CHECK(sent->entries[1]->at == at(2, 0));

    // One write for both, before they are acknowledged.
    servers.deliver_next<append_message>(2, 3);
    CHECK(servers.unwritten(3) == 1);
    while (servers.persist(3)) {
    }
    while (servers.deliver_next<acknowledge_message>(3, 2)) {
    }
    CHECK(servers[2].current_role() == role::leading_syncing); // its own disk lags
    servers.persist(2);
    CHECK(servers[2].current_role() == role::leading);
    CHECK(servers[2].committed() == at(2, 0));
    CHECK(servers.applied(2) == list{"one", "two"});

    // The follower learns it, and serves.
    CHECK(servers[3].current_role() == role::following_syncing);
    servers.release_disk(2);
    servers.release_disk(3);
    servers.stabilize();
    CHECK(servers[3].current_role() == role::following);
    CHECK(servers.applied(3) == list{"one", "two"});

    // The old leader drops what was never committed, and exactly that.
    servers.start(1);
    servers.stabilize();
    CHECK(servers[1].statistics().entries_truncated == 1);
    CHECK(servers.log(1).back() == at(2, 0));
    CHECK(servers.log(1) == servers.log(2));
    CHECK(servers.disagreement() == "");
}

TEST_CASE("C2, C3: a crash around a promise loses at most that vote", "[zab][failover]") {
    uneven_ensemble servers;
    servers.lose_leader();
    servers.hold_disk(3);
    servers.run_for(milliseconds{60});
    servers.stabilize();
    REQUIRE(servers.unwritten(3) == 1);

    SECTION("before it is durable") {
        servers.restart(3);
        CHECK(servers[3].promised().to == epoch{1});
    }
    SECTION("after it is durable and before it is told") {
        servers.restart(3, 2); // what is known to be committed, and the promise
        CHECK(servers[3].promised().to == epoch{2});
    }
    servers.release_disk(3);
    CHECK(servers.run_until([&] { return servers.leader() == 2; }, milliseconds{5000}));
    servers.stabilize();
    CHECK(servers.applied(3) == list{"one", "two"});
    CHECK(servers.disagreement() == "");
}

TEST_CASE("C4: an epoch whose start was never durable is burnt", "[zab][failover]") {
    uneven_ensemble servers;
    servers.lose_leader();
    servers.hold_disk(2);
    servers.hold_disk(3);
    servers.run_for(milliseconds{60});
    servers.persist(2);
    servers.deliver_next<campaign_message>(2, 3);
    servers.persist(3);
    servers.deliver_next<promise_message>(3, 2);
    REQUIRE(servers[2].current_role() == role::leading_syncing);

    SECTION("and nobody has heard of it") {
        servers.restart(2);
        servers.release_disk(2);
        servers.release_disk(3);
        CHECK(servers.elect() == "");
        CHECK(servers[servers.leader()].current_epoch() > epoch{2});
    }
    SECTION("unless a follower has it") {
        servers.deliver_next<append_message>(2, 3);
        while (servers.persist(3)) {
        }
        servers.crash(2);
        CHECK(servers.log(3).back() == at(2, 0));
        servers.start(2);
        servers.release_disk(2);
        servers.release_disk(3);
        CHECK(servers.elect() == "");
        CHECK(servers.leader() == 3); // its history is the newest now, and complete
    }
    servers.stabilize();
    CHECK(servers.applied(2) == list{"one", "two"});
    CHECK(servers.disagreement() == "");
}

TEST_CASE("C5: an EpochStart on a minority is extended or truncated", "[zab][failover]") {
    ensemble servers{voters(5)};
    servers.begin();
    servers.write("one");
    servers.isolate(2);
    servers.transfer(1, 3);
    for (std::uint32_t other = 1; other <= 5; ++other) {
        servers.hold(3, other);
    }
    servers.stabilize();
    for (const std::uint32_t voter : {1U, 4U, 5U}) {
        servers.deliver_next<campaign_message>(3, voter);
    }
    servers.stabilize();
    REQUIRE(servers[3].current_role() == role::leading_syncing);
    const zxid start = servers[3].last().at;
    servers.deliver_next<append_message>(3, 4);
    servers.stabilize();
    REQUIRE(servers.log(4).back() == start);
    servers.crash(3);

    bool is_extended = false;
    SECTION("it is extended if one that has it is elected") {
        is_extended = true;
    }
    SECTION("it is truncated if others are") {
        servers.crash(4);
    }
    for (std::uint32_t other = 1; other <= 5; ++other) {
        servers.release(3, other);
    }
    servers.heal();
    REQUIRE(servers.elect() == "");
    servers.write("two");
    servers.start_all();
    servers.run_for(milliseconds{200});
    const std::vector<zxid> log = servers.log(1);
    CHECK((std::find(log.begin(), log.end(), start) != log.end()) == is_extended);
    CHECK(servers.applied(3) == list{"one", "two"});
    CHECK(servers.disagreement() == "");
}

TEST_CASE("C6 to C10: a crash anywhere in a truncating synchronisation", "[zab][failover]") {
    for (std::size_t records_kept = 0; records_kept <= 8; ++records_kept) {
        CAPTURE(records_kept);
        uneven_ensemble servers;
        servers.lose_leader();
        servers.run_for(milliseconds{100});
        REQUIRE(servers.leader() == 2);
        servers.write("four");
        servers.hold_disk(1);
        servers.start(1);
        servers.stabilize();
        servers.restart(1, records_kept);
        CHECK(servers[1].promised().to >= servers[1].last().at.in_epoch());

        // Nothing that it has now makes it a leader that lacks something.
        servers.release_disk(1);
        servers.crash(2);
        CHECK(servers.elect() == "");
        servers.start(2);
        servers.run_for(milliseconds{100});
        CHECK(servers.applied(1) == list{"one", "two", "four"});
        CHECK(servers.disagreement() == "");
    }
}

TEST_CASE("C14: followers may commit what the leader has not on disk", "[zab][failover]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold_disk(1);
    const zxid one = servers.propose(1, "one");

    SECTION("with one follower they may not: it and the leader's memory are no quorum") {
        servers.hold_disk(3);
        servers.stabilize();
        CHECK(servers[1].committed() < one);
        servers.release_disk(3);
    }
    SECTION("with both they may; the leader applies it once it has it") {
        servers.stabilize();
        CHECK(servers[1].committed() == one);
        CHECK(servers.applied(1).empty());
        CHECK(servers.applied(2) == list{"one"});
        servers.crash(1);
        CHECK(servers.elect() == "");
        servers.start(1);
    }
    servers.release_disk(1);
    servers.run_for(milliseconds{100});
    CHECK(servers.applied(1) == list{"one"});
    CHECK(servers.disagreement() == "");
}

TEST_CASE("C17: a quorum has it, nobody was told, the leader is gone", "[zab][failover]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(2, 1);
    servers.hold(3, 1);
    const zxid one = servers.propose(1, "one");
    servers.stabilize();
    REQUIRE(servers[1].committed() < one);
    servers.crash(1);
    servers.release(2, 1);
    servers.release(3, 1);
    CHECK(servers.elect() == "");
    servers.stabilize();
    CHECK(servers.applied(2) == list{"one"});
    CHECK(servers.applied(3) == list{"one"});
}

TEST_CASE("C26: all lose power at once, whatever reached their disks", "[zab][failover]") {
    for (std::size_t kept = 0; kept < 64; ++kept) {
        CAPTURE(kept);
        ensemble servers{voters(3)};
        servers.begin();
        servers.write("one");
        for (std::uint32_t each = 1; each <= 3; ++each) {
            servers.hold_disk(each);
        }
        servers.propose(1, "two");
        servers.stabilize();
        servers.propose(1, "three");
        servers.stabilize();
        servers.crash(1, kept % 4);
        servers.crash(2, kept / 4 % 4);
        servers.crash(3, kept / 16 % 4);
        for (std::uint32_t each = 1; each <= 3; ++each) {
            servers.release_disk(each);
        }
        servers.start_all();
        CHECK(servers.elect() == "");
        servers.run_for(milliseconds{100});
        REQUIRE_FALSE(servers.applied(1).empty());
        CHECK(servers.applied(1).front() == "one");
        CHECK(servers.disagreement() == "");
    }
}
