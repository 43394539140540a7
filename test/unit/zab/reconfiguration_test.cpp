/// Who belongs to the ensemble changes through the log, and both sides decide meanwhile (zab 5.3,
/// 5.4, 3.4).
#include "test/unit/zab/ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

/// 1 to 3 decide; 4 to `count` follow and have everything.
struct growing_ensemble : ensemble {
    explicit growing_ensemble(std::uint32_t count) : ensemble(voters(3)) {
        begin();
        for (std::uint32_t joiner = 4; joiner <= count; ++joiner) {
            add(joiner, members_of({voter(1), voter(2), voter(3), observer(joiner)}));
            start(joiner);
        }
        write("first");
        run_for(milliseconds{200});
        for (std::uint32_t joiner = 4; joiner <= count; ++joiner) {
            REQUIRE((*this)[1].is_caught_up(server_id{joiner}));
        }
    }
};

membership of_voters(std::initializer_list<std::uint32_t> ids) {
    membership made;
    for (const std::uint32_t id : ids) {
        made.members.push_back(voter(id));
    }
    return made;
}

std::vector<server_id> ids_of(const membership& all) {
    std::vector<server_id> ids;
    for (const member& each : all.members) {
        ids.push_back(each.id);
    }
    return ids;
}

} // namespace

TEST_CASE("reconfiguration: it is activated by itself", "[zab][reconfiguration]") {
    growing_ensemble servers{5};
    servers.change_members(voters(5));
    for (std::uint32_t each = 1; each <= 5; ++each) {
        CAPTURE(each);
        CHECK_FALSE(servers[each].members().is_joint);
        CHECK(servers[each].members().voter_count() == 5);
    }
    CHECK(servers[1].can_change_membership());
    // Three of five decide now.
    servers.crash(2);
    servers.crash(3);
    servers.write("second");
    CHECK(servers.applied(5) == list{"first", "second"});
}

TEST_CASE(
    "reconfiguration: while it is under way both sides must agree", "[zab][reconfiguration]"
) {
    growing_ensemble servers{5};
    const bool lose_old = GENERATE(true, false);
    CAPTURE(lose_old);
    for (const std::uint32_t each : lose_old ? std::vector{2U, 3U} : std::vector{4U, 5U}) {
        servers.hold_disk(each);
    }
    servers.change_members(of_voters({1, 4, 5}));
    CHECK(servers[1].members().is_joint);
    CHECK_FALSE(servers[1].can_change_membership());
    servers.run_for(milliseconds{500});
    CHECK(servers[1].members().is_joint);
    for (std::uint32_t each = 2; each <= 5; ++each) {
        servers.release_disk(each);
    }
    servers.run_for(milliseconds{500});
    CHECK_FALSE(servers[1].members().is_joint);
    CHECK(servers[1].members().voter_count() == 3);
}

TEST_CASE("B60: the membership in the log wins over the one in a file", "[zab][reconfiguration]") {
    ensemble servers{voters(3)};
    servers.start(1);
    servers.start(2);
    REQUIRE(servers.elect() == "");
    servers.add(3, of_voters({3, 4, 5}));
    servers.start(3);
    servers.write("one");
    CHECK(servers.agree() == "");
    servers.run_for(milliseconds{300});
    CHECK(ids_of(servers[3].members().stable) == ids_of(voters(3)));
    servers.crash(servers.leader());
    REQUIRE(servers.elect() == "");
    servers.write("two");
    CHECK(servers.applied(3) == list{"one", "two"});
}

TEST_CASE("B61: joiners that name each other are no ensemble", "[zab][reconfiguration]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    for (const std::uint32_t joiner : {4U, 5U}) {
        servers.add(joiner, voters(5));
        servers.start(joiner);
    }
    for (const std::uint32_t member : {1U, 2U, 3U}) {
        servers.disconnect(member, 4);
        servers.disconnect(member, 5);
    }
    servers.run_for(milliseconds{5000});
    CHECK(servers[4].current_role() == role::looking);
    CHECK(servers[5].current_role() == role::looking);
    servers.heal();
    CHECK(servers.agree() == "");
    CHECK(servers.applied(5) == list{"one"});
    CHECK_FALSE(servers[1].members().is_voter(server_id{4}));
}

TEST_CASE("B61: the vote of a joiner is not counted", "[zab][reconfiguration]") {
    growing_ensemble servers{5};
    servers.crash(1);
    servers.crash(2);
    servers.run_for(patience); // 3, 4 and 5 are a majority of nothing
    CHECK(servers.leader() == 0);
    servers.start(2);
    CHECK(servers.elect() == "");
}

