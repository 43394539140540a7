/// How leadership stays, moves on and comes back (zab 2.4, 2.10, 3.1).
#include "test/unit/zab/ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

} // namespace

TEST_CASE("B2: a server that restarts again and again joins each time", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    const epoch before = servers[1].current_epoch();

    SECTION("while others write") {
        for (int restart = 1; restart <= 20; ++restart) {
            servers.restart(3);
            servers.write("write");
            CHECK(servers.agree() == "");
        }
        CHECK(servers.applied(3).size() == 20);
    }
    SECTION("while nothing happens") {
        for (int restart = 1; restart <= 20; ++restart) {
            servers.restart(3);
            CHECK(servers.agree() == "");
        }
    }
    SECTION("with everything in a checkpoint while nothing happens") {
        servers.write("write");
        servers.checkpoint(3);
        servers.restart(3);
        CHECK(servers.agree() == "");
    }
    CHECK(servers[1].current_epoch() == before);
    CHECK(servers.leader() == 1);
}

TEST_CASE("B2: a link that comes back brings the follower back", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    const bool is_noticed = GENERATE(true, false);
    if (is_noticed) {
        servers.disconnect(1, 3, link_loss::refused);
    } else {
        servers.isolate(3);
    }
    servers.run_for(milliseconds{1500});
    CHECK(servers[3].current_role() == role::looking);
    servers.heal();
    CHECK(servers.agree() == ""); // it serves again, though nothing new was written
    CHECK(servers[1].current_epoch() == epoch{1});
}

TEST_CASE("B5: the counter never wraps; a higher epoch begins in place", "[zab][election]") {
    ensemble_options options;
    options.limits.counter_max = 20;
    ensemble servers{voters(3), options};
    servers.begin();
    list written;
    for (int count = 0; count < 100; ++count) {
        REQUIRE(servers.elect() == "");
        CHECK(servers.leader() == 1);
        written.push_back("write " + std::to_string(count));
        CHECK(servers.write(written.back()).counter() <= 21);
        servers.run_for(milliseconds{10});
    }
    CHECK(servers[1].current_epoch() >= epoch{5});
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == written);
    CHECK(servers.total(&core_counters::step_downs) == 0);
}

TEST_CASE("B9: two leaders of one epoch are noticed", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    append_message forged{
        servers[1].current_epoch(), attachment{1}, servers[1].last(), {}, {}, {}, false};

    SECTION("by the leader, which stops") {
        servers.forge(2, 1, forged);
        CHECK_FALSE(servers[1].quarantine().empty());
        CHECK(servers[1].current_role() == role::stopped);
        CHECK(servers.run_until([&] { return servers.leader() > 1; }, patience));
        servers.write("one");
        CHECK(servers.applied(3) == list{"one"});
    }
    SECTION("by a follower, which stays with its own") {
        const position last = servers[2].last();
        forged.entries = history_maker{}.epoch_of(1, 3);
        servers.forge(3, 2, forged);
        CHECK(servers[2].last() == last);
        CHECK(servers[2].leader() == server_id{1});
        CHECK(servers.agree() == "");
    }
}

TEST_CASE("B10: a joiner with the best priority stops no election", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    servers.add(4, voters(4));
    servers.favour(4);
    servers.hold(1, 4);
    servers.start(4);
    servers.stabilize();
    servers.crash(1); // while it catches up
    servers.release(1, 4);
    REQUIRE(servers.elect() == "");
    CHECK(servers.leader() != 4);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(4) == list{"one"});
}

TEST_CASE("B11: links that were stalled for a minute stall nothing afterwards", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.propose(1, "one");
    for (std::uint32_t from = 1; from <= 3; ++from) {
        for (std::uint32_t to = 1; to <= 3; ++to) {
            servers.hold(from, to);
        }
    }
    servers.run_for(milliseconds{60'000});
    CHECK(servers.leader() == 0);
    for (std::uint32_t from = 1; from <= 3; ++from) {
        for (std::uint32_t to = 1; to <= 3; ++to) {
            servers.release(from, to);
        }
    }
    CHECK(servers.elect() == "");
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"one"});
}

TEST_CASE("2.10: leadership is handed over at once", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    servers.transfer(1, 3);
    CHECK_FALSE(servers[1].can_propose());
    servers.stabilize();
    CHECK(servers.leader() == 3);
    CHECK(servers.agree() == "");
    servers.write("two");
    CHECK(servers.applied(1) == list{"one", "two"});
    CHECK(servers[3].statistics().transfers_taken == 1);
}

TEST_CASE("2.10: who hands over does not take it back", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.transfer(1, 3);
    servers.hold(3, 1); // the successor's campaign reaches the other voter first
    servers.stabilize();
    REQUIRE(servers[2].promised().candidate == server_id{3});
    servers.advance(1, milliseconds{100}); // a heartbeat, which the other voter rejects
    servers.stabilize();
    servers.release(3, 1);
    servers.stabilize();
    CHECK(servers.leader() == 3);
    CHECK(servers[1].statistics().epoch_bumps == 0);
    CHECK(servers.agree() == "");
}

TEST_CASE("2.10: a hand-over that nobody takes ends", "[zab][election]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold(1, 3);
    servers.transfer(1, 3);
    servers.stabilize();
    CHECK_FALSE(servers[1].can_propose());
    servers.crash(3);
    servers.run_for(milliseconds{1100});
    CHECK(servers.leader() == 1);
    CHECK(servers[1].can_propose());
    CHECK(servers[1].statistics().transfers_abandoned == 1);
}
