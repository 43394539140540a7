/// A follower that the log cannot help any more gets a snapshot, and until that is whole and
/// durable it stays what it was (zab 2.6.4, 3.2).
#include "test/unit/zab/ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

ensemble_options short_memory() {
    ensemble_options options;
    options.limits.memory_count = 1;
    return options;
}

/// 3 is down and has "one" only; the others have a checkpoint, and a log that does not reach back.
struct behind_ensemble : ensemble {
    behind_ensemble() : ensemble(voters(3), short_memory()) {
        begin();
        write("one");
        crash(3);
        for (const char* each : {"two", "three", "four"}) {
            write(each);
        }
        checkpoint(1);
        checkpoint(2);
        write("five");
        REQUIRE(drive(1).read((*this)[1].entries().memory_base().at, 1).has_value());
    }

    /// 3 begins to receive, nothing is stored yet.
    void begin_transfer() {
        hold_disk(3);
        start(3);
        stabilize();
        REQUIRE(total(&core_counters::attached_snapshot) == 1);
    }

    const list everything{"one", "two", "three", "four", "five"};
};

} // namespace

TEST_CASE("snapshot: it is installed, and the log goes on behind it", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.start(3);
    servers.stabilize();
    CHECK(servers.applied(3) == servers.everything);
    CHECK(servers.total(&core_counters::attached_snapshot) == 1);
    CHECK(servers.log(3).size() == 1); // "five"
    CHECK(servers.agree() == "");
    servers.restart(3);
    CHECK(servers.applied(3).size() >= 4);
    CHECK(servers.agree() == "");
}

TEST_CASE("C11, C12: until the base record is durable nothing has changed", "[zab][snapshot]") {
    for (std::size_t pieces = 0; pieces <= 3; ++pieces) {
        CAPTURE(pieces);
        behind_ensemble servers;
        servers.begin_transfer();
        const zxid own = servers[3].last().at;
        for (std::size_t count = 0; count < pieces; ++count) {
            REQUIRE(servers.store_piece(3));
            servers.stabilize();
        }
        CHECK_FALSE(servers.store_piece(3) == (pieces == 3));
        servers.restart(3);
        CHECK(servers[3].last().at == own);
        CHECK(servers.applied(3).size() <= 1);
        servers.release_disk(3);
        servers.stabilize();
        CHECK(servers.applied(3) == servers.everything);
        CHECK(servers.agree() == "");
    }
}

TEST_CASE("C13: with the base record durable it is its new self", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.begin_transfer();
    while (servers.store_piece(3)) {
        servers.stabilize();
    }
    CHECK(servers[3].current_role() == role::stopped); // waits for that record
    CHECK_FALSE(servers[3].needs_restart());
    const zxid snapshot = servers.drive(1).newest_checkpoint().state.at.at;
    servers.restart(3, 10);
    CHECK(servers[3].last().at == snapshot);
    CHECK(servers.drive(3).newest_checkpoint().state.at.at == snapshot);
    servers.release_disk(3);
    servers.stabilize();
    CHECK(servers.applied(3) == servers.everything);
    CHECK(servers.agree() == "");
}

TEST_CASE("B25: an interrupted transfer leaves no place behind it", "[zab][snapshot]") {
    for (std::size_t messages = 0; messages <= 10; ++messages) {
        for (const bool crashes : {false, true}) {
            CAPTURE(messages, crashes);
            behind_ensemble servers;
            servers.hold(1, 3);
            servers.start(3);
            for (std::size_t count = 0; count < messages; ++count) {
                servers.stabilize();
                servers.deliver(1, 3);
            }
            // What it tells of itself is what its log holds.
            CHECK(servers[3].durable() <= servers[3].last().at);
            if (crashes) {
                servers.crash(3);
            } else {
                servers.disconnect(1, 3);
            }
            servers.release(1, 3);
            servers.stabilize();
            if (crashes) {
                servers.start(3);
            } else {
                servers.connect(1, 3);
            }
            servers.write("later");
            CHECK(servers.agree() == "");
            CHECK(servers.applied(3) == servers.applied(1));
            servers.restart(3);
            CHECK(servers.agree() == "");
        }
    }
}

TEST_CASE("B26: a new epoch does not overtake the snapshot that it builds on", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.hold(1, 3);
    servers.start(3);
    servers.stabilize();
    const zxid before = servers[3].last().at;

    SECTION("pieces are lost") {
        for (const int dropped : {0, 1, 2, 3}) {
            servers.stabilize();
            if (dropped % 2 == 0) {
                servers.drop(1, 3);
            } else {
                servers.deliver(1, 3);
            }
        }
    }
    SECTION("entries come first") {
        // Pieces are put behind what else there is.
        while (servers.find<snapshot_message>(1, 3) == nullptr) {
            REQUIRE(servers.deliver(1, 3));
            servers.stabilize();
        }
        servers.duplicate(1, 3);
        servers.drop(1, 3);
        append_message early{
            servers[1].current_epoch(),
            servers[1].followers().at(server_id{3}).number,
            servers[1].entries().memory_base(),
            {},
            servers[1].committed(),
            {},
            false};
        for (std::size_t index = 0; index < servers[1].entries().memory_count(); ++index) {
            early.entries.push_back(servers[1].entries()[index]);
        }
        servers.forge(1, 3, early);
    }
    CHECK(servers[3].last().at == before);
    servers.release(1, 3);
    servers.run_for(milliseconds{12'000}); // longer than a transfer may stall
    servers.write("later");
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == servers.applied(1));
}

TEST_CASE("B32: an old leader's uncommitted tail does not survive a snapshot", "[zab][snapshot]") {
    ensemble servers{voters(3), short_memory()};
    servers.begin();
    servers.write("one");
    servers.isolate(1);
    servers.propose(1, "never committed");
    servers.propose(1, "nor this");
    servers.stabilize();
    REQUIRE(servers.run_until([&] { return servers.leader() > 1; }, patience));
    servers.write("two");
    servers.write("three");
    servers.checkpoint(2);
    servers.checkpoint(3);
    servers.heal();
    servers.write("four");
    servers.run_for(milliseconds{500});
    CHECK(servers.applied(1) == list{"one", "two", "three", "four"});
    CHECK(servers.agree() == "");
    servers.restart(1);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(1) == list{"one", "two", "three", "four"});
}

