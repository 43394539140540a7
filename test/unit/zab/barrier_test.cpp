/// A read behind a barrier sees every write that was acknowledged before, whoever believes to lead
/// (zab 4.1, 3.4).
#include "test/unit/zab/ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

/// Nobody may be told that leadership is confirmed at a place before `written`.
bool is_stale(const ensemble& in, std::uint64_t token, zxid written) {
    const barrier_result* result = in.barrier_of(token);
    return result != nullptr && result->is_confirmed && result->at < written;
}

} // namespace

TEST_CASE("barrier: every server can ask, and waits for what was committed", "[zab][barrier]") {
    ensemble servers{members_of({voter(1), voter(2), voter(3), observer(4)})};
    servers.begin();
    const zxid one = servers.write("one");
    for (std::uint32_t asking = 1; asking <= 4; ++asking) {
        CAPTURE(asking);
        const auto token = servers.barrier(asking);
        CHECK(servers.barrier_of(token) == nullptr);
        servers.stabilize();
        REQUIRE(servers.barrier_of(token) != nullptr);
        CHECK(servers.barrier_of(token)->is_confirmed);
        CHECK(servers.barrier_of(token)->at == one);
    }
}

TEST_CASE("barrier: those that wait at one server share a message", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(2, 1);
    std::vector<std::uint64_t> tokens;
    for (int count = 0; count < 12; ++count) {
        tokens.push_back(servers.barrier(2));
    }
    CHECK(servers.waiting(2, 1) == 1); // the others wait for its answer
    servers.release(2, 1);
    servers.stabilize();
    for (const std::uint64_t token : tokens) {
        REQUIRE(servers.barrier_of(token) != nullptr);
        CHECK(servers.barrier_of(token)->is_confirmed);
    }
}

TEST_CASE("barrier: without a quorum nothing is confirmed", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.isolate(1);
    const auto token = servers.barrier(1);
    servers.stabilize();
    CHECK(servers.barrier_of(token) == nullptr);
    servers.run_for(milliseconds{1200});
    REQUIRE(servers.barrier_of(token) != nullptr);
    CHECK_FALSE(servers.barrier_of(token)->is_confirmed);
}

TEST_CASE("barrier: an answer to an earlier round confirms nothing", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(2, 1);
    servers.hold(3, 1);
    servers.run_for(milliseconds{300}); // answers to these rounds are on the way
    const auto token = servers.barrier(1);
    while (servers.deliver(2, 1) || servers.deliver(3, 1)) {
    }
    CHECK(servers.barrier_of(token) == nullptr);
    servers.release(2, 1);
    servers.stabilize();
    REQUIRE(servers.barrier_of(token) != nullptr);
    CHECK(servers.barrier_of(token)->is_confirmed);
}

TEST_CASE("B52: what a leader decided in its sleep is not committed", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("open a session");

    SECTION("its process was paused") {
        servers.pause(1);
    }
    SECTION("it was alone") {
        servers.isolate(1);
    }
    servers.run_until([&] { return servers.leader() > 1; }, patience);
    REQUIRE(servers.leader() > 1);
    servers.write("touch the session");
    servers.resume(1);
    if (servers[1].can_propose()) { // it does not know yet
        servers.propose(1, "expire the session");
    }
    servers.heal();
    CHECK(servers.agree() == "");
    servers.write("go on");
    CHECK(servers.applied(1) == list{"open a session", "touch the session", "go on"});
    CHECK(servers.applied(2) == servers.applied(1));
}

TEST_CASE("B56: a deposed leader confirms nothing", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("old");
    servers.pause(1);
    REQUIRE(servers.run_until([&] { return servers.leader() > 1; }, patience));
    const auto next = servers.leader();
    const zxid written = servers.write("new");
    servers.resume(1);
    REQUIRE(servers[1].current_role() == role::leading); // as far as it knows

    const auto token = servers.barrier(1);
    const auto same_token = servers.barrier(1);
    servers.stabilize();
    servers.run_for(milliseconds{200});
    REQUIRE(servers.barrier_of(token) != nullptr);
    CHECK_FALSE(servers.barrier_of(token)->is_confirmed);
    CHECK_FALSE(servers.barrier_of(same_token)->is_confirmed);
    CHECK(servers.agree() == "");
    CHECK(servers.leader() == next);
    const auto later = servers.barrier(1);
    servers.stabilize();
    REQUIRE(servers.barrier_of(later) != nullptr);
    CHECK(servers.barrier_of(later)->at >= written);
}

TEST_CASE("B56: a deposed leader that feels no time pass serves no follower", "[zab][barrier]") {
    ensemble servers{voters(5)};
    servers.begin();
    // 1 and 2 on one side, three on the other, who are told at once.
    for (const std::uint32_t one : {1U, 2U}) {
        for (const std::uint32_t other : {3U, 4U, 5U}) {
            servers.disconnect(one, other, link_loss::refused);
        }
    }
    servers.pause(1);
    servers.pause(2);
    REQUIRE(servers.run_until([&] { return servers.leader() > 2; }, patience));
    servers.write("new");
    servers.resume(1);
    servers.resume(2);
    const auto at_leader = servers.barrier(1);
    const auto at_follower = servers.barrier(2);
    servers.stabilize();
    CHECK(servers.barrier_of(at_leader) == nullptr);
    CHECK(servers.barrier_of(at_follower) == nullptr);
    servers.heal();
    CHECK(servers.agree() == "");
    servers.run_for(milliseconds{500});
    for (const auto token : {at_leader, at_follower}) {
        REQUIRE(servers.barrier_of(token) != nullptr);
        CHECK_FALSE(is_stale(servers, token, servers[1].committed()));
    }
}

