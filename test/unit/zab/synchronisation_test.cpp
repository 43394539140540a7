/// How the log of a follower becomes a copy of the leader's, whatever it held (zab 3.2).
#include "test/unit/zab/forked_ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

} // namespace

TEST_CASE("B14: a longer log of an older epoch is cut exactly where it forks", "[zab][history]") {
    for (const std::size_t uncommitted : {1U, 2U, 70U}) {
        CAPTURE(uncommitted);
        forked_ensemble servers{uncommitted};

        SECTION("when the others go on") {}
        SECTION("when all of them restart first") {
            servers.restart(2);
            servers.restart(3);
            REQUIRE(servers.elect() == "");
        }
        servers.start(1);
        CHECK(servers.agree() == "");
        CHECK(servers[1].statistics().entries_truncated == uncommitted);
        CHECK(servers.applied(1) == list{"common", "instead"});
        CHECK(servers.log(1) == servers.log(2));
        servers.restart(1);
        CHECK(servers.agree() == "");
        CHECK(servers.log(1) == servers.log(2));
    }
}

TEST_CASE("B14: a server that is behind keeps everything that it has", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    servers.crash(3);
    servers.write("two");
    servers.start(3);
    CHECK(servers.agree() == "");
    CHECK(servers[3].statistics().truncations == 0);
    CHECK(servers.applied(3) == list{"one", "two"});
}

TEST_CASE("B15: a checkpoint holds nothing that may be truncated", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    servers.hold(1, 2);
    servers.hold(1, 3);
    servers.propose(1, "never committed");
    servers.stabilize();
    servers.checkpoint(1);
    CHECK(servers.drive(1).newest_checkpoint().state.at.at < servers[1].last().at);
    servers.crash(1);
    servers.release(1, 2);
    servers.release(1, 3);
    REQUIRE(servers.elect() == "");
    servers.write("instead");
    servers.start(1);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(1) == list{"one", "instead"});
}

TEST_CASE("B16: a leader that lost and comes back has no memory beside its log", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    servers.isolate(1);
    servers.propose(1, "in doubt");
    servers.stabilize();
    list expected{"one"};

    SECTION("it leads again before anybody else does: what was in doubt is committed") {
        servers.isolate(2);
        servers.run_for(milliseconds{1500});
        CHECK(servers.leader() == 0);
        servers.heal();
        REQUIRE(servers.elect() == "");
        CHECK(servers.leader() == 1);
        expected.push_back("in doubt");
    }
    SECTION("another leader comes between: it is dropped") {
        REQUIRE(servers.run_until([&] { return servers.leader() > 1; }, patience));
        servers.write("two");
        expected.push_back("two");
        servers.heal();
    }
    CHECK(servers.agree() == "");
    CHECK(servers.applied(1) == expected);
    servers.restart(1);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(1) == expected);
    CHECK(servers.applied(2) == expected);
}

TEST_CASE("B17: what a new leader serves is on the disks of a quorum", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(1, 2);
    servers.hold(1, 3);
    servers.propose(1, "only here");
    servers.stabilize();
    for (std::uint32_t each = 1; each <= 3; ++each) {
        servers.crash(each);
    }
    servers.release(1, 2);
    servers.release(1, 3);
    servers.start_all();
    // Promises become durable, entries do not.
    while (servers[1].current_role() != role::leading_syncing) {
        REQUIRE(servers.step());
    }
    servers.hold_disk(2);
    servers.hold_disk(3);
    servers.stabilize();
    CHECK(servers[2].last().at == servers[1].last().at);
    CHECK(servers[1].current_role() == role::leading_syncing);
    CHECK(servers.applied(1).empty());

    while (servers.persist(2)) {
    }
    servers.stabilize();
    REQUIRE(servers[1].current_role() == role::leading);
    CHECK(servers.applied(1) == list{"only here"});

    // Now the leader goes for good, and the others lose what was not on disk.
    for (std::uint32_t each = 1; each <= 3; ++each) {
        servers.crash(each);
    }
    servers.release_disk(2);
    servers.release_disk(3);
    servers.start(2);
    servers.start(3);
    REQUIRE(servers.elect() == "");
    CHECK(servers.leader() == 2);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"only here"});
}

TEST_CASE("B23: who was behind passes on everything when it leads", "[zab][history]") {
    ensemble_options options;
    options.limits.memory_count = GENERATE(1U, 3U, 1000U);
    ensemble servers{voters(3), options};
    servers.begin();
    servers.write("one");
    servers.crash(3);
    servers.write("two");
    servers.crash(2);
    servers.start(3);
    CHECK(servers.agree() == "");
    servers.write("three");
    servers.start(2);
    CHECK(servers.agree() == "");
    servers.write("four");
    servers.crash(3);
    servers.write("five");
    servers.crash(1); // 2, which was behind, must lead
    servers.start(3);
    REQUIRE(servers.elect() == "");
    CHECK(servers.leader() == 2);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"one", "two", "three", "four", "five"});
    CHECK(servers.log(3) == servers.log(2));
    CHECK(servers[3].statistics().truncations == 0);
}

