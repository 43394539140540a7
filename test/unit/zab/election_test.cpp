/// Who may lead, and how soon somebody does (zab 2.4, 3.1).
#include "test/unit/zab/ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

/// What a candidate would ask of the others.
campaign_message campaign_of(std::uint32_t candidate, std::uint32_t number, const position& last) {
    campaign_message made;
    made.asked = {epoch{number}, server_id{candidate}, 1};
    made.last = last;
    return made;
}

/// The answer that waits on its way to the candidate.
denial answer(const ensemble& in, std::uint32_t from, std::uint32_t to) {
    const auto* found = in.find<promise_message>(from, to);
    REQUIRE(found != nullptr);
    return found->reason;
}

} // namespace

TEST_CASE("election: with everybody there it takes no time at all", "[zab][election]") {
    for (const std::uint32_t count : {1U, 2U, 3U, 4U, 5U, 7U}) {
        CAPTURE(count);
        ensemble_options options;
        options.favourite = (count + 1) / 2;
        ensemble servers{voters(count), options};
        servers.start_all();
        servers.stabilize();
        CHECK(servers.leader() == options.favourite);
        CHECK(servers[options.favourite].current_epoch() == epoch{1});
        CHECK(servers.total(&core_counters::elections_lost) == 0);
    }
}

TEST_CASE("election: the newest history leads, whatever the priority", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.crash(1);
    REQUIRE(servers.elect() == "");
    servers.write("one");
    for (const std::uint32_t each : {2U, 3U}) {
        servers.crash(each);
    }
    servers.start_all();
    REQUIRE(servers.elect() == "");
    CHECK(servers.leader() != 1);
    CHECK(servers.agree() == "");
}

TEST_CASE("election: what a voter denies", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    servers.hold(2, 3);
    const position last = servers[2].last();
    const epoch promised = servers[2].promised().to;

    SECTION("a campaign while the leader lives") {
        servers.forge(3, 2, campaign_of(3, 7, last));
        CHECK(answer(servers, 2, 3) == denial::leader_alive);
    }
    servers.crash(1);
    while (servers.drop(2, 3)) {
    }
    SECTION("an epoch that it promised to another") {
        servers.forge(3, 2, campaign_of(3, 1, last));
        CHECK(answer(servers, 2, 3) == denial::stale_epoch);
    }
    SECTION("an older history") {
        servers.forge(3, 2, campaign_of(3, 7, {last.at.next(), {}}));
        servers.stabilize();
        CHECK(answer(servers, 2, 3) == denial::none);
        while (servers.drop(2, 3)) {
        }
        servers.forge(3, 2, campaign_of(3, 8, {at(1, 0), {}}));
        CHECK(answer(servers, 2, 3) == denial::fresher);
        return;
    }
    SECTION("another history of the same length") {
        servers.forge(3, 2, campaign_of(3, 7, {last.at, {1, 2}}));
        CHECK(answer(servers, 2, 3) == denial::fresher);
    }
    SECTION("a candidate that is no member") {
        servers.add(4, voters(4));
        servers.start(4);
        servers.stabilize();
        servers.hold(2, 4);
        servers.forge(4, 2, campaign_of(4, 7, last));
        CHECK(answer(servers, 2, 4) == denial::membership);
    }
    CHECK(servers[2].promised().to == promised); // a denial promises nothing
}

TEST_CASE("election: records on their way to the disk count as held", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold_disk(2);
    const position before = servers[3].last();
    servers.hold(1, 3);
    servers.propose(1, "one");
    servers.stabilize();
    REQUIRE(servers[2].last().at > servers[2].durable());
    servers.crash(1);
    servers.hold(2, 3);
    while (servers.drop(2, 3)) {
    }
    servers.forge(3, 2, campaign_of(3, 7, before));
    CHECK(answer(servers, 2, 3) == denial::fresher);
}

TEST_CASE("election: a candidate does not count a grant that is fresher", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.crash(1);
    servers.hold_disk(3);
    servers.run_for(milliseconds{60});
    REQUIRE(servers[3].current_role() == role::candidate);
    servers.hold(3, 2);
    servers.persist(3);
    promise_message grant;
    grant.asked = servers[3].promised();
    grant.number = attachment{99};
    grant.state.storage = servers.drive(2).storage;
    grant.state.last.at = servers[3].last().at.next();
    servers.forge(2, 3, grant);
    CHECK(servers[3].current_role() == role::candidate);
    CHECK(servers[3].statistics().fresher_grants_discarded == 1);
    grant.state.last = servers[3].last();
    servers.forge(2, 3, grant);
    CHECK(servers[3].current_role() == role::leading_syncing);
}