TEST_CASE(
    "B56, B65: a request to follow that was long on its way says nothing about now",
    "[zab][barrier]"
) {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("old");
    // 2 attaches anew; its request is still on the way when it and 3 go on without 1.
    servers.hold(2, 1);
    servers.disconnect(1, 2);
    servers.connect(1, 2);
    servers.stabilize();
    REQUIRE(servers.find<follow_message>(2, 1) != nullptr);
    const follow_message request = *servers.find<follow_message>(2, 1);
    servers.hold(1, 2);
    servers.hold(1, 3);
    servers.hold(3, 1);
    servers.pause(1);
    REQUIRE(servers.run_until([&] { return servers.leader() > 1; }, patience));
    const zxid written = servers.write("new");

    // 1 goes on as if no time had passed.
    servers.resume(1);
    REQUIRE(servers[1].current_role() == role::leading);
    const auto first = servers.barrier(1);
    servers.forge(2, 1, request);
    const auto second = servers.barrier(1);
    CHECK_FALSE(is_stale(servers, first, written));
    CHECK_FALSE(is_stale(servers, second, written));
}

TEST_CASE("I36: a voter that lost its disk confirms nothing", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("old");
    // The links of 1 break; 2 and 3 elect at once, and 1 still believes in its lease.
    servers.disconnect(1, 2, link_loss::refused);
    servers.disconnect(1, 3, link_loss::refused);
    while (servers.leader() == 1) {
        servers.advance(2, milliseconds{10});
        servers.advance(3, milliseconds{10});
        servers.stabilize();
    }
    const auto next = servers.leader();
    const auto other = 5 - next;
    const zxid written = servers.write("new");

    // The one whose promise made that leader forgets it, and meets only the old one.
    servers.wipe(other);
    servers.disconnect(other, next);
    servers.start(other);
    servers.connect(1, other);
    servers.stabilize();
    REQUIRE(servers[1].current_role() == role::leading);
    REQUIRE(servers[other].leader() == server_id{1});
    const auto token = servers.barrier(1);
    servers.stabilize();
    CHECK_FALSE(is_stale(servers, token, written));
}

TEST_CASE("B57: a follower may be paused anywhere on the way of a barrier", "[zab][barrier]") {
    for (std::size_t moment = 0; moment <= 8; ++moment) {
        CAPTURE(moment);
        ensemble servers{voters(3)};
        servers.begin();
        servers.write("old");
        const auto token = servers.barrier(2);
        for (std::size_t count = 0; count < moment; ++count) {
            servers.step();
        }
        servers.pause(2);
        servers.crash(1);
        servers.start(1); // somebody leads a new epoch
        REQUIRE(servers.elect() == "");
        servers.write("new");
        servers.resume(2);
        const auto after = servers.barrier(2);
        CHECK(servers.agree() == "");
        servers.run_for(milliseconds{200});
        CHECK(servers.barrier_of(token) != nullptr);
        REQUIRE(servers.barrier_of(after) != nullptr);
        CHECK_FALSE(is_stale(servers, after, servers[2].committed()));
    }
}

TEST_CASE("B58: a leader whose hand-over failed still has to ask", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(1, 2);
    servers.transfer(1, 2);
    CHECK_FALSE(servers[1].can_propose());
    while (servers.drop(1, 2)) { // the order to take over is lost
    }
    servers.run_for(milliseconds{1100});
    servers.release(1, 2);
    REQUIRE(servers[1].current_role() == role::leading);
    CHECK(servers[1].can_propose());
    CHECK(servers[1].statistics().transfers_abandoned == 1);

    servers.isolate(1);
    const auto token = servers.barrier(1);
    servers.stabilize();
    CHECK(servers.barrier_of(token) == nullptr);
}

TEST_CASE("B59: a new leader confirms nothing below its own epoch", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    servers.hold(1, 3);
    const zxid two = servers.write("two"); // 3 does not know that it is committed
    servers.crash(1);
    servers.release(1, 3);
    servers.hold_disk(3);
    servers.run_for(milliseconds{60});
    REQUIRE(servers[2].current_role() == role::candidate);
    servers.persist(3); // its promise
    servers.stabilize();
    const auto token = servers.barrier(2);
    servers.stabilize();
    CHECK(servers[2].current_role() == role::leading_syncing);
    CHECK(servers.barrier_of(token) == nullptr);
    servers.release_disk(3);
    servers.stabilize();
    REQUIRE(servers.barrier_of(token) != nullptr);
    CHECK(servers.barrier_of(token)->is_confirmed);
    CHECK(servers.barrier_of(token)->at >= two);
    CHECK(servers.barrier_of(token)->at == zxid{servers[2].current_epoch(), 0});
}

TEST_CASE("barrier: none is left without an answer when leadership changes", "[zab][barrier]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(2, 1);
    servers.hold(3, 1);
    const std::vector<std::uint64_t> tokens{
        servers.barrier(1), servers.barrier(2), servers.barrier(3)};
    servers.stabilize();

    SECTION("the leader is gone") {
        servers.crash(1);
    }
    SECTION("the leader hands over") {
        servers.release(2, 1);
        servers.release(3, 1);
        servers.transfer(1, 2);
    }
    SECTION("the leader hands over while requests are on their way to it") {
        servers.transfer(1, 2);
        servers.stabilize();
    }
    SECTION("the leader begins a higher epoch") {
        servers.forge(2, 1, reject_message{epoch{5}});
    }
    servers.release(2, 1);
    servers.release(3, 1);
    REQUIRE(servers.elect() == "");
    CHECK(servers.agree() == "");
    servers.run_for(milliseconds{500});
    for (std::size_t index = servers.is_running(1) ? 0 : 1; index < tokens.size(); ++index) {
        CAPTURE(index);
        CHECK(servers.barrier_of(tokens[index]) != nullptr);
    }
}
