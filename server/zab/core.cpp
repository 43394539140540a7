#include "server/zab/core.hpp"

#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::zab {

namespace {

position end_of(const recovered_state& recovered) {
    return recovered.tail.empty() ? recovered.base.at : recovered.tail.back()->where();
}

} // namespace

core::core(core_settings settings, recovered_state recovered)
    : settings_(std::move(settings))
    , random_(settings_.seed)
    , promised_(recovered.promised)
    , history_(recovered.base, recovered.tail)
    , durability_(recovered.promised.to, end_of(recovered).at)
    , committed_(recovered.base.at.at)
    , delivered_(committed_)
    , applied_(committed_)
    , hinted_(committed_)
    , last_time_ms_(recovered.time_ms) {}

void core::start(time_point now, std::int64_t wall_ms, bytes epoch_start_body) {
    now_ = now;
    wall_ms_ = wall_ms;
    epoch_start_body_ = std::move(epoch_start_body);
    look();
}

void core::advance(time_point now, std::int64_t wall_ms) {
    now_ = std::max(now_, now);
    wall_ms_ = wall_ms;
    switch (role_) {
    case role::looking:
    case role::candidate:
        return advance_election();
    case role::following_syncing:
    case role::following:
        return advance_following();
    case role::leading_syncing:
    case role::leading:
        return advance_leading();
    case role::stopped:
        return;
    }
}

void core::link_up(server_id peer) {
    links_.insert(peer);
    if (role_ == role::looking) {
        send_status(peer, true);
    } else if (is_following(role_) && leader_ == peer) {
        attach_anew();
    }
}

void core::link_down(server_id peer, link_loss why) {
    links_.erase(peer);
    followers_.erase(peer);
    statuses_.erase(peer);
    if (asked_leader_ == peer) {
        asked_leader_ = {};
    }
    if (is_following(role_) && leader_ == peer) {
        // 2.4.6: a process that is gone need not be waited for; one that is only silent may come
        // back.
        leader_is_lost_ = true;
        if (why == link_loss::refused) {
            look();
        }
    }
}

void core::receive(server_id from, message what) {
    if (role_ == role::stopped || from == settings_.self) {
        return;
    }
    std::visit([&](const auto& each) { on(from, each); }, what);
}

void core::persisted(operation_id operation) {
    const epoch promised_before = durability_.promised();
    const zxid covered_before = durability_.covered();
    durability_.complete(operation);
    if (role_ == role::stopped) {
        if (base_written_ && !needs_restart_ && durability_.covered() == base_written_->at.at) {
            ++counters_.snapshots_installed;
            needs_restart_ = true;
        }
        return;
    }
    if (durability_.promised() > promised_before) {
        tell_promise();
        announce_candidacy();
    }
    if (durability_.covered() != covered_before) {
        acknowledge_is_due_ = true;
    }
    if (is_leading(role_)) {
        advance_commit();
    }
    deliver();
}

void core::applied(zxid at) {
    applied_ = at;
    history_.settle(at);
    history_.forget(at, settings_.limits.memory_size, settings_.limits.memory_count);
    serve_if_ready();
}

/// 2.3: once the EpochStart of its epoch is applied; a follower also knows by then that its log is
/// the leader's.
void core::serve_if_ready() {
    if (applied_ < zxid{epoch_, 0}) {
        return;
    }
    if (role_ == role::leading_syncing) {
        role_ = role::leading;
        confirm_barriers();
    } else if (role_ == role::following_syncing && matched_ && applied_.in_epoch() == epoch_) {
        role_ = role::following;
    }
}

void core::write(log_record record) {
    // What is known to be committed rides along, so that a restart need not wait for an election to
    // apply it.
    const zxid known = std::min(committed_, history_.last().at);
    if (known > hinted_) {
        hinted_ = known;
        records_.push_back({record_type::commit_hint, known, {}, nullptr});
    }
    records_.push_back(std::move(record));
}

void core::append_here(shared_entry next) {
    write(to_log_record(next));
    durability_.append(next->at);
    last_time_ms_ = std::max(last_time_ms_, next->time_ms);
    history_.append(std::move(next));
}

/// 2.0, rule 6: only what is committed and durable here is applied.
void core::deliver() {
    zxid end = std::min(committed_, durability_.covered());
    if (CONCLAVE_MUTANT(apply_before_durable)) {
        end = std::min(committed_, history_.last().at);
    }
    if (end <= delivered_) {
        return;
    }
    for (std::size_t index = history_.index_behind(delivered_); index < history_.memory_count();
         ++index) {
        if (history_[index]->at > end) {
            break;
        }
        committed_entries_.push_back(history_[index]);
    }
    delivered_ = end;
}

void core::raise_commit(zxid to) {
    if (to > committed_) {
        committed_ = to;
        deliver();
    }
}

void core::stop(std::string why) {
    quarantine_ = std::move(why);
    fail_barriers();
    followers_.clear();
    role_ = role::stopped;
    leader_ = {};
    epoch_ = {};
}

time_point core::random_wait(std::chrono::nanoseconds below) {
    return time_point{
        static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below.count()))};
}

/// I36. Before anybody is admitted by name (the membership of the configuration file), whoever
/// comes under an id is believed.
bool core::counts(const member& as, const storage_id& storage, const membership& in) const {
    if (CONCLAVE_MUTANT(wiped_voter_votes)) {
        return true;
    }
    return as.storage == storage || (as.storage == storage_id{} && in.version == zxid{});
}

follower_state core::own_state() const {
    follower_state state;
    state.storage = settings_.storage;
    state.boot = settings_.boot;
    state.promised = durability_.promised();
    state.last = history_.place(durability_.covered()).value_or(history_.memory_base());
    state.epochs = history_.state_at(state.last).epochs;
    state.committed = committed_;
    state.applied = applied_;
    return state;
}

std::deque<shared_entry> core::take_committed() {
    return std::exchange(committed_entries_, {});
}

std::vector<barrier_result> core::take_barriers() {
    return std::exchange(completed_barriers_, {});
}

void core::take_outputs(core_outputs& into) {
    if (is_leading(role_)) {
        replicate();
    } else if (is_following(role_)) {
        forward_barriers();
        if (acknowledge_is_due_) {
            acknowledge();
        }
    }
    into.disk.records = std::exchange(records_, {});
    if (!into.disk.records.empty()) {
        into.disk.operation = durability_.submit();
    }
    const auto move_all = [](auto& from, auto& to) {
        to.insert(
            to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end())
        );
        from.clear();
    };
    move_all(messages_, into.messages);
    move_all(history_requests_, into.history);
    move_all(snapshot_requests_, into.snapshots);
    move_all(snapshot_reads_, into.snapshot_reads);
    move_all(pieces_, into.pieces);
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
