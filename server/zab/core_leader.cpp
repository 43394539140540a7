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

bool core::can_change_membership() const {
    return can_propose() && !members().is_joint &&
           history_.membership_changes().back().at <= committed_;
}

zxid core::propose_membership(const origin& from, membership next) {
    CONCLAVE_ASSERT(can_change_membership());
    ++counters_.memberships_proposed;
    return append_new(entry_kind::membership, from, encode(next));
}

/// 5.4: the first leader writes down by which storage it knows those that elected it. From then on
/// an emptied disk is told apart from a server that always was there.
epoch_start core::epoch_start_of_this() const {
    epoch_start start{false, {}, epoch_start_body_};
    const membership_state& all = members();
    if (all.is_joint || all.stable.version > zxid{}) {
        return start;
    }
    start.founds = true;
    start.founded = all.stable;
    for (member& each : start.founded.members) {
        const auto grant = grants_.find(each.id);
        if (each.id == settings_.self) {
            each.storage = settings_.storage;
        } else if (grant != grants_.end()) {
            each.storage = grant->second.state.storage;
        }
    }
    return start;
}

/// 5.4: a voter that came with a storage that is not known, and has caught up, is admitted with it.
void core::admit_storages() {
    if (!can_change_membership()) {
        return;
    }
    membership next = members().stable;
    bool is_changed = false;
    for (member& each : next.members) {
        const auto follower = followers_.find(each.id);
        if (each.is_voter && follower != followers_.end() &&
            follower->second.state.storage != each.storage && is_caught_up(each.id)) {
            each.storage = follower->second.state.storage;
            is_changed = true;
            ++counters_.storages_admitted;
        }
    }
    if (is_changed) {
        propose_membership(origin{settings_.self, settings_.boot, 0}, std::move(next));
    }
}

bool core::could_decide(const membership& next) const {
    return next.is_quorum([&](const member& each) {
        const auto follower = followers_.find(each.id);
        return each.id == settings_.self
                   ? each.storage == settings_.storage
                   : is_caught_up(each.id) && follower->second.state.storage == each.storage;
    });
}

membership core::with_storages(membership next) const {
    for (member& each : next.members) {
        const member* known = members().stable.find(each.id);
        const auto follower = followers_.find(each.id);
        if (known != nullptr && known->is_voter && known->storage != storage_id{}) {
            each.storage = known->storage;
        } else if (each.id == settings_.self) {
            each.storage = settings_.storage;
        } else if (follower != followers_.end()) {
            each.storage = follower->second.state.storage;
        }
    }
    return next;
}

bool core::is_admitting() const {
    const membership& newest = members().is_joint ? members().pending : members().stable;
    const bool is_under_way =
        members().is_joint || history_.membership_changes().back().at > committed_;
    return is_under_way && newest.configured != newest.version;
}

/// Under load nobody ever has everything.
bool core::is_caught_up(server_id peer) const {
    const auto at = followers_.find(peer);
    if (!is_leading(role_) || at == followers_.end() || !contacts_.contains(peer) ||
        now_ - contacts_.at(peer) >= settings_.times.lease) {
        return false;
    }
    const zxid matched = at->second.matched;
    return matched >= std::max(zxid{epoch_, 0}, history_.memory_base().at) &&
           history_.index_behind(matched) + settings_.limits.lag_count >=
               history_.index_behind(committed_);
}

progress* core::find(server_id peer, attachment number) {
    const auto at = followers_.find(peer);
    return at == followers_.end() || at->second.number != number ? nullptr : &at->second;
}

void core::on(server_id from, const follow_message& what) {
    if (!is_leading(role_)) {
        return;
    }
    const auto known = followers_.find(from);
    const bool is_stale = known != followers_.end() &&
                          known->second.state.boot == what.state.boot &&
                          known->second.number >= what.number;
    if (!is_stale) {
        welcome(from, what.number, what.state);
    }
}

/// 2.6.2: from what the follower holds to how it gets the rest.
void core::welcome(server_id peer, attachment number, const follower_state& state) {
    if (state.promised > epoch_) {
        if (peer == transfer_target_) {
            abandon_transfer(); // it has tried, and wants to follow again
        }
        return on(peer, reject_message{state.promised});
    }
    progress fresh;
    fresh.id = peer;
    fresh.number = number;
    fresh.state = state;
    fresh.moved = now_;
    std::optional<zxid> common = history_.common_place(state.epochs);
    if (CONCLAVE_MUTANT(numeric_position)) {
        common = std::min(state.last.at, history_.last().at);
    }
    if (!common) {
        common = state.committed; // at least that is in every leader's history
    }
    const bool is_divergent = *common < state.applied;
    if (*common < history_.memory_base().at) {
        fresh.mode = feeding::reading;
        fresh.sent.at = *common;
    } else {
        // A place that both have is one in memory, or its common part with a longer epoch there.
        fresh.sent = history_.place(*common).value_or(position{*common, {}});
    }
    counters_.attached_even += *common == history_.last().at ? 1 : 0;
    counters_.attached_conflict += *common < state.last.at ? 1 : 0;
    counters_.attached_behind += fresh.mode == feeding::streaming ? 1 : 0;
    send(peer, welcome_message{promised_, number, *common, is_divergent});
    if (!is_divergent) {
        followers_[peer] = std::move(fresh);
    }
}

