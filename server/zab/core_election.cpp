/// Looking for a leader: a non-binding exchange of statuses, then a binding campaign (zab 2.4).
/// Only the campaign matters for safety.
#include "server/zab/core.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::zab {

namespace {

std::uint32_t in_milliseconds(std::chrono::nanoseconds duration) {
    const std::int64_t count = duration / std::chrono::milliseconds{1};
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, 0x7fffffff));
}

} // namespace

void core::look() {
    forget_leader();
    advance_election();
}

void core::forget_leader() {
    if (is_leading(role_)) {
        ++counters_.step_downs;
    }
    fail_barriers();
    role_ = role::looking;
    leader_ = {};
    epoch_ = {};
    leader_is_lost_ = false;
    matched_.reset();
    incoming_.reset();
    followers_.clear();
    contacts_.clear();
    rounds_.clear();
    transfer_target_ = {};
    grants_.clear();
    denials_.clear();
    statuses_.clear();
    asked_leader_ = {};
    quorum_seen_.reset();
    status_interval_ = settings_.times.heartbeat;
    next_status_ = now_;
    campaign_wait_ = random_wait(settings_.times.heartbeat);
}

void core::broadcast_status() {
    for (const server_id peer : links_) {
        send_status(peer, true);
    }
}

void core::send_status(server_id to, bool wants_answer) {
    const follower_state state = own_state();
    status_message what;
    what.in = stands_aside() ? role::stopped : role_;
    what.storage = settings_.storage;
    what.promised = state.promised;
    what.last = state.last;
    what.members_version = members().version();
    what.priority = settings_.priority;
    what.is_impaired = is_impaired_;
    what.wants_answer = wants_answer;
    if (is_leading(role_)) {
        what.leader = settings_.self;
        what.epoch_led = epoch_;
    } else if (is_following(role_) && !leader_is_lost_) {
        what.leader = leader_;
        what.epoch_led = epoch_;
        what.leader_silence_ms = in_milliseconds(now_ - leader_contact_);
    }
    send(to, what);
}

void core::on(server_id from, const status_message& what) {
    if (what.wants_answer) {
        send_status(from, false);
    }
    if (members().find(from) != nullptr) {
        note_seen(what.promised);
        last_statuses_[from] = {what, now_};
    }
    if (role_ != role::looking) {
        return;
    }
    statuses_[from] = {what, now_};
    advance_election();
}

void core::advance_election() {
    if (role_ == role::candidate) {
        return now_ >= campaign_deadline_ ? lose_election() : void();
    }
    if (now_ >= next_status_) {
        broadcast_status();
        next_status_ = now_ + status_interval_;
        status_interval_ = std::min(status_interval_ * 2, settings_.times.heartbeat * 4);
    }
    if (asked_leader_ != server_id{}) {
        if (now_ < asked_until_) {
            return;
        }
        distrusted_[asked_leader_] = now_ + settings_.times.lease;
        asked_leader_ = {};
    }
    if (!follow_living_leader() && may_campaign()) {
        campaign(false);
    }
}

/// 2.4, step 2. A rumour counts only until the leader itself has failed to answer.
bool core::follow_living_leader() {
    server_id best;
    epoch best_epoch;
    for (const auto& [from, heard] : statuses_) {
        const status_message& what = heard.what;
        const auto silence = now_ - heard.at + std::chrono::milliseconds{what.leader_silence_ms};
        const auto doubt = distrusted_.find(what.leader);
        const bool is_doubtful =
            doubt != distrusted_.end() && now_ < doubt->second && from != what.leader;
        if (what.leader == server_id{} || what.leader == settings_.self || is_doubtful ||
            silence >= settings_.times.lease || !is_linked(what.leader)) {
            continue;
        }
        if (best == server_id{} || what.epoch_led > best_epoch) {
            best = what.leader;
            best_epoch = what.epoch_led;
        }
    }
    if (best == server_id{}) {
        return false;
    }
    ask_to_follow(best);
    return true;
}