TEST_CASE("B62: a membership decides from append on", "[zab][reconfiguration]") {
    growing_ensemble servers{5};

    SECTION("a quorum of both elects, whoever knows of the change") {
        for (const std::uint32_t other : {2U, 3U}) {
            servers.hold(1, other + 2);
            servers.hold(other, 1);
        }
        servers.change_members(voters(5)); // on 1, 2 and 3, and not committed
        REQUIRE(servers[2].members().is_joint);
        servers.crash(1);
        for (const std::uint32_t other : {2U, 3U}) {
            servers.release(1, other + 2);
            servers.release(other, 1);
        }
        REQUIRE(servers.elect() == "");
        servers.run_for(milliseconds{500});
        CHECK(servers[servers.leader()].members().voter_count() == 5);
    }
    SECTION("one that only the leader has is dropped with it") {
        for (std::uint32_t other = 2; other <= 5; ++other) {
            servers.hold(1, other);
        }
        servers.change_members(voters(5));
        servers.crash(1);
        for (std::uint32_t other = 2; other <= 5; ++other) {
            servers.release(1, other);
        }
        REQUIRE(servers.elect() == "");
        CHECK(servers[servers.leader()].members().voter_count() == 3);
        servers.write("second");
        servers.start(1);
        CHECK(servers.agree() == "");
        CHECK_FALSE(servers[1].members().is_joint);
        CHECK(servers[1].members().voter_count() == 3);
    }
    SECTION("the majority of the old side alone elects nobody once it knows of both") {
        servers.change_members(of_voters({1, 4, 5}));
        servers.write("second");
        servers.crash(1);
        servers.crash(4);
        servers.run_for(patience); // 2, 3 and 5
        CHECK(servers.leader() == 0);
        servers.start(4);
        CHECK(servers.elect() == "");
    }
}

TEST_CASE("C25: a successor activates what is committed", "[zab][reconfiguration]") {
    growing_ensemble servers{4};
    // All have the change, and nobody is told that it is committed.
    for (std::uint32_t other = 2; other <= 4; ++other) {
        servers.hold(other, 1);
    }
    servers.change_members(voters(4));
    REQUIRE(servers[2].members().is_joint);
    servers.crash(1);
    for (std::uint32_t other = 2; other <= 4; ++other) {
        servers.release(other, 1);
    }
    REQUIRE(servers.elect() == "");
    servers.stabilize();
    CHECK_FALSE(servers[servers.leader()].members().is_joint);
    CHECK(servers[servers.leader()].members().voter_count() == 4);
    CHECK(servers.total(&core_counters::activations_by_successor) == 1);
    servers.start(1);
    CHECK(servers.agree() == "");
}

TEST_CASE(
    "5.3: once a change is done its members do without the others, for ever",
    "[zab][reconfiguration]"
) {
    growing_ensemble servers{6};
    servers.change_members(of_voters({4, 5, 6}));
    REQUIRE(servers.run_until([&] { return servers.leader() >= 4; }, patience));
    CHECK(servers.agree() == "");
    for (const std::uint32_t removed : {1U, 2U, 3U}) {
        servers.crash(removed);
    }
    SECTION("while they run") {}
    SECTION("after a restart of one") {
        servers.restart(5);
    }
    SECTION("after a restart of all") {
        for (const std::uint32_t each : {4U, 5U, 6U}) {
            servers.restart(each);
        }
    }
    REQUIRE(servers.elect() == "");
    servers.write("second");
    CHECK(servers.agree() == "");
    CHECK(servers.applied(4) == list{"first", "second"});
}

TEST_CASE(
    "5.3: that a change is done is in the log, not in anybody's memory", "[zab][reconfiguration]"
) {
    growing_ensemble servers{6};
    // The members of the new side have change and activation on disk, and nothing behind them that
    // tells that these were committed.
    servers.change_members(of_voters({1, 4, 5, 6}));
    REQUIRE_FALSE(servers[4].members().is_joint);
    for (std::uint32_t each = 1; each <= 6; ++each) {
        servers.crash(each);
    }
    for (const std::uint32_t each : {4U, 5U, 6U}) {
        servers.start(each);
    }
    REQUIRE(servers.elect() == "");
    servers.write("second");
    CHECK(servers.agree() == "");
}

TEST_CASE("reconfiguration: down to one, and it serves alone", "[zab][reconfiguration]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("first");
    servers.change_members(of_voters({1}));
    servers.crash(2);
    servers.crash(3);
    servers.write("second");
    servers.restart(1);
    REQUIRE(servers.elect() == "");
    servers.write("third");
    CHECK(servers.applied(1) == list{"first", "second", "third"});
    // Those that were removed do not disturb, and follow.
    servers.start(2);
    servers.start(3);
    CHECK(servers.agree() == "");
    CHECK(servers.leader() == 1);
}