TEST_CASE("B1: a better candidate that turns up in the middle delays little", "[zab][election]") {
    ensemble servers{voters(5)};
    servers.begin();
    // 1 and 4 have an entry that the others lack.
    for (const std::uint32_t other : {2U, 3U, 5U}) {
        servers.hold(1, other);
    }
    servers.propose(1, "in doubt");
    servers.stabilize();
    servers.crash(1);
    for (const std::uint32_t other : {2U, 3U, 5U}) {
        servers.release(1, other);
        servers.disconnect(4, other);
    }
    // 5 hears 2 and 3, and asks them; then 4 is there.
    servers.hold_disk(5);
    REQUIRE(servers.run_until(
        [&] { return servers[5].current_role() == role::candidate; }, milliseconds{500}
    ));
    for (const std::uint32_t other : {2U, 3U, 5U}) {
        servers.connect(4, other);
    }
    list expected;
    SECTION("its denial comes first: it is asked to campaign itself") {
        servers.hold(2, 5);
        servers.hold(3, 5);
        servers.release_disk(5);
        servers.stabilize();
        servers.release(2, 5);
        servers.release(3, 5);
        expected = {"in doubt"};
    }
    SECTION("the grants of the others come first: they are enough") {
        servers.hold(4, 5);
        servers.release_disk(5);
        servers.stabilize();
        servers.release(4, 5);
    }
    CHECK(servers.run_until([&] { return servers.leader() != 0; }, milliseconds{5 * 1500}));
    CHECK(servers.agree() == "");
    CHECK(servers.applied(4) == expected);
}

TEST_CASE(
    "B6: an emptied voter does not help elect a leader without committed data", "[zab][election]"
) {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(1, 3);
    servers.write("only on 1 and 2");
    servers.wipe(2);
    servers.crash(1);
    servers.release(1, 3);

    servers.start(2);
    servers.run_for(patience);
    CHECK(servers.leader() == 0);
    servers.start(1);
    CHECK(servers.elect() == "");
    CHECK(servers.agree() == "");
    CHECK(servers.applied(2) == list{"only on 1 and 2"});
    CHECK(servers.applied(3) == list{"only on 1 and 2"});

    // Now that it has everything again, it counts under its new storage.
    servers.run_for(milliseconds{300});
    servers.crash(1);
    CHECK(servers.elect() == "");
    servers.write("two");
}

TEST_CASE("B7: a server that promised more and has less holds nobody up", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.isolate(3);
    servers.write("one");
    // While it was alone it promised a high epoch.
    servers.run_for(milliseconds{1500});
    servers.forge(2, 3, campaign_of(2, 9, servers[2].last()));
    servers.stabilize();
    REQUIRE(servers[3].promised().to == epoch{9});

    SECTION("the leader is there: it goes on under a higher epoch") {
        servers.heal();
        CHECK(servers.agree() == "");
        CHECK(servers.leader() == 1);
        CHECK(servers[1].statistics().step_downs == 0);
    }
    SECTION("the leader is gone: the one with the longer log is elected") {
        servers.crash(1);
        servers.heal();
        REQUIRE(servers.elect() == "");
        CHECK(servers.leader() == 2);
    }
    CHECK(servers.agree() == "");
    CHECK(servers[servers.leader()].current_epoch() > epoch{9});
    CHECK(servers.applied(3) == list{"one"});
}

TEST_CASE("election: who must not lead does if nobody else will", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.crash(1);
    servers.impair(2);
    servers.impair(3);
    REQUIRE(servers.elect() == "");
    CHECK(servers.agree() == "");
}

TEST_CASE("election: who alone has the newest history leads, impaired or not", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(1, 3);
    servers.write("one");
    servers.crash(1);
    servers.impair(2);
    REQUIRE(servers.elect() == "");
    servers.run_for(milliseconds{1000});
    CHECK(servers.leader() == 3); // it has handed over
    CHECK(servers.applied(3) == list{"one"});
    CHECK(servers.agree() == "");
}

TEST_CASE("B8: a log that is all checkpoint is as new as its end", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(1, 3);
    servers.write("one");
    servers.checkpoint(2);
    servers.crash(1);
    servers.release(1, 3);
    servers.restart(2);
    REQUIRE(servers[2].entries().memory_count() == 0);
    servers.hold(2, 3);
    servers.forge(3, 2, campaign_of(3, 7, servers[3].last()));
    CHECK(answer(servers, 2, 3) == denial::fresher);
    servers.release(2, 3);
    REQUIRE(servers.elect() == "");
    CHECK(servers.leader() == 2);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"one"});
}