TEST_CASE("B34: a second snapshot may begin while the first is stored", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.begin_transfer();
    REQUIRE(servers.store_piece(3));
    servers.write("six");
    servers.checkpoint(1);
    servers.disconnect(1, 3);
    servers.stabilize();
    servers.connect(1, 3);
    servers.run_for(milliseconds{50});
    // What is stored of the first one still ends; nobody waits for it any more.
    servers.release_disk(3);
    CHECK(servers.agree() == "");
    servers.write("seven");
    CHECK(servers.applied(3) == servers.applied(1));
}

TEST_CASE("B35: a snapshot that takes long is waited for", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.begin_transfer();

    SECTION("as long as it gets on") {
        for (int piece = 0; piece < 3; ++piece) {
            servers.run_for(milliseconds{9'000});
            REQUIRE(servers.store_piece(3));
        }
        CHECK(servers.total(&core_counters::attached_snapshot) == 1);
    }
    SECTION("and begins anew if it does not") {
        servers.run_for(milliseconds{60'000});
        CHECK(servers.leader() == 1);
    }
    servers.release_disk(3);
    servers.run_until([&] { return servers.applied(3) == servers.everything; }, patience);
    CHECK(servers.applied(3) == servers.everything);
    servers.write("six");
    CHECK(servers.agree() == "");
}

TEST_CASE("B65: a follower that receives a snapshot is in no quorum", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.begin_transfer();
    servers.crash(2);
    const zxid alone = servers.propose(1, "alone");
    servers.stabilize();
    CHECK(servers[1].committed() < alone);
    CHECK_FALSE(servers[1].is_caught_up(server_id{3}));

    SECTION("of a new leader either") {
        servers.restart(1);
        servers.run_for(milliseconds{3000});
        CHECK(servers.leader() == 0);
    }
    servers.release_disk(3);
    servers.run_for(milliseconds{3000});
    servers.start(2);
    CHECK(servers.elect() == "");
    servers.write("later");
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"one", "two", "three", "four", "five", "alone", "later"});
}

TEST_CASE("I16: a snapshot takes nothing back", "[zab][snapshot]") {
    ensemble_options options;
    options.limits.memory_count = GENERATE(1U, 1000U); // whether it knows that place or not
    ensemble servers{voters(3), options};
    servers.begin();
    servers.write("one");
    servers.checkpoint(1);
    const base_state old = servers.drive(1).newest_checkpoint().state;
    servers.write("two");
    servers.write("three");
    const position last = servers[3].last();
    const progress& to = servers[1].followers().at(server_id{3});
    servers.forge(1, 3, snapshot_message{servers[1].current_epoch(), to.number, old, 0, "x", true});
    servers.stabilize();
    CHECK(servers[3].last() == last);
    CHECK(servers[3].current_role() != role::stopped);
    CHECK(servers.total(&core_counters::snapshots_installed) == 0);
    servers.write("four");
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"one", "two", "three", "four"});
}

TEST_CASE("snapshot: one that cannot be stored is fetched again", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.begin_transfer();
    REQUIRE(servers.store_piece(3));
    servers.stabilize();
    servers.refuse_piece(3);
    servers.stabilize();
    CHECK(servers.total(&core_counters::snapshots_refused) == 1);
    CHECK(servers.leader() == 1);
    servers.release_disk(3);
    servers.run_until([&] { return servers.applied(3) == servers.everything; }, patience);
    CHECK(servers.applied(3) == servers.everything);
    CHECK(servers.agree() == "");
}

TEST_CASE(
    "snapshot: a piece of an attempt that was given up counts for no other", "[zab][snapshot]"
) {
    behind_ensemble servers;
    servers.begin_transfer();
    const std::size_t first = servers.unstored(3);
    servers.disconnect(1, 3);
    servers.connect(1, 3);
    servers.run_for(milliseconds{50});
    REQUIRE(servers.unstored(3) > first);
    for (std::size_t count = 0; count < first; ++count) {
        REQUIRE(servers.store_piece(3));
        servers.stabilize();
        CHECK(servers[3].current_role() != role::stopped);
    }
    servers.release_disk(3);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == servers.everything);
}

TEST_CASE("snapshot: what waits to be stored is bounded", "[zab][snapshot]") {
    behind_ensemble servers;
    servers.begin_transfer();
    const snapshot_message first{
        servers[1].current_epoch(),
        servers[1].followers().at(server_id{3}).number,
        servers.drive(1).newest_checkpoint().state,
        0,
        "x",
        false};
    const std::size_t window = core_limits{}.snapshot_window;
    for (std::uint64_t offset = 3; offset < 4 * window; offset += window) {
        snapshot_message flood = first;
        flood.offset = offset;
        flood.content.assign(window, 'x');
        servers.forge(1, 3, flood);
        servers.stabilize();
    }
    CHECK(servers.unstored(3) <= 3 + 2);
}
