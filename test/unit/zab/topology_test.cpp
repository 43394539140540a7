/// Which links must be enough for a leader to be there, and to stay (zab 7.6).
#include "test/unit/zab/ensemble.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

/// How a link is cut.
enum class cut { told, silent, one_way, other_way };

constexpr cut all_cuts[] = {cut::told, cut::silent, cut::one_way, cut::other_way};

void cut_link(ensemble& in, std::uint32_t one, std::uint32_t other, cut how) {
    switch (how) {
    case cut::told:
        return in.disconnect(one, other);
    case cut::silent:
        in.mute(one, other);
        return in.mute(other, one);
    case cut::one_way:
        return in.mute(one, other);
    case cut::other_way:
        return in.mute(other, one);
    }
}

/// Someone serves who can still decide, within ten elections.
bool decides(ensemble& in) {
    const auto commits = [&] {
        if (in.leader() == 0) {
            return false;
        }
        const auto leader = in.leader();
        const zxid written = in.propose(leader, "probe");
        in.stabilize();
        return in[leader].committed() >= written;
    };
    return in.run_until(commits, patience);
}

/// Once there it stays: no election in the tail (I42).
bool stays(ensemble& in) {
    const auto campaigns = in.total(&core_counters::campaigns);
    in.run_for(milliseconds{5000});
    return in.total(&core_counters::campaigns) == campaigns && decides(in);
}

struct topology {
    std::uint32_t count;
    cut how;
};

topology any_topology() {
    const std::uint32_t count = GENERATE(3U, 5U);
    const cut how = GENERATE(from_range(std::begin(all_cuts), std::end(all_cuts)));
    return {count, how};
}

} // namespace

TEST_CASE("7.6 a: the leader loses all links", "[zab][topology]") {
    const auto [count, how] = any_topology();
    CAPTURE(count, static_cast<int>(how));
    ensemble servers{voters(count)};
    servers.begin();
    for (std::uint32_t other = 2; other <= count; ++other) {
        cut_link(servers, 1, other, how);
    }
    servers.run_for(milliseconds{1100});
    CHECK(decides(servers));
    CHECK(servers.leader() != 1);
    CHECK(stays(servers));
    servers.heal();
    CHECK(servers.elect() == "");
    servers.write("healed");
    CHECK(servers.agree() == "");
}

TEST_CASE("7.6 b: the leader keeps links to a minority", "[zab][topology]") {
    const auto how = GENERATE(from_range(std::begin(all_cuts), std::end(all_cuts)));
    CAPTURE(static_cast<int>(how));
    ensemble servers{voters(5)};
    servers.begin();
    for (const std::uint32_t other : {3U, 4U, 5U}) {
        cut_link(servers, 1, other, how);
    }
    servers.run_for(milliseconds{1100});
    CHECK(decides(servers));
    CHECK(servers.leader() != 1);
    CHECK(stays(servers));
    servers.heal();
    servers.write("healed");
    CHECK(servers.agree() == "");
}

TEST_CASE("7.6 c: one sees nobody, and is heard by all", "[zab][topology]") {
    const std::uint32_t count = GENERATE(3U, 5U);
    const bool is_leader = GENERATE(false, true);
    CAPTURE(count, is_leader);
    ensemble servers{voters(count)};
    servers.begin();
    const std::uint32_t deaf = is_leader ? 1 : count;
    for (std::uint32_t other = 1; other <= count; ++other) {
        if (other != deaf) {
            servers.mute(other, deaf);
        }
    }
    servers.run_for(milliseconds{1100});
    CHECK(decides(servers));
    CHECK((servers.leader() == 1) != is_leader);
    CHECK(stays(servers));
}

TEST_CASE("7.6 d: a chain", "[zab][topology]") {
    const auto [count, how] = any_topology();
    CAPTURE(count, static_cast<int>(how));
    ensemble servers{voters(count)};
    servers.begin();
    for (std::uint32_t one = 1; one <= count; ++one) {
        for (std::uint32_t other = one + 2; other <= count; ++other) {
            cut_link(servers, one, other, how);
        }
    }
    if (count == 3) { // of five, nobody but those in the middle has a quorum beside it
        servers.run_for(milliseconds{1100});
        CHECK(decides(servers));
        CHECK(stays(servers));
    }
    servers.heal();
    CHECK(servers.elect() == "");
    servers.write("healed");
    CHECK(servers.agree() == "");
}