TEST_CASE("election: founding waits for those who helped", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.start(1);
    servers.start(2);
    servers.hold_disk(2);
    servers.run_for(milliseconds{60}); // 2 is asked
    servers.persist(2);
    servers.stabilize(); // 1 leads and knows 2 by its storage; 2 has nothing yet
    REQUIRE(servers[1].current_role() == role::leading_syncing);
    servers.crash(2);
    servers.start(3);
    servers.run_for(patience);
    CHECK(servers.leader() == 0); // 3 was not there, so its storage is not known yet
    servers.release_disk(2);
    servers.start(2);
    CHECK(servers.elect() == "");
    CHECK(servers.agree() == "");
}

TEST_CASE("election: who may not found waits for an ensemble to join", "[zab][election]") {
    ensemble_options options;
    options.joiners = {2, 3};
    ensemble servers{voters(3), options};
    servers.start(1);
    servers.start(2);
    servers.start(3);
    servers.run_for(patience);
    CHECK(servers.leader() == 0);
    CHECK(servers.total(&core_counters::campaigns) == 0); // nobody even tries
    SECTION("until enough of them may") {
        options.joiners = {3};
        ensemble others{voters(3), options};
        others.start_all();
        CHECK(others.elect() == "");
        others.write("one");
        CHECK(others.agree() == "");
        CHECK(others.applied(3) == list{"one"});
        others.crash(others.leader());
        CHECK(others.elect() == "");
        CHECK(others.agree() == "");
    }
}

TEST_CASE("election: no epoch is beyond what a zxid can hold", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    const std::uint32_t leader = servers.leader();
    const std::uint32_t other = leader == 1 ? 2 : 1;

    SECTION("none is granted and what was heard of one is forgotten") {
        servers.isolate(leader);
        servers.forge(leader, other, campaign_of(leader, epoch_max + 1, servers[leader].last()));
        servers.forge(leader, other, reject_message{epoch{0xffffffff}});
        servers.stabilize();
        CHECK(servers[other].promised().to == epoch{1});
        servers.heal();
        CHECK(servers.elect() == "");
        CHECK(servers[servers.leader()].current_epoch() <= epoch{3});
    }
    SECTION("the last one is not followed by another") {
        servers.forge(other, leader, reject_message{epoch{epoch_max}});
        servers.stabilize();
        CHECK(servers.leader() == leader);
        servers.write("two");
        CHECK(servers.agree() == "");
    }
}

TEST_CASE("election: what a stranger says of epochs is not believed", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    const std::uint32_t leader = servers.leader();
    const std::uint32_t other = leader == 1 ? 2 : 1;
    SECTION("in its status") {
        status_message status;
        status.promised = epoch{epoch_max};
        servers.forge(4, other, status);
    }
    SECTION("in its campaign") {
        servers.forge(4, other, campaign_of(4, epoch_max, position{}));
    }
    servers.stabilize();
    servers.crash(leader);
    servers.favour(other);
    CHECK(servers.elect() == "");
    CHECK(servers[servers.leader()].current_epoch() <= epoch{4});
}

TEST_CASE("election: a grant that comes twice attaches its voter once", "[zab][election]") {
    ensemble_options options;
    options.favourite = 1;
    ensemble servers{voters(3), options};
    servers.hold(2, 1);
    servers.start_all();
    std::optional<promise_message> grant;
    while (!grant) {
        servers.run_for(std::chrono::milliseconds{10});
        REQUIRE(servers.waiting(2, 1) > 0);
        if (servers.is_next<promise_message>(2, 1)) {
            grant = *servers.find<promise_message>(2, 1);
        }
        servers.deliver(2, 1);
    }
    servers.release(2, 1);
    servers.stabilize();
    REQUIRE(servers.leader() == 1);
    REQUIRE(grant->reason == denial::none);
    servers.hold(1, 2);
    servers.forge(2, 1, *grant);
    servers.stabilize();
    CHECK(servers.find<welcome_message>(1, 2) == nullptr);
    servers.release(1, 2);
    servers.write("one");
    CHECK(servers.agree() == "");
}

TEST_CASE("election: an empty disk does not stand against a history", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    const std::uint32_t leader = servers.leader();
    const std::uint32_t wiped = leader == 3 ? 1 : leader + 1;
    servers.wipe(wiped);
    servers.crash(leader);
    servers.start(wiped);
    servers.run_for(milliseconds{5000});
    CHECK(servers[wiped].statistics().campaigns == 0);
    CHECK(servers.leader() == 0);
    servers.start(leader);
    REQUIRE(servers.elect() == "");
    CHECK(servers.agree() == "");
}