/// Those that have no vote get what is committed only (2.9).
zxid core::feed_limit(const progress& peer) const {
    const auto& changes = history_.membership_changes();
    const bool has_vote = std::any_of(changes.begin(), changes.end(), [&](const auto& each) {
        return each.state.is_voter(peer.id);
    });
    return has_vote ? history_.last().at : committed_;
}

void core::replicate() {
    const bool barriers_wait =
        std::any_of(barriers_.begin(), barriers_.end(), [&](const waiting_barrier& each) {
            return each.needs > round_;
        });
    if (barriers_wait && role_ == role::leading) {
        begin_round();
        round_is_wanted_ = true;
    }
    for (auto& [id, peer] : followers_) {
        feed(peer);
    }
    round_is_wanted_ = false;
}

void core::feed(progress& peer) {
    const zxid limit = feed_limit(peer);
    if (peer.mode == feeding::snapshot) {
        if (!peer.is_reading && peer.snapshot_of.at.at == zxid{}) {
            ++counters_.attached_snapshot;
            peer.is_reading = true;
            // 2.6.4: nothing that the follower knows to be committed may get lost by it.
            const zxid at_least =
                std::max({peer.sent.at, peer.state.committed, peer.state.applied});
            snapshot_requests_.push_back({peer.id, peer.number, at_least});
        }
    } else if (peer.sent.at < history_.memory_base().at && peer.sent.at < limit) {
        if (!peer.is_reading && peer.in_flight.size() < settings_.limits.window_count) {
            ++counters_.attached_reading;
            peer.mode = feeding::reading;
            peer.is_reading = true;
            history_requests_.push_back({peer.id, peer.number, peer.sent.at});
        }
    } else {
        peer.mode = feeding::streaming;
    }
    // One message only until the follower has confirmed where it stands.
    const std::size_t window = peer.matched > zxid{} ? settings_.limits.window_count : 1;
    while (peer.mode == feeding::streaming && peer.sent.at < limit &&
           peer.in_flight.size() < window && peer.in_flight_size < settings_.limits.window_size) {
        std::vector<shared_entry> batch;
        std::size_t size = 0;
        for (std::size_t index = history_.index_behind(peer.sent.at);
             index < history_.memory_count() && history_[index]->at <= limit &&
             batch.size() < settings_.limits.batch_count &&
             (batch.empty() || size < settings_.limits.batch_size);
             ++index) {
            size += history_[index]->body.size();
            batch.push_back(history_[index]);
        }
        if (batch.empty()) {
            break;
        }
        send_batch(peer, std::move(batch));
    }
    const bool has_news = peer.mode == feeding::streaming && peer.told_committed < committed_;
    if (round_is_wanted_ || has_news || !peer.is_probed) {
        send_beat(peer);
    }
}

void core::send_batch(progress& peer, std::vector<shared_entry> entries) {
    append_message what{epoch_, peer.number, peer.sent, std::move(entries), committed_, round_};
    std::size_t size = 0;
    for (const shared_entry& each : what.entries) {
        size += each->body.size();
    }
    if (peer.in_flight.empty()) {
        peer.moved = now_;
    }
    peer.sent = what.entries.back()->where();
    peer.in_flight.push_back({peer.sent.at, size});
    peer.in_flight_size += size;
    peer.told_committed = committed_;
    peer.is_probed = true;
    send(peer.id, std::move(what));
}

/// A heartbeat, or news of a commit.
void core::send_beat(progress& peer) {
    append_message what{epoch_, peer.number, peer.sent, {}, committed_, round_};
    what.is_bare = peer.mode == feeding::snapshot;
    peer.told_committed = committed_;
    peer.is_probed = true;
    send(peer.id, std::move(what));
}

void core::history_read(server_id peer, attachment number, std::vector<shared_entry> entries) {
    progress* to = is_leading(role_) ? find(peer, number) : nullptr;
    if (to == nullptr || to->mode != feeding::reading) {
        return;
    }
    to->is_reading = false;
    const zxid limit = feed_limit(*to);
    while (!entries.empty() && entries.back()->at > limit) {
        entries.pop_back();
    }
    const bool fits = !entries.empty() && entries.front()->previous == to->sent.at;
    if (fits) {
        send_batch(*to, std::move(entries));
    }
}

void core::history_gone(server_id peer, attachment number) {
    if (progress* to = is_leading(role_) ? find(peer, number) : nullptr; to != nullptr) {
        to->mode = feeding::snapshot;
        to->is_reading = false;
    }
}