TEST_CASE("7.6 e: only a hub is left, and it has not the newest history", "[zab][topology]") {
    const auto how = GENERATE(cut::told, cut::silent);
    ensemble servers{voters(5)};
    servers.begin();
    servers.hold(1, 3);
    servers.write("the hub does not have it");
    for (std::uint32_t one = 1; one <= 5; ++one) {
        for (std::uint32_t other = one + 1; other <= 5; ++other) {
            if (one != 3 && other != 3) {
                cut_link(servers, one, other, how);
            }
        }
    }
    servers.disconnect(1, 3);
    servers.release(1, 3);
    servers.run_for(patience); // it may be that nobody leads
    servers.heal();
    CHECK(servers.elect() == "");
    servers.write("healed");
    CHECK(servers.agree() == "");
}

TEST_CASE("7.6 f: one link between leader and follower", "[zab][topology]") {
    const auto [count, how] = any_topology();
    CAPTURE(count, static_cast<int>(how));
    ensemble servers{voters(count)};
    servers.begin();
    cut_link(servers, 1, count, how);
    servers.run_for(milliseconds{1100});
    CHECK(decides(servers));
    CHECK(stays(servers));
    servers.heal();
    servers.write("healed");
    CHECK(servers.agree() == "");
}

TEST_CASE("7.6 g: links that come and go", "[zab][topology]") {
    const milliseconds period{GENERATE(700, 1000, 1300)};
    ensemble servers{voters(3)};
    servers.begin();
    milliseconds passed{};
    bool is_cut = false;
    servers.run_for(milliseconds{20'000}, [&] {
        passed += milliseconds{10};
        if (passed % period == milliseconds{}) {
            is_cut = !is_cut;
            is_cut ? servers.isolate(1) : servers.heal();
        }
    });
    servers.heal();
    CHECK(servers.elect() == "");
    servers.write("healed");
    CHECK(servers.agree() == "");
    CHECK(stays(servers));
}

TEST_CASE("7.6 h: one returns with a higher promise", "[zab][topology]") {
    const std::uint32_t count = GENERATE(3U, 5U);
    ensemble servers{voters(count)};
    servers.begin();
    servers.isolate(count);
    servers.run_for(milliseconds{1500});
    campaign_message campaign;
    campaign.asked = {epoch{40}, server_id{2}, 1};
    campaign.last = servers[count].last();
    servers.forge(2, count, campaign);
    servers.stabilize();
    REQUIRE(servers[count].promised().to == epoch{40});
    servers.heal();
    CHECK(servers.agree() == "");
    CHECK(servers.leader() == 1);
    CHECK(servers.total(&core_counters::step_downs) == 0);
    CHECK(stays(servers));
}

TEST_CASE("7.6 i: all restart at once", "[zab][topology]") {
    const std::uint32_t count = GENERATE(3U, 5U);
    ensemble servers{voters(count)};
    servers.begin();
    servers.write("one");
    for (int restart = 0; restart < 5; ++restart) {
        for (std::uint32_t each = 1; each <= count; ++each) {
            servers.crash(each);
        }
        servers.start_all();
        CHECK(servers.elect() == "");
        CHECK(decides(servers));
    }
    CHECK(servers.agree() == "");
    CHECK(stays(servers));
}

TEST_CASE("7.6 j: one is a thousand times slower", "[zab][topology]") {
    const std::uint32_t count = GENERATE(3U, 5U);
    const bool is_leader = GENERATE(false, true);
    CAPTURE(count, is_leader);
    ensemble servers{voters(count)};
    servers.begin();
    const std::uint32_t slow = is_leader ? 1 : count;
    milliseconds passed{};
    // A step of it takes 100 ms where the others need less than 0.1.
    const auto crawl = [&] {
        passed += milliseconds{10};
        servers.pause(slow);
        if (passed % milliseconds{100} == milliseconds{}) {
            servers.resume(slow);
            servers.advance(slow, milliseconds{0});
            for (std::uint32_t other = 1; other <= count; ++other) {
                servers.deliver(other, slow);
            }
            servers.persist(slow);
            servers.pause(slow);
        }
    };
    servers.run_for(patience, crawl);
    const auto others = is_leader ? 2U : 1U;
    std::size_t applied = servers.applied(others).size();
    for (int count_of_writes = 0; count_of_writes < 5; ++count_of_writes) {
        REQUIRE(servers.leader() != 0);
        if (servers[servers.leader()].can_propose()) {
            servers.propose(servers.leader(), "write");
        }
        servers.run_for(milliseconds{1000}, crawl);
    }
    CHECK(servers.applied(others).size() == applied + 5);
    servers.resume(slow);
    CHECK(servers.agree() == "");
}
