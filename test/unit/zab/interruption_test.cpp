/// Synchronisation that is cut off, delayed or reordered anywhere (zab 3.2).
#include "test/unit/zab/forked_ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

using list = std::vector<bytes>;

} // namespace

TEST_CASE(
    "B18: a follower that crashes between two records of a synchronisation outranks nobody who has "
    "more",
    "[zab][history]"
) {
    for (std::size_t records_kept = 0; records_kept <= 12; ++records_kept) {
        CAPTURE(records_kept);
        ensemble servers{voters(3)};
        servers.begin();
        servers.crash(3);
        const list written{"one", "two", "three", "four"};
        for (const bytes& each : written) {
            servers.write(each);
        }
        servers.restart(1); // a new epoch above them
        REQUIRE(servers.elect() == "");
        const bool lags_more = servers[3 - servers.leader()].last().at != zxid{};
        REQUIRE(lags_more);
        servers.hold_disk(3);
        servers.start(3);
        servers.stabilize();
        servers.crash(3, records_kept);
        servers.release_disk(3);

        servers.crash(servers.leader());
        servers.start(3);
        REQUIRE(servers.elect() == "");
        CHECK(servers.agree() == "");
        CHECK(servers.applied(3) == written);
        servers.start_all();
        CHECK(servers.agree() == "");
        CHECK(servers.applied(1) == written);
        CHECK(servers.applied(2) == written);
    }
}

