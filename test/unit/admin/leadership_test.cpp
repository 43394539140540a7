#include "server/admin/leadership.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace conclave;
using namespace conclave::admin;

namespace {

/// Server 1 of three, without a leader, linked with nobody.
leadership_facts lonely() {
    leadership_facts facts;
    facts.ensemble.self = server_id{1};
    facts.ensemble.leaderless_ms = 4000;
    for (std::uint32_t id = 1; id <= 3; ++id) {
        replica::member_status& member = facts.ensemble.members.emplace_back();
        member.id = server_id{id};
        member.address = "10.0.0." + std::to_string(id) + ":2888";
        if (id != 1) {
            facts.election.peers.emplace_back().id = server_id{id};
            facts.links.emplace_back().id = server_id{id};
        }
    }
    return facts;
}

zab::peer_view& connect(leadership_facts& facts, std::size_t index) {
    zab::peer_view& peer = facts.election.peers[index];
    peer.is_linked = true;
    peer.status.emplace();
    facts.links[index].is_up = true;
    return peer;
}

} // namespace

TEST_CASE("leadership: with a leader there is nothing to explain", "[admin][why]") {
    leadership_facts facts = lonely();
    facts.ensemble.leader = server_id{2};
    facts.ensemble.current_epoch = epoch{7};
    CHECK(reasons_for_no_leader(facts).empty());
    const auto told = leadership_json(facts);
    CHECK(told["answer"] == "there is a leader: server 2 in epoch 7");
    CHECK(told["leader_id"] == 2);
}

TEST_CASE("leadership: who cannot be reached is named with the reason", "[admin][why]") {
    leadership_facts facts = lonely();
    facts.links[0].last_error = "Connection refused";
    const auto reasons = reasons_for_no_leader(facts);
    REQUIRE(reasons.size() == 3);
    CHECK(reasons[0] == "this server does not reach a quorum of the voters");
    CHECK(reasons[1] == "server 2 (10.0.0.2:2888) cannot be reached: Connection refused");
    CHECK(reasons[2] == "server 3 (10.0.0.3:2888) cannot be reached: no connection yet");
}

TEST_CASE("leadership: a vote that was refused is told with the answer", "[admin][why]") {
    leadership_facts facts = lonely();
    facts.reaches_quorum = true;
    connect(facts, 0).vote = zab::told_vote{epoch{9}, zab::denial::fresher, {}};
    connect(facts, 1).vote = zab::told_vote{epoch{9}, zab::denial::none, {}};
    const auto reasons = reasons_for_no_leader(facts);
    REQUIRE(reasons.size() == 1);
    CHECK_THAT(reasons[0], Catch::Contains("server 2") && Catch::Contains("its history is newer"));
    const auto told = leadership_json(facts);
    CHECK(told["members"][1]["vote"]["granted"] == false);
    CHECK(told["members"][2]["vote"]["granted"] == true);
}

TEST_CASE("leadership: who must not lead is told", "[admin][why]") {
    leadership_facts facts = lonely();
    facts.reaches_quorum = true;
    facts.writes_refused = true;
    connect(facts, 0).status->is_impaired = true;
    connect(facts, 1).status->in = zab::role::stopped;
    const auto reasons = reasons_for_no_leader(facts);
    REQUIRE(reasons.size() == 3);
    CHECK_THAT(reasons[0], Catch::Contains("its disk is full"));
    CHECK_THAT(reasons[1], Catch::Contains("must not lead"));
    CHECK_THAT(reasons[2], Catch::Contains("takes part in nothing"));
}

TEST_CASE("leadership: without objections an election is under way", "[admin][why]") {
    leadership_facts facts = lonely();
    facts.reaches_quorum = true;
    connect(facts, 0);
    connect(facts, 1);
    CHECK(reasons_for_no_leader(facts).empty());
    CHECK(
        leadership_json(facts)["answer"] ==
        "there has been no leader for 4000 ms: an election is under way"
    );
}