/// 2.4, step 3: whether a quorum is looking, and this server is the one whose turn it is.
bool core::may_campaign() {
    if (now_ < next_campaign_ || stands_aside() || !may_lead(settings_.self)) {
        return false;
    }
    const bool is_empty = history_.last().at == zxid{};
    const auto fresh = [&](server_id id) -> const status_message* {
        const auto heard = statuses_.find(id);
        const bool is_recent =
            heard != statuses_.end() && now_ - heard->second.at <= 2 * status_interval_;
        return is_recent ? &heard->second.what : nullptr;
    };
    // It would be denied, and only make a leader go to a higher epoch.
    const bool is_for_others =
        is_empty && std::any_of(statuses_.begin(), statuses_.end(), [](const auto& each) {
            return each.second.what.last.at > zxid{};
        });
    if (is_for_others) {
        return false;
    }
    const auto would_promise = [&](const member& each, const membership& in) {
        if (each.id == settings_.self) {
            return counts(each, settings_.storage, in);
        }
        const status_message* other = fresh(each.id);
        // A server without history has nothing to compare with, so it stands by others like it only
        // (2.4.4).
        return other != nullptr && counts(each, other->storage, in) &&
               (other->in == role::looking || other->in == role::candidate) &&
               (is_empty || other->last.at > zxid{} || each.storage == other->storage);
    };
    const membership_state& all = members();
    const bool has_quorum = all.stable.is_quorum([&](const member& each) {
        return would_promise(each, all.stable);
    }) && (!all.is_joint || all.pending.is_quorum([&](const member& each) {
                                return would_promise(each, all.pending);
                            }));
    if (!has_quorum) {
        quorum_seen_.reset();
        return false;
    }
    if (!quorum_seen_) {
        quorum_seen_ = now_;
    }
    // It stands if nobody else does: even one that cannot write serves reads.
    if (is_impaired_ && now_ < *quorum_seen_ + 2 * settings_.times.lease) {
        return false;
    }
    // Like with like: the others tell what is on their disks.
    const auto own = std::tuple{durability_.covered(), settings_.priority, settings_.self};
    std::size_t better = 0;
    bool all_answered = true;
    for (const server_id id : all.servers()) {
        if (id == settings_.self || !all.is_voter(id)) {
            continue;
        }
        const status_message* other = fresh(id);
        all_answered = all_answered && other != nullptr;
        // One that does not want to lead is waited for only if it would deny this one.
        const bool stands = other != nullptr && all.is_electable(id) &&
                            (!other->is_impaired || other->last.at > durability_.covered());
        if (!stands) {
            continue;
        }
        better += std::tuple{other->last.at, other->priority, id} > own ? 1 : 0;
    }
    if (better == 0) {
        return all_answered || now_ >= *quorum_seen_ + settings_.times.gather;
    }
    return now_ >= *quorum_seen_ + static_cast<std::int64_t>(better) * settings_.times.heartbeat +
                       campaign_wait_;
}

/// A number that no zxid could hold is no epoch. What a stranger says counts only where it answers
/// this server, or follows it: campaigning above any number that somebody sends would use up the
/// epochs.
void core::note_seen(epoch promised) {
    if (promised.value <= epoch_max) {
        highest_seen_ = std::max(highest_seen_, promised);
    }
}

/// 2.4, step 4: the own promise is durable before anybody is asked for theirs (F1).
void core::campaign(bool is_transfer) {
    const epoch highest = std::max(promised_.to, highest_seen_);
    if (highest.value >= epoch_max) {
        return; // there is none left: whoever leads goes on as long as its counter allows
    }
    ++counters_.campaigns;
    if (is_leading(role_)) {
        // Its own are answered under the next epoch; the others' servers have given theirs up.
        std::erase_if(barriers_, [&](const auto& each) { return each.from != settings_.self; });
    } else {
        fail_barriers();
    }
    role_ = role::candidate;
    leader_ = {};
    epoch_ = {};
    matched_.reset();
    followers_.clear();
    grants_.clear();
    denials_.clear();
    untold_promise_.reset();
    candidacy_is_transfer_ = is_transfer;
    is_announced_ = false;
    promised_ = {epoch{highest.value + 1}, settings_.self, settings_.boot};
    campaign_deadline_ = now_ + settings_.times.lease + random_wait(settings_.times.lease / 2);
    durability_.promise(promised_.to);
    write(to_log_record(promised_));
    if (CONCLAVE_MUTANT(promise_before_durable)) {
        announce_candidacy();
    }
}

void core::announce_candidacy() {
    const bool is_durable =
        durability_.promised() == promised_.to || CONCLAVE_MUTANT(promise_before_durable);
    if (role_ != role::candidate || is_announced_ || !is_durable) {
        return;
    }
    is_announced_ = true;
    announced_at_ = now_;
    campaign_message what;
    what.asked = promised_;
    what.last = history_.last();
    what.members_version = members().version();
    what.is_transfer = candidacy_is_transfer_;
    for (const server_id id : members().servers()) {
        if (id != settings_.self && members().is_voter(id)) {
            what.voter_storage = members().find(id)->storage;
            send(id, what);
        }
    }
    count_grants();
}