TEST_CASE("B19: nothing is acknowledged while the disk takes its time", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold_disk(2);
    servers.hold_disk(3);
    const zxid slow = servers.propose(1, "slow");
    servers.run_for(milliseconds{10'000});
    CHECK(servers[1].committed() < slow);
    CHECK(servers.applied(1).empty());
    servers.release_disk(2);
    servers.release_disk(3);
    const auto is_applied = [&] {
        return servers.applied(3) == list{"slow"};
    };
    CHECK(servers.run_until(is_applied, patience));
    CHECK(servers.agree() == "");
}

TEST_CASE("B20: a leader comes to serve in whatever order it is answered", "[zab][history]") {
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        CAPTURE(seed);
        ensemble servers{voters(seed % 2 == 0 ? 3 : 5)};
        servers.start_all();
        servers.stabilize_in_random_order(seed);
        REQUIRE(servers.run_until([&] { return servers.leader() != 0; }, milliseconds{2000}));
        const auto first = servers.leader();
        servers.propose(first, "one");
        servers.propose(first, "two");
        servers.stabilize_in_random_order(seed + 1);
        CHECK(servers.applied(first) == list{"one", "two"});
        CHECK(servers.agree() == "");
    }
}

TEST_CASE("B21: what is committed while a follower synchronises reaches it", "[zab][history]") {
    for (std::size_t moment = 0; moment <= 20; ++moment) {
        CAPTURE(moment);
        ensemble servers{voters(3)};
        servers.begin();
        servers.write("before");
        servers.crash(3);
        servers.write("meanwhile");
        servers.hold(1, 3);
        servers.hold(3, 1);
        servers.start(3);
        for (std::size_t count = 0; count < moment; ++count) {
            servers.deliver(count % 2 == 0 ? 3 : 1, count % 2 == 0 ? 1 : 3);
            servers.persist(3);
        }
        servers.write("during");
        servers.release(1, 3);
        servers.release(3, 1);
        CHECK(servers.agree() == "");
        CHECK(servers.applied(3) == list{"before", "meanwhile", "during"});
    }
}

TEST_CASE("B22: a follower may restart at any event after a synchronisation", "[zab][history]") {
    for (std::size_t moment = 0; moment <= 50; ++moment) {
        CAPTURE(moment);
        ensemble servers{voters(3)};
        servers.begin();
        servers.write("one");
        servers.crash(3);
        servers.write("two");
        servers.start(3);
        servers.propose(1, "three");
        for (std::size_t count = 0; count < moment && servers.step(); ++count) {
        }
        servers.restart(3, moment % 3);
        CHECK(servers.agree() == "");
        CHECK(servers.applied(3) == list{"one", "two", "three"});
        CHECK(servers.log(3) == servers.log(1));
    }
}

TEST_CASE("B24: a link that breaks in a truncating synchronisation", "[zab][history]") {
    for (std::size_t messages = 0; messages <= 12; ++messages) {
        CAPTURE(messages);
        forked_ensemble servers{3};
        const auto leader = servers.leader();
        servers.hold(leader, 1);
        servers.start(1);
        for (std::size_t count = 0; count < messages; ++count) {
            servers.stabilize();
            servers.deliver(leader, 1);
        }
        servers.disconnect(leader, 1);
        servers.release(leader, 1);
        servers.stabilize();
        servers.write("later");
        servers.connect(leader, 1);
        CHECK(servers.agree() == "");
        CHECK(servers.log(1) == servers.log(2));
        servers.restart(1);
        CHECK(servers.agree() == "");
        CHECK(servers.applied(1) == list{"common", "instead", "later"});
        CHECK(servers.log(1) == servers.log(2));
    }
}

TEST_CASE("B27: a follower that is cut off stands where its log ends", "[zab][history]") {
    ensemble_options options;
    options.limits.batch_count = 1; // one entry to a message
    for (std::size_t messages = 0; messages <= 10; ++messages) {
        CAPTURE(messages);
        ensemble servers{voters(3), options};
        servers.begin();
        servers.crash(3);
        servers.write("open a session");
        servers.write("its ephemeral");
        servers.write("close the session");
        servers.hold(1, 3);
        servers.start(3);
        for (std::size_t count = 0; count < messages; ++count) {
            servers.stabilize();
            servers.deliver(1, 3);
        }
        const bool restarts = messages % 2 == 0;
        servers.disconnect(1, 3);
        servers.release(1, 3);
        servers.stabilize();
        if (restarts) {
            servers.restart(3);
        }
        servers.connect(1, 3);
        CHECK(servers.agree() == "");
        CHECK(servers.applied(3) == servers.applied(1));
        CHECK(servers.log(3) == servers.log(1));
    }
}

TEST_CASE("B30: completions of an earlier role count for nothing", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.write("one");
    // 1 appends as leader, loses, has it truncated, appends as follower; then its old write ends.
    servers.isolate(1);
    servers.hold_disk(1);
    servers.propose(1, "never committed");
    servers.propose(1, "nor this");
    REQUIRE(servers.run_until([&] { return servers.leader() > 1; }, patience));
    servers.write("two");
    servers.heal();
    servers.stabilize();
    servers.run_for(milliseconds{500});
    CHECK(servers[1].last() == servers[servers.leader()].last());
    CHECK(servers[1].durable() < servers[1].last().at);
    while (servers.unwritten(1) > 0) {
        servers.persist(1); // what each acknowledgement says is checked by the ensemble
    }
    servers.release_disk(1);
    CHECK(servers.agree() == "");
    CHECK(servers.applied(1) == list{"one", "two"});
    CHECK(servers.log(1) == servers.log(2));
}

TEST_CASE("B33: an old message finds a follower that has long gone on", "[zab][history]") {
    ensemble_options options;
    options.limits.memory_count = 1;
    ensemble servers{voters(3), options};
    servers.begin();
    servers.hold(1, 3);
    servers.propose(1, "one");
    const append_message old = *servers.find<append_message>(1, 3);
    servers.release(1, 3);
    for (int count = 0; count < 10; ++count) {
        servers.write("write");
    }
    servers.checkpoint(3);
    const position end = servers[3].last();
    REQUIRE(servers[3].entries().memory_base().at > old.entries.front()->at);

    SECTION("of the same attachment") {
        servers.forge(1, 3, old);
    }
    SECTION("that it cannot check any more") {
        servers.restart(3);
        servers.stabilize();
        append_message late = old;
        late.number = servers[1].followers().at(server_id{3}).number;
        servers.forge(1, 3, late);
    }
    servers.stabilize();
    CHECK(servers[3].last() == end);
    CHECK(servers[3].quarantine().empty());
    servers.write("later");
    CHECK(servers.agree() == "");
}

TEST_CASE("2.6.3: who had nothing to do for long is not stalled", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.run_for(milliseconds{15'000});
    servers.propose(1, "one");
    servers.advance(1, milliseconds{10}); // the entry has only just been sent
    CHECK(servers[1].followers().size() == 2);
    servers.stabilize();
    CHECK(servers.applied(1) == list{"one"});
}

TEST_CASE("2.6.3: who gets nowhere for long must ask anew", "[zab][history]") {
    ensemble servers{voters(3)};
    servers.begin();
    servers.hold_disk(3);
    servers.write("one");
    servers.run_for(milliseconds{9'900});
    CHECK(servers[1].followers().size() == 2);
    servers.run_for(milliseconds{200});
    CHECK(servers[1].followers().size() == 1);
    servers.release_disk(3);
    servers.run_for(milliseconds{3'000});
    CHECK(servers.agree() == "");
    CHECK(servers.applied(3) == list{"one"});
}

TEST_CASE("synchronisation: a message that comes twice or late changes nothing", "[zab][history]") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        ensemble servers{voters(3)};
        servers.begin();
        for (std::uint32_t from = 1; from <= 3; ++from) {
            for (std::uint32_t to = 1; to <= 3; ++to) {
                servers.hold(from, to);
            }
        }
        std::mt19937_64 random{seed};
        for (int count = 0; count < 150; ++count) {
            const auto from = static_cast<std::uint32_t>(1 + random() % 3);
            const auto to = static_cast<std::uint32_t>(1 + random() % 3);
            if (count % 10 == 0) {
                servers.propose(1, "write");
            }
            if (servers.waiting(from, to) > 0) {
                if (random() % 3 == 0) {
                    servers.duplicate(from, to);
                }
                servers.deliver(from, to);
            }
            servers.persist(to);
        }
        for (std::uint32_t from = 1; from <= 3; ++from) {
            for (std::uint32_t to = 1; to <= 3; ++to) {
                servers.release(from, to);
            }
        }
        CHECK(servers.agree() == "");
        CHECK(servers.applied(3).size() == 15);
        CHECK(servers.total(&core_counters::truncations) == 0);
    }
}