TEST_CASE("B28: from every source with every length of log and memory", "[zab][history]") {
    for (const std::size_t kept : {0U, 2U, 5U, 100U}) {
        for (const std::size_t lag : {0U, 1U, 3U, 8U}) {
            for (const bool source_restarts : {false, true}) {
                CAPTURE(kept, lag, source_restarts);
                ensemble_options options;
                options.limits.memory_count = 2;
                ensemble servers{voters(3), options};
                servers.begin();
                servers.write("first");
                // 3 joins from 1, then 2 from 3, then 1 from 2.
                for (const std::uint32_t behind : {3U, 2U, 1U}) {
                    const std::uint32_t source = behind % 3 + 1;
                    if (servers.leader() != source) {
                        servers.transfer(servers.leader(), source);
                        servers.stabilize();
                    }
                    REQUIRE(servers.leader() == source);
                    servers.crash(behind);
                    for (std::size_t count = 0; count < lag; ++count) {
                        servers.write("missed");
                    }
                    servers.checkpoint(source, kept);
                    if (source_restarts) {
                        servers.favour(source);
                        servers.restart(source);
                        REQUIRE(servers.elect() == "");
                    }
                    servers.start(behind);
                    CHECK(servers.agree() == "");
                    CHECK(servers[behind].last() == servers[source].last());
                    servers.write("afterwards");
                    CHECK(servers.agree() == "");
                }
                CHECK(servers.applied(1).size() == 1 + 3 * (lag + 1));
            }
        }
    }
}

TEST_CASE("2.7: what is read for a follower is bounded until it answers", "[zab][history]") {
    ensemble_options options;
    options.limits.memory_count = 1;
    options.limits.batch_count = 1;
    options.limits.window_size = 150;
    ensemble servers{voters(3), options};
    servers.begin();
    REQUIRE(servers.leader() == 1);
    servers.write("common");
    servers.crash(3);
    for (std::size_t count = 0; count < 10; ++count) {
        servers.write(bytes(100, 'x'));
    }
    const std::size_t before = servers.log(3).size();
    servers.hold(3, 1);
    servers.start(3);
    for (bool is_following = false; !is_following;) {
        servers.stabilize();
        REQUIRE(servers.waiting(3, 1) > 0);
        is_following = servers.is_next<follow_message>(3, 1);
        servers.deliver(3, 1);
    }
    servers.stabilize();
    // One to find the common place with, until the follower has said that it has it.
    CHECK(servers.log(3).size() <= before + 2);
    servers.release(3, 1);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3).size() == 11);
}

TEST_CASE("rule 5: an older entry is committed with the EpochStart only", "[zab][history]") {
    ensemble_options options;
    options.limits.batch_count = 1; // the older entry comes before the EpochStart
    ensemble servers{voters(3), options};
    servers.begin();
    servers.hold(1, 2);
    servers.hold(1, 3);
    const zxid older = servers.propose(1, "only here");
    servers.stabilize();
    for (std::uint32_t each = 1; each <= 3; ++each) {
        servers.crash(each);
    }
    servers.release(1, 2);
    servers.release(1, 3);
    servers.start_all();
    while (servers[1].current_role() != role::leading_syncing) {
        REQUIRE(servers.step());
    }
    servers.hold(1, 2);
    servers.hold(1, 3);
    while (servers[2].last().at < older) {
        REQUIRE(servers.deliver(1, 2));
    }
    servers.stabilize();
    REQUIRE(servers[1].followers().at(server_id{2}).matched == older);
    CHECK(servers[1].committed() < older); // two of three have it, and it may still be lost
    servers.release(1, 2);
    servers.stabilize();
    CHECK(servers.applied(1) == list{"only here"});
}

TEST_CASE("S9: what is committed is never truncated, whoever asks for it", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    const position common = servers[2].last();
    servers.write("committed");
    const position last = servers[2].last();
    // 3 claims to lead a history that lacks it.
    servers.hold(2, 3);
    campaign_message campaign;
    campaign.asked = {epoch{9}, server_id{3}, 1};
    campaign.last = {at(8, 0), {}};
    campaign.is_transfer = true;
    servers.forge(3, 2, campaign);
    servers.stabilize();
    REQUIRE(servers.find<promise_message>(2, 3) != nullptr);
    const attachment number = servers.find<promise_message>(2, 3)->number;

    SECTION("by its entries") {
        entry fork;
        fork.at = at(9, 0);
        fork.previous = common.at;
        fork.kind = entry_kind::epoch_start;
        fork.chain = chain_after(common.chain, fork);
        servers.forge(3, 2, welcome_message{campaign.asked, number, common.at, false});
        servers.forge(
            3,
            2,
            append_message{epoch{9}, number, common, {std::make_shared<entry>(fork)}, {}, {}, false}
        );
    }
    SECTION("by the place where they part") {
        servers.forge(3, 2, welcome_message{campaign.asked, number, common.at, true});
    }
    CHECK_FALSE(servers[2].quarantine().empty());
    CHECK(servers[2].current_role() == role::stopped);
    servers.stabilize();
    CHECK(servers.log(2).back() == last.at);
}

TEST_CASE("S9: a leader tells a follower that has applied something else", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    follower_state state;
    state.storage = servers.drive(2).storage;
    state.boot = 99;
    state.last = {at(1, 70), {1, 2}};
    state.epochs = {state.last};
    state.applied = state.last.at;
    servers.hold(1, 2);
    servers.forge(2, 1, follow_message{attachment{1}, state});
    while (!servers.is_next<welcome_message>(1, 2)) {
        REQUIRE(servers.drop(1, 2));
    }
    CHECK(servers.find<welcome_message>(1, 2)->is_divergent);
}
