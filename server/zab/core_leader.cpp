/// Leading: one epoch, one order, a copy of it at every follower (zab 2.5 to 2.10).
#include "server/zab/core.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::zab {

/// 2.5: a quorum has promised, so no lower epoch can gather one any more.
void core::lead() {
    ++counters_.elections_won;
    role_ = role::leading_syncing;
    leader_ = settings_.self;
    epoch_ = promised_.to;
    rounds_.clear();
    transfer_target_ = {};
    transfer_is_told_ = false;
    begin_round();
    append_new(
        entry_kind::epoch_start,
        origin{settings_.self, settings_.boot, 0},
        encode(epoch_start_of_this())
    );
    for (const auto& [peer, grant] : std::exchange(grants_, {})) {
        contacts_[peer] = announced_at_; // what it answered was sent then
        welcome(peer, grant.number, grant.state);
    }
    advance_commit();
}

zxid core::append_new(entry_kind kind, const origin& from, bytes body) {
    const position& last = history_.last();
    auto next = std::make_shared<entry>();
    next->at = kind == entry_kind::epoch_start ? zxid{epoch_, 0} : last.at.next();
    next->previous = last.at;
    next->kind = kind;
    next->from = from;
    next->time_ms = std::max(wall_ms_, last_time_ms_);
    next->body = std::move(body);
    next->chain = chain_after(last.chain, *next);
    const zxid at = next->at;
    append_here(std::move(next));
    return at;
}

bool core::can_propose() const {
    constexpr std::uint32_t counter_end = 0xffffffff; // with room for an activation (I37)
    return role_ == role::leading && transfer_target_ == server_id{} &&
           history_.last().at.counter() < counter_end - 1;
}

zxid core::propose(const origin& from, std::int64_t wall_ms, bytes body) {
    CONCLAVE_ASSERT(can_propose());
    wall_ms_ = wall_ms;
    return append_new(entry_kind::application, from, std::move(body));
}

void core::begin_round() {
    round_ = round{round_.value + 1};
    rounds_.emplace_back(round_, now_);
    while (rounds_.front().second + settings_.times.lease < now_) {
        rounds_.pop_front(); // an answer to it would be worth nothing
    }
    next_beat_ = now_ + settings_.times.heartbeat;
}

/// As `membership_state::is_quorum`, of servers that are known by their storage (I36).
bool core::has_quorum_of(function_ref<bool(server_id)> holds) const {
    const auto is_quorum_in = [&](const membership& in) {
        return in.is_quorum([&](const member& each) {
            if (each.id == settings_.self) {
                return counts(each, settings_.storage, in);
            }
            const auto follower = followers_.find(each.id);
            const bool is_stranger =
                follower != followers_.end() && !counts(each, follower->second.state.storage, in);
            return !is_stranger && holds(each.id);
        });
    };
    const membership_state& all = members();
    return is_quorum_in(all.stable) && (!all.is_joint || is_quorum_in(all.pending));
}

bool core::holds_quorum(time_point since) const {
    return has_quorum_of([&](server_id id) {
        const auto contact = contacts_.find(id);
        return contact != contacts_.end() && contact->second > since;
    });
}

void core::advance_leading() {
    // 2.4.3, by the times at which the answered rounds began.
    if (!holds_quorum(now_ - settings_.times.lease)) {
        return look();
    }
    if (now_ >= next_beat_) {
        begin_round();
        for (auto& [id, peer] : followers_) {
            send_beat(peer);
        }
    }
    const bool counter_is_high =
        role_ == role::leading && history_.last().at.counter() >= settings_.limits.counter_max;
    if (counter_is_high) {
        ++counters_.epoch_bumps;
        return campaign(true);
    }
    drop_stalled();
    admit_storages();
    hand_over_if_impaired();
    advance_transfer();
    retire_if_removed();
}

/// The newest place that a quorum of this membership holds in this epoch.
zxid core::agreed_under(const membership_state& state) const {
    const auto held_by = [&](const member& each, const membership& in) -> zxid {
        if (each.id == settings_.self) {
            const bool counts_here = counts(each, settings_.storage, in);
            const zxid own = CONCLAVE_MUTANT(leader_counts_itself_before_durable)
                                 ? history_.last().at
                                 : durability_.covered();
            return counts_here ? own : zxid{};
        }
        const auto follower = followers_.find(each.id);
        const bool counts_there =
            follower != followers_.end() && counts(each, follower->second.state.storage, in);
        return counts_there ? follower->second.matched : zxid{};
    };
    const auto agreed_in = [&](const membership& in) {
        zxid agreed;
        for (const member& candidate : in.members) {
            const zxid at = held_by(candidate, in);
            if (candidate.is_voter && at > agreed &&
                in.is_quorum([&](const member& each) { return held_by(each, in) >= at; })) {
                agreed = at;
            }
        }
        return agreed;
    };
    const bool is_joint = state.is_joint && !CONCLAVE_MUTANT(joint_only_from_commit);
    const zxid stable = agreed_in(state.stable);
    return is_joint ? std::min(stable, agreed_in(state.pending)) : stable;
}

/// 2.0, rule 5. Each stretch of the log counts under the membership that decides there (5.3); what
/// the newest one holds commits everything before.
void core::advance_commit() {
    const zxid before = committed_;
    zxid reached = committed_;
    const auto& changes = history_.membership_changes();
    for (std::size_t index = 0; index < changes.size(); ++index) {
        const bool is_newest = index + 1 == changes.size();
        const zxid end = is_newest ? history_.last().at : zxid{changes[index + 1].at.value - 1};
        if (end <= reached) {
            continue;
        }
        const zxid agreed = std::min(agreed_under(changes[index].state), end);
        const bool is_own_epoch =
            agreed.in_epoch() == epoch_ || CONCLAVE_MUTANT(commit_old_epoch_by_counting);
        if (agreed >= changes[index].at && is_own_epoch) {
            reached = std::max(reached, agreed);
        }
    }
    if (reached > before) {
        raise_commit(reached);
        after_commit(before);
    }
}

void core::after_commit(zxid before) {
    counters_.commits_before_own_disk += committed_ > durability_.covered() ? 1 : 0;
    if (before < zxid{epoch_, 0}) {
        counters_.entries_committed_by_epoch_start +=
            history_.index_behind(zxid{epoch_, 0}) - history_.index_behind(before) - 1;
    }
    const membership_state& all = members();
    if (all.is_joint && committed_ >= all.pending.version) {
        counters_.activations_by_successor += all.pending.version.in_epoch() < epoch_ ? 1 : 0;
        append_new(entry_kind::activation, origin{settings_.self, settings_.boot, 0}, {});
        return advance_commit();
    }
    retire_if_removed();
}

} // namespace conclave::zab