/// 2.4.4: a server without history may have lost one. It helps to found an ensemble, among others
/// like it; in one that exists it votes if it is known by its storage, which then was empty before.
bool core::may_vote_for(const campaign_message& what) const {
    const bool is_founding = what.last.at == zxid{} && settings_.may_found;
    return history_.last().at > zxid{} || is_founding || what.voter_storage == settings_.storage ||
           CONCLAVE_MUTANT(wiped_voter_votes);
}

/// It has no history, and is not allowed to take that for a beginning.
bool core::stands_aside() const {
    return history_.last().at == zxid{} && !settings_.may_found;
}

/// Electable under a membership that may still decide: one that is leaving leads on if only it has
/// the whole history, to hand over then.
bool core::may_lead(server_id candidate) const {
    const auto& changes = history_.membership_changes();
    return std::any_of(changes.begin(), changes.end(), [&](const auto& each) {
        return each.state.is_electable(candidate);
    });
}

denial core::consider(server_id from, const campaign_message& what) const {
    const bool is_own_transfer = transfer_target_ == from && transfer_is_told_;
    const bool leader_lives =
        is_leading(role_)
            ? holds_quorum(now_ - settings_.times.lease) && !(what.is_transfer && is_own_transfer)
            : is_following(role_) && !leader_is_lost_ && !what.is_transfer &&
                  now_ - leader_contact_ < settings_.times.lease;
    if (leader_lives) {
        return denial::leader_alive;
    }
    if (what.asked.to < promised_.to || what.asked.to.value > epoch_max ||
        (what.asked.to == promised_.to && what.asked != promised_)) {
        return denial::stale_epoch;
    }
    // Records whose persistence is in flight count: their acknowledgement is already queued behind
    // it, and would legally leave before the promise.
    position own = history_.last();
    if (CONCLAVE_MUTANT(no_guard_for_records_in_flight)) {
        own = history_.place(durability_.covered()).value_or(own);
    }
    bool is_fresher = own.at > what.last.at || (own.at == what.last.at && own != what.last);
    if (CONCLAVE_MUTANT(compare_counters_only)) {
        is_fresher = own.at.counter() > what.last.at.counter();
    }
    if (is_fresher && !CONCLAVE_MUTANT(no_freshness_check)) {
        return denial::fresher;
    }
    if (!may_lead(from) && what.members_version <= members().version()) {
        return denial::membership;
    }
    return may_vote_for(what) ? denial::none : denial::no_vote;
}

void core::note(denial reason) {
    switch (reason) {
    case denial::none:
        ++counters_.grants;
        break;
    case denial::leader_alive:
        ++counters_.denied_leader_alive;
        break;
    case denial::stale_epoch:
        ++counters_.denied_stale_epoch;
        break;
    case denial::fresher:
        ++counters_.denied_fresher;
        break;
    case denial::membership:
        ++counters_.denied_membership;
        break;
    case denial::no_vote:
        ++counters_.denied_no_vote;
        break;
    }
}

void core::on(server_id from, const campaign_message& what) {
    if (members().find(from) != nullptr) {
        note_seen(what.asked.to);
    }
    const denial reason = what.asked.candidate == from ? consider(from, what) : denial::stale_epoch;
    note(reason);
    if (reason != denial::none) {
        send(from, promise_message{what.asked, reason, {}, own_state()});
        return;
    }
    if (what.asked == promised_) {
        ++counters_.grants_repeated;
    } else {
        forget_leader(); // no acknowledgement of a lower epoch leaves any more
        promised_ = what.asked;
        durability_.promise(promised_.to);
        write(to_log_record(promised_));
    }
    attachment_ = attachment{attachment_.value + 1};
    asked_leader_ = from;
    asked_until_ = now_ + settings_.times.lease + random_wait(settings_.times.lease / 2);
    untold_promise_ = promise_message{what.asked, denial::none, attachment_, {}};
    if (durability_.promised() == promised_.to || CONCLAVE_MUTANT(promise_before_durable)) {
        tell_promise();
    }
}

