/// Following: the log becomes a copy of the leader's, prefix first (zab 2.6, 2.7).
#include "server/zab/core.hpp"
#include "server/zab/mutant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::zab {

void core::ask_to_follow(server_id leader) {
    attachment_ = attachment{attachment_.value + 1};
    asked_leader_ = leader;
    asked_until_ = now_ + 3 * settings_.times.heartbeat;
    send(leader, follow_message{attachment_, own_state()});
}

/// Something between is missing: late, or lost. Told again no more often than heartbeats come.
void core::note_gap() {
    if (now_ - attached_at_ >= settings_.times.heartbeat) {
        ++counters_.reattached_after_gap;
        attach_anew();
    }
}

/// Where it stands is not what the leader thinks: tell it again.
void core::attach_anew() {
    attached_at_ = now_;
    matched_.reset();
    attachment_ = attachment{attachment_.value + 1};
    send(leader_, follow_message{attachment_, own_state()});
}

void core::on(server_id from, const welcome_message& what) {
    if (what.number != attachment_ || what.leader.candidate != from ||
        !(is_following(role_) ? leader_ == from : asked_leader_ == from)) {
        return;
    }
    if (what.leader.to < promised_.to) {
        send(from, reject_message{promised_.to});
        return;
    }
    if (what.is_divergent) {
        return stop(fmt::format(
            "the history of leader {} has only zxid 0x{:x} in common with this server, which has "
            "applied 0x{:x}",
            from.value,
            what.common.value,
            applied_.value
        ));
    }
    // Of one epoch only one candidate can have gathered a quorum: it may be followed even if the
    // promise went to another.
    if (what.leader.to > promised_.to) {
        promised_ = what.leader;
        durability_.promise(promised_.to);
        write(to_log_record(promised_));
    }
    if (role_ == role::looking || epoch_ != what.leader.to) {
        role_ = role::following_syncing;
    }
    leader_ = from;
    epoch_ = what.leader.to;
    asked_leader_ = {};
    leader_contact_ = now_;
    attached_at_ = now_;
    leader_is_lost_ = false;
    matched_.reset();
    incoming_.reset();
    incoming_number_ = {};
    heard_beat_ = {};
    answered_beat_ = {};
    acknowledged_ = {};
    barrier_is_forwarded_ = false;
}

bool core::is_from_leader(server_id from, epoch in, attachment number) {
    if (in < promised_.to && !is_leading(role_)) {
        send(from, reject_message{promised_.to});
        return false;
    }
    if (is_leading(role_) && in == epoch_) {
        stop(fmt::format("server {} leads epoch {} as well", from.value, in.value));
        return false;
    }
    const bool is_current =
        is_following(role_) && leader_ == from && epoch_ == in && number == attachment_;
    if (is_current) {
        leader_contact_ = now_;
        leader_is_lost_ = false;
    }
    return is_current;
}

void core::on(server_id from, const append_message& what) {
    if (!is_from_leader(from, what.in, what.number)) {
        return;
    }
    heard_beat_ = std::max(heard_beat_, what.beat);
    if (!what.is_bare && !take_entries(what)) {
        return;
    }
    if (matched_) {
        raise_commit(std::min(what.committed, matched_->at));
        serve_if_ready();
    }
    acknowledge_is_due_ = true;
}

/// The place behind which the entries of a message go; nothing if this log does not reach it.
std::optional<position> core::anchor_of(const append_message& what) {
    if (matched_ && what.previous.at <= matched_->at) {
        return matched_;
    }
    if (matched_) {
        return std::nullopt;
    }
    const std::optional<position> own = history_.place(what.previous.at);
    if (own && what.previous.chain != chain_hash{} && what.previous.chain != own->chain) {
        stop(fmt::format(
            "the leader's history is another one than this server's at zxid 0x{:x}",
            what.previous.at.value
        ));
        return std::nullopt;
    }
    return own;
}

/// 2.0, rule 4. @return false if the message told nothing that can be used.
bool core::take_entries(const append_message& what) {
    const std::optional<position> anchor = anchor_of(what);
    if (!anchor) {
        if (role_ != role::stopped) {
            note_gap();
        }
        return false;
    }
    position cursor = *anchor;
    bool is_proven = matched_ || what.previous.chain != chain_hash{} || cursor.at == zxid{};
    for (const shared_entry& next : what.entries) {
        if (next->at <= cursor.at) {
            continue; // a message that came twice, or late
        }
        if (next->previous != cursor.at || !is_successor(cursor.at, next->at)) {
            note_gap();
            return false;
        }
        if (chain_after(cursor.chain, *next) != next->chain) {
            stop(fmt::format(
                "the leader's entry 0x{:x} does not continue the history here", next->at.value
            ));
            return false;
        }
        if (!take_entry(cursor, next)) {
            return false;
        }
        is_proven = true;
    }
    if (CONCLAVE_MUTANT(truncate_without_conflict) && cursor.at < history_.last().at &&
        cursor.at >= applied_ && cursor.at >= committed_) {
        history_.truncate(cursor);
        durability_.truncate(cursor.at);
        write(truncate_record(cursor));
    }
    if (is_proven) {
        matched_ = cursor;
    }
    if (CONCLAVE_MUTANT(acknowledge_without_match)) {
        matched_ = history_.last();
    }
    return true;
}

/// Appends the entry, or finds that it is there. What contradicts it goes, and only then (2.6.3).
bool core::take_entry(position& cursor, const shared_entry& next) {
    const position& base = history_.memory_base();
    if (next->at <= base.at) {
        // Applied long ago; by the time the base is reached the chains tell whether it is the same.
        if (next->at == base.at && next->chain != base.chain) {
            stop(fmt::format("the leader's history is another one at 0x{:x}", base.at.value));
            return false;
        }
        cursor = next->where();
        return true;
    }
    const std::size_t index = history_.index_behind(cursor.at);
    if (index < history_.memory_count()) {
        if (history_[index]->chain == next->chain) {
            cursor = next->where();
            return true;
        }
        const bool is_allowed =
            cursor.at >= std::max(committed_, applied_) || CONCLAVE_MUTANT(truncate_below_commit);
        if (!is_allowed || history_.last().at.in_epoch() >= epoch_) {
            stop(fmt::format(
                "the leader's entry 0x{:x} contradicts one here that is committed (up to 0x{:x})",
                next->at.value,
                committed_.value
            ));
            return false;
        }
        ++counters_.truncations;
        counters_.entries_truncated += history_.memory_count() - index;
        write(truncate_record(cursor));
        durability_.truncate(cursor.at);
        history_.truncate(cursor);
    }
    append_here(next);
    cursor = next->where();
    return true;
}

/// F2, I17: tells only what is on disk, promise included.
void core::acknowledge() {
    acknowledge_is_due_ = false;
    const bool may_tell = durability_.promised() == epoch_ && promised_.to == epoch_;
    if (!may_tell && !CONCLAVE_MUTANT(acknowledge_old_epoch_after_promise)) {
        return;
    }
    zxid durable = matched_ ? std::min(matched_->at, durability_.covered()) : zxid{};
    if (CONCLAVE_MUTANT(acknowledge_before_durable) && matched_) {
        durable = matched_->at;
    }
    if (durable == acknowledged_ && heard_beat_ == answered_beat_) {
        return;
    }
    acknowledged_ = durable;
    answered_beat_ = heard_beat_;
    send(leader_, acknowledge_message{epoch_, attachment_, durable, applied_, heard_beat_});
}

void core::advance_following() {
    if (now_ - leader_contact_ >= settings_.times.lease) {
        look();
    }
}

} // namespace conclave::zab
