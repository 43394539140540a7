#include "server/admin/leadership.hpp"

#include "server/admin/api_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

std::int64_t in_ms(std::chrono::nanoseconds time) {
    return time / std::chrono::milliseconds{1};
}

template <class Items>
const typename Items::value_type* find(const Items& in, server_id id) {
    const auto found = std::ranges::find(in, id, [](const auto& each) { return each.id; });
    return found == in.end() ? nullptr : &*found;
}

bytes_view name_of(zab::denial answer) {
    switch (answer) {
    case zab::denial::none:
        return "granted";
    case zab::denial::leader_alive:
        return "it hears a leader";
    case zab::denial::stale_epoch:
        return "it has promised a higher epoch";
    case zab::denial::fresher:
        return "its history is newer";
    case zab::denial::membership:
        return "it does not know the candidate as a voter";
    case zab::denial::no_vote:
        break;
    }
    return "it has no vote: its disk is new, or it is an observer";
}

/// Why that voter does not help; empty if nothing speaks against it.
bytes objection_of(const replica::member_status& voter, const leadership_facts& facts) {
    const bytes who = fmt::format("server {} ({})", voter.id.value, voter.address);
    const zab::peer_view* const peer = find(facts.election.peers, voter.id);
    const link_facts* const link = find(facts.links, voter.id);
    if (peer == nullptr || !peer->is_linked) {
        const bool has_error = link != nullptr && !link->last_error.empty();
        return fmt::format(
            "{} cannot be reached: {}", who, has_error ? link->last_error : "no connection yet"
        );
    }
    if (peer->vote && peer->vote->answer != zab::denial::none) {
        return fmt::format(
            "{} has refused its vote for epoch {}: {}",
            who,
            peer->vote->asked.value,
            name_of(peer->vote->answer)
        );
    }
    if (!peer->status) {
        return fmt::format("{} is connected and has not said where it stands", who);
    }
    if (peer->status->is_impaired) {
        return fmt::format("{} must not lead: its disk is full, or it is about to stop", who);
    }
    if (peer->status->in == zab::role::stopped) {
        return fmt::format("{} takes part in nothing: it has no data, or is quarantined", who);
    }
    return {};
}

void add_own_reasons(std::vector<bytes>& to, const leadership_facts& facts) {
    if (!facts.ensemble.quarantine.empty()) {
        to.push_back("this server is quarantined: " + facts.ensemble.quarantine);
    }
    if (facts.writes_refused) {
        to.emplace_back("this server must not lead: its disk is full");
    }
    if (facts.election.stands_aside) {
        to.emplace_back(
            "this server waits for the others: it has no data, and must not take that for a "
            "beginning (db.autocreate, or the file initialize)"
        );
    }
}

json witness_json(const replica::member_status& member, const leadership_facts& facts) {
    json told{
        {"server_id", member.id.value},
        {"address", member.address},
        {"is_voter", member.is_voter},
        {"is_self", member.id == facts.ensemble.self}};
    if (member.id == facts.ensemble.self) {
        return told;
    }
    const zab::peer_view* const peer = find(facts.election.peers, member.id);
    const link_facts* const link = find(facts.links, member.id);
    told["is_linked"] = peer != nullptr && peer->is_linked;
    told["last_error"] =
        link == nullptr || link->last_error.empty() ? json(nullptr) : json(link->last_error);
    told["says"] = nullptr;
    told["vote"] = nullptr;
    if (peer != nullptr && peer->status) {
        told["says"] = {
            {"role", replica::name(peer->status->in)},
            {"leader_id",
             peer->status->leader == server_id{} ? json(nullptr)
                                                 : json(peer->status->leader.value)},
            {"promised_epoch", peer->status->promised.value},
            {"last_zxid", hex_text(peer->status->last.value)},
            {"must_not_lead", peer->status->is_impaired},
            {"age_ms", in_ms(peer->status->age)}};
    }
    if (peer != nullptr && peer->vote) {
        told["vote"] = {
            {"epoch", peer->vote->asked.value},
            {"granted", peer->vote->answer == zab::denial::none},
            {"answer", name_of(peer->vote->answer)},
            {"age_ms", in_ms(peer->vote->age)}};
    }
    return told;
}

bytes answer_of(const leadership_facts& facts, const std::vector<bytes>& reasons) {
    const replica::ensemble_status& known = facts.ensemble;
    if (known.leader != server_id{}) {
        return fmt::format(
            "there is a leader: server {} in epoch {}",
            known.leader.value,
            known.current_epoch.value
        );
    }
    return fmt::format(
        "there has been no leader for {} ms: {}",
        known.leaderless_ms,
        reasons.empty() ? bytes{"an election is under way"} : reasons.front()
    );
}

} // namespace

std::vector<bytes> reasons_for_no_leader(const leadership_facts& facts) {
    std::vector<bytes> reasons;
    if (facts.ensemble.leader != server_id{}) {
        return reasons;
    }
    add_own_reasons(reasons, facts);
    if (!facts.reaches_quorum) {
        reasons.emplace_back("this server does not reach a quorum of the voters");
    }
    for (const replica::member_status& each : facts.ensemble.members) {
        if (!each.is_voter || each.id == facts.ensemble.self) {
            continue;
        }
        if (bytes objection = objection_of(each, facts); !objection.empty()) {
            reasons.push_back(std::move(objection));
        }
    }
    return reasons;
}

json leadership_json(const leadership_facts& facts) {
    const std::vector<bytes> reasons = reasons_for_no_leader(facts);
    json members = json::array();
    for (const replica::member_status& each : facts.ensemble.members) {
        members.push_back(witness_json(each, facts));
    }
    json elections = json::array();
    for (auto each = facts.elections.rbegin(); each != facts.elections.rend(); ++each) {
        elections.push_back(
            {{"at_ms", each->wall_ms},
             {"took_ms", each->took.count()},
             {"leader_id", each->leader.value},
             {"epoch", each->in.value}}
        );
    }
    const replica::ensemble_status& known = facts.ensemble;
    return {
        {"answer", answer_of(facts, reasons)},
        {"leader_id", known.leader == server_id{} ? json(nullptr) : json(known.leader.value)},
        {"leaderless_ms", known.leaderless_ms},
        {"role", replica::name(known.role)},
        {"reaches_quorum", facts.reaches_quorum},
        {"reasons", reasons},
        {"own_vote",
         {{"candidate_id", facts.election.own_vote.candidate.value},
          {"epoch", facts.election.own_vote.to.value}}},
        {"members", std::move(members)},
        {"elections", std::move(elections)}};
}

} // namespace conclave::admin