/// F1: the promise is on disk. What is reported with it is as of now.
void core::tell_promise() {
    const bool is_durable =
        untold_promise_ && (durability_.promised() == untold_promise_->asked.to ||
                            CONCLAVE_MUTANT(promise_before_durable));
    if (!is_durable || untold_promise_->asked != promised_) {
        return;
    }
    const server_id candidate = promised_.candidate;
    untold_promise_->state = own_state();
    send(candidate, *std::exchange(untold_promise_, std::nullopt));
}

void core::on(server_id from, const promise_message& what) {
    note_seen(what.state.promised);
    if (what.asked != promised_ || promised_.candidate != settings_.self) {
        return;
    }
    if (members().find(from) != nullptr) {
        last_votes_[from] = {what.asked.to, what.reason, now_};
    }
    if (is_leading(role_) && what.reason == denial::none) {
        return on(from, follow_message{what.number, what.state});
    }
    if (role_ != role::candidate) {
        return;
    }
    if (what.reason != denial::none) {
        denials_.insert(from);
        const membership_state& all = members();
        const auto may_still_grant = [&](const member& each) {
            return each.id == settings_.self || (is_linked(each.id) && !denials_.contains(each.id));
        };
        if (what.reason == denial::fresher) {
            send(from, hint_message{});
        }
        return all.is_quorum(may_still_grant) ? void() : lose_election();
    }
    if (what.state.last.at > history_.last().at &&
        !CONCLAVE_MUTANT(no_guard_for_records_in_flight) && !CONCLAVE_MUTANT(no_freshness_check) &&
        !CONCLAVE_MUTANT(compare_counters_only)) {
        ++counters_.fresher_grants_discarded;
        return;
    }
    grants_[from] = what;
    count_grants();
}

/// Whatever the reason, it may be the same a moment later: each campaign costs everybody an epoch.
void core::lose_election() {
    ++counters_.elections_lost;
    look();
    next_campaign_ = now_ + random_wait(settings_.times.heartbeat);
}

void core::count_grants() {
    const membership_state& all = members();
    const auto has_quorum_of = [&](const membership& in) {
        return in.is_quorum([&](const member& each) {
            if (each.id == settings_.self) {
                return counts(each, settings_.storage, in);
            }
            const auto grant = grants_.find(each.id);
            return grant != grants_.end() && counts(each, grant->second.state.storage, in);
        });
    };
    const bool is_joint = all.is_joint && !CONCLAVE_MUTANT(joint_only_from_commit);
    if (has_quorum_of(all.stable) && (!is_joint || has_quorum_of(all.pending))) {
        lead();
    }
}

/// Even if it is impaired: the others cannot do without what it has, and get it from nobody else.
/// It hands over then.
void core::on(server_id, const hint_message&) {
    if (role_ == role::looking && asked_leader_ == server_id{} && may_lead(settings_.self)) {
        ++counters_.hints_followed;
        campaign(false);
    }
}

void core::on(server_id from, const transfer_message& what) {
    if (is_following(role_) && leader_ == from && epoch_ == what.in && may_lead(settings_.self) &&
        !is_impaired_) {
        ++counters_.transfers_taken;
        campaign(true);
    }
}

/// 2.4.2 and 2.10: a server that promised a higher epoch, perhaps while it was alone, cannot follow
/// this one. A leader that serves goes on under a higher epoch; nobody notices.
void core::on(server_id, const reject_message& what) {
    note_seen(what.promised);
    const bool hands_over = transfer_target_ != server_id{} && transfer_is_told_;
    if (is_leading(role_) && what.promised > epoch_ && !hands_over) {
        ++counters_.epoch_bumps;
        campaign(true);
    }
}

election_view core::election() const {
    election_view view;
    view.own_vote = promised_;
    view.is_impaired = is_impaired_;
    view.stands_aside = stands_aside();
    view.is_electable = may_lead(settings_.self);
    for (const server_id id : members().servers()) {
        if (id == settings_.self) {
            continue;
        }
        peer_view& peer = view.peers.emplace_back();
        peer.id = id;
        peer.is_linked = is_linked(id);
        if (const auto heard = last_statuses_.find(id); heard != last_statuses_.end()) {
            const status_message& what = heard->second.what;
            const auto age = now_ - heard->second.at;
            peer.status = {
                what.in, what.leader, what.promised, what.last.at, what.is_impaired, age};
        }
        if (const auto vote = last_votes_.find(id); vote != last_votes_.end()) {
            peer.vote = {vote->second.asked, vote->second.answer, now_ - vote->second.at};
        }
    }
    return view;
}

} // namespace conclave::zab