void core::on(server_id from, const acknowledge_message& what) {
    progress* peer = is_leading(role_) && what.in == epoch_ ? find(from, what.number) : nullptr;
    if (peer == nullptr) {
        return;
    }
    if (what.durable > peer->matched) {
        peer->matched = what.durable;
        peer->moved = now_;
    }
    peer->applied = std::max(peer->applied, what.applied);
    while (!peer->in_flight.empty() && peer->in_flight.front().last <= peer->matched) {
        peer->in_flight_size -= peer->in_flight.front().size;
        peer->in_flight.pop_front();
    }
    if (what.beat > peer->beat) {
        peer->beat = what.beat;
        for (const auto& [number, began] : rounds_) {
            if (number == what.beat) {
                contacts_[from] = began;
            }
        }
    }
    advance_commit();
    confirm_barriers();
    admit_storages();
    advance_transfer();
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
    advance_transfer();
    retire_if_removed();
}

/// 2.6.3: one that gets on takes as long as it takes; one that does not must ask anew.
void core::drop_stalled() {
    std::erase_if(followers_, [&](const auto& each) {
        const progress& peer = each.second;
        const bool waits = peer.mode == feeding::snapshot || !peer.in_flight.empty();
        return waits && now_ - peer.moved >= settings_.times.stall;
    });
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

/// 5.3.5: it has led the change that removed it to its end, and hands over.
void core::retire_if_removed() {
    const membership_state& all = members();
    const bool is_retired = role_ == role::leading && !all.is_joint &&
                            history_.membership_changes().back().at <= committed_ &&
                            !all.is_electable(settings_.self);
    if (is_retired && transfer_target_ == server_id{} && !transfer_leadership({})) {
        look();
    }
}

void core::barrier(std::uint64_t token) {
    if (is_leading(role_)) {
        barriers_.push_back({settings_.self, token, committed_, round{round_.value + 1}});
        counters_.barriers_held += role_ == role::leading ? 0 : 1;
        return confirm_barriers();
    }
    if (!is_following(role_)) {
        ++counters_.barriers_failed;
        completed_barriers_.push_back({token, false, {}});
        return;
    }
    own_barriers_.push_back(token);
}

void core::on(server_id from, const barrier_message& what) {
    if (is_leading(role_) && what.in == epoch_) {
        barriers_.push_back({from, what.number, committed_, round{round_.value + 1}});
        counters_.barriers_held += role_ == role::leading ? 0 : 1;
    }
}

/// 4.1: a quorum has answered a round that began after the barrier was asked for.
void core::confirm_barriers() {
    if (role_ != role::leading) {
        return;
    }
    while (!barriers_.empty()) {
        waiting_barrier& next = barriers_.front();
        const bool is_confirmed = has_quorum_of([&](server_id id) {
            const auto follower = followers_.find(id);
            return follower != followers_.end() && follower->second.beat >= next.needs;
        });
        if (!is_confirmed && !CONCLAVE_MUTANT(barrier_without_round)) {
            return;
        }
        // What was committed before this epoch began counts too (B59).
        const zxid at = std::max(next.at, zxid{epoch_, 0});
        if (next.from == settings_.self) {
            ++counters_.barriers_confirmed;
            completed_barriers_.push_back({next.number, true, at});
        } else {
            send(next.from, barrier_answer{epoch_, next.number, at});
        }
        barriers_.pop_front();
    }
}

bool core::transfer_leadership(server_id to) {
    if (role_ != role::leading || transfer_target_ != server_id{}) {
        return false;
    }
    const progress* best = nullptr;
    for (const auto& [id, peer] : followers_) {
        const bool is_asked_for = to == server_id{} || to == id;
        const bool is_newer = best == nullptr || peer.matched > best->matched;
        if (is_asked_for && is_newer && members().is_electable(id) && peer.matched > zxid{}) {
            best = &peer;
        }
    }
    if (best == nullptr) {
        return false;
    }
    ++counters_.transfers_begun;
    transfer_target_ = best->id;
    transfer_is_told_ = false;
    transfer_deadline_ = now_ + settings_.times.lease;
    advance_transfer();
    return true;
}

void core::abandon_transfer() {
    ++counters_.transfers_abandoned;
    transfer_target_ = {};
    transfer_is_told_ = false;
}

void core::advance_transfer() {
    if (transfer_target_ == server_id{} || role_ != role::leading) {
        return;
    }
    const auto target = followers_.find(transfer_target_);
    if (now_ >= transfer_deadline_ || target == followers_.end()) {
        return abandon_transfer();
    }
    if (!transfer_is_told_ && target->second.matched == history_.last().at) {
        transfer_is_told_ = true;
        send(transfer_target_, transfer_message{epoch_});
    }
}

time_point core::next_deadline() const {
    switch (role_) {
    case role::looking: {
        time_point next = next_status_;
        if (asked_leader_ != server_id{}) {
            next = std::min(next, asked_until_);
        }
        if (quorum_seen_) {
            next = std::min(next, now_ + settings_.times.gather / 2);
        }
        return next;
    }
    case role::candidate:
        return campaign_deadline_;
    case role::following_syncing:
    case role::following:
        return leader_contact_ + settings_.times.lease;
    case role::leading_syncing:
    case role::leading:
        // Alone, it has nobody to tell and nobody to hear.
        return links_.empty() && members().voter_count() == 1 ? time_point::max() : next_beat_;
    case role::stopped:
        break;
    }
    return time_point::max();
}

} // namespace conclave::zab