TEST_CASE("reconfiguration: a leader that is removed hands over", "[zab][reconfiguration]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("first");

    SECTION("at once") {
        servers.change_members(of_voters({2, 3}));
    }
    SECTION("later, if its first attempt fails") {
        servers.hold(1, 2);
        servers.hold(1, 3);
        servers.change_members(of_voters({2, 3}));
        for (int turn = 0; turn < 100; ++turn) {
            const std::uint32_t to = 2 + turn % 2;
            if (servers.is_next<transfer_message>(1, to)) {
                servers.drop(1, to);
            } else {
                servers.deliver(1, to);
            }
            servers.stabilize();
        }
        REQUIRE(servers[1].statistics().transfers_begun == 1);
        servers.release(1, 2);
        servers.release(1, 3);
    }
    CHECK(servers.run_until([&] { return servers.leader() > 1; }, patience));
    CHECK(servers.agree() == "");
    servers.write("second");
    CHECK(servers.applied(1) == list{"first", "second"});
    servers.crash(1);
    servers.write("third");
}

TEST_CASE("B63: removed and added again, in the same process", "[zab][reconfiguration]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("first");
    servers.change_members(of_voters({1, 2}));
    servers.write("second");

    SECTION("with its disk") {}
    SECTION("with an empty one") {
        servers.wipe(3);
        servers.start(3);
    }
    servers.write("third");
    servers.run_for(milliseconds{300});
    REQUIRE(servers[1].is_caught_up(server_id{3}));
    servers.change_members(voters(3));
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"first", "second", "third"});
    servers.crash(1);
    REQUIRE(servers.elect() == ""); // its vote counts
}

TEST_CASE("5.4: a replaced disk is admitted by a change of the members", "[zab][reconfiguration]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("first");
    const auto admitted = servers[1].statistics().storages_admitted;
    servers.wipe(3);
    servers.start(3);
    const zxid lone = servers.write("second");
    CHECK(servers[1].committed() >= lone); // by 1 and 2
    servers.run_for(milliseconds{500});
    CHECK(servers[1].members().find(server_id{3})->storage == servers.drive(3).storage);
    CHECK(servers[1].statistics().storages_admitted == admitted + 1);
    servers.crash(2);
    servers.write("third");
    CHECK(servers.applied(3) == list{"first", "second", "third"});
}

TEST_CASE("5.4: admitting a storage is no other configuration", "[zab][reconfiguration]") {
    ensemble servers{voters(3)};
    servers.begin();
    const membership before = servers[1].members().stable;
    servers.wipe(3);
    servers.start(3);
    servers.write("first");
    servers.run_for(milliseconds{500});
    const membership admitted = servers[1].members().stable;
    CHECK(admitted.version > before.version);
    CHECK(admitted.configured == before.configured);
    CHECK_FALSE(servers[1].is_admitting());
    servers.change_members(voters(2));
    const membership asked_for = servers[1].members().stable;
    CHECK(asked_for.configured == asked_for.version);
}

TEST_CASE("5.4: a new membership keeps the votes that there are", "[zab][reconfiguration]") {
    growing_ensemble servers{5};
    membership next = of_voters({1, 2, 4, 9});
    next = servers[1].with_storages(next);
    CHECK(next.find(server_id{1})->storage == servers.drive(1).storage);
    CHECK(next.find(server_id{2})->storage == servers.drive(2).storage);
    CHECK(next.find(server_id{4})->storage == servers.drive(4).storage); // follows now
    CHECK(next.find(server_id{9})->storage == storage_id{});             // was never seen
    CHECK(servers[1].could_decide(next));

    servers.wipe(2);
    servers.start(2);
    servers.hold_disk(2);
    servers.run_for(milliseconds{200});
    next = servers[1].with_storages(of_voters({1, 2, 4}));
    CHECK(next.find(server_id{2})->storage != servers.drive(2).storage); // that is lost
}

TEST_CASE(
    "I36: until it is admitted its acknowledgement is not counted", "[zab][reconfiguration]"
) {
    ensemble servers{voters(3)};
    servers.begin();
    servers.wipe(3);
    servers.crash(2);
    servers.start(3);
    servers.stabilize();
    const zxid alone = servers.propose(1, "alone");
    servers.run_for(milliseconds{500});
    CHECK(servers[3].last().at >= alone);
    CHECK(servers[1].committed() < alone);
}
