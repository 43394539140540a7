#include "server/zab/core.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::zab {

core::core(core_settings settings, recovered_state recovered)
    : settings_(std::move(settings))
    , promised_(recovered.promised)
    , last_(recovered.last)
    , durable_(recovered.last.at)
    , committed_(recovered.committed)
    , hinted_(recovered.committed)
    , last_time_ms_(recovered.time_ms)
    , uncommitted_(std::move(recovered.tail)) {
    CONCLAVE_ASSERT(settings_.voters.is_voter(settings_.self));
}

void core::start(std::int64_t time_ms, bytes epoch_start_body) {
    CONCLAVE_ASSERT(role_ == role::looking);
    start_time_ms_ = time_ms;
    epoch_start_body_ = std::move(epoch_start_body);
    campaign();
}

/// 2.4, step 4: the own promise is durable before anybody is asked for theirs (F1).
void core::campaign() {
    role_ = role::candidate;
    promised_to_us_.clear();
    promised_ = {epoch{promised_.to.value + 1}, settings_.self, settings_.boot};
    filling_.own_promise = true;
    write(to_log_record(promised_));
}

/// 2.5: a quorum has promised, so no lower epoch can gather one any more.
void core::lead() {
    role_ = role::leading_syncing;
    acknowledged_.clear();
    append(
        entry_kind::epoch_start,
        origin{settings_.self, settings_.boot, 0},
        start_time_ms_,
        std::exchange(epoch_start_body_, {})
    );
}

void core::append(entry_kind kind, const origin& from, std::int64_t time_ms, bytes body) {
    entry next;
    next.at = kind == entry_kind::epoch_start ? zxid{promised_.to, 0} : last_.at.next();
    next.previous = last_.at;
    next.kind = kind;
    next.from = from;
    next.time_ms = std::max(time_ms, last_time_ms_);
    next.body = std::move(body);
    next.chain = chain_after(last_.chain, next);
    last_ = {next.at, next.chain};
    last_time_ms_ = next.time_ms;
    filling_.last_entry = next.at;
    write(to_log_record(next));
    uncommitted_.push_back(std::move(next));
}

void core::write(log_record record) {
    // What is known to be committed rides along, so that a restart need not wait for an election to
    // apply it.
    if (committed_ > hinted_) {
        hinted_ = committed_;
        records_.push_back({record_type::commit_hint, committed_, {}});
    }
    records_.push_back(std::move(record));
}

zxid core::propose(const origin& from, std::int64_t time_ms, bytes body) {
    CONCLAVE_ASSERT(role_ == role::leading);
    append(entry_kind::application, from, time_ms, std::move(body));
    return last_.at;
}

void core::persisted(operation_id operation, std::int64_t time_ms) {
    start_time_ms_ = std::max(start_time_ms_, time_ms);
    bool promise_is_durable = false;
    while (!operations_.empty() && operations_.front().id <= operation) {
        const operation_effect& done = operations_.front();
        promise_is_durable = promise_is_durable || done.own_promise;
        durable_ = std::max(durable_, done.last_entry);
        operations_.pop_front();
    }
    if (promise_is_durable && role_ == role::candidate) {
        promised_to_us_.insert(settings_.self);
        if (settings_.voters.is_quorum(promised_to_us_)) {
            lead();
        }
    }
    if (role_ == role::leading_syncing || role_ == role::leading) {
        acknowledged_[settings_.self] = durable_;
        advance_commit();
    }
}

/// 2.0, rule 5: a quorum holds it and it belongs to the leader's own epoch.
void core::advance_commit() {
    zxid agreed = committed_;
    for (const auto& [candidate_server, candidate] : acknowledged_) {
        std::set<server_id> holders;
        for (const auto& [server, acknowledged] : acknowledged_) {
            if (acknowledged >= candidate) {
                holders.insert(server);
            }
        }
        if (candidate.in_epoch() == promised_.to && settings_.voters.is_quorum(holders)) {
            agreed = std::max(agreed, candidate);
        }
    }
    committed_ = agreed;
    const zxid appliable = std::min(committed_, durable_);
    while (!uncommitted_.empty() && uncommitted_.front().at <= appliable) {
        committed_entries_.push_back(std::move(uncommitted_.front()));
        uncommitted_.pop_front();
    }
}

void core::barrier(std::uint64_t token) {
    CONCLAVE_ASSERT(role_ == role::leading);
    // Leadership is confirmed by a quorum; the single voter is one by itself, at any moment (4.1,
    // step 2). Everything that is committed was handed out in the same call that committed it.
    CONCLAVE_ASSERT(settings_.voters.is_quorum({settings_.self}));
    completed_barriers_.push_back(token);
}

void core::applied(zxid at) {
    // 2.3: the leader serves once its EpochStart is committed and applied.
    if (role_ == role::leading_syncing && at >= zxid{promised_.to, 0}) {
        role_ = role::leading;
    }
}

std::deque<entry> core::take_committed() {
    return std::exchange(committed_entries_, {});
}

std::vector<std::uint64_t> core::take_barriers() {
    return std::exchange(completed_barriers_, {});
}

core_records core::take_records() {
    core_records taken{std::exchange(records_, {}), next_operation_};
    if (!taken.records.empty()) {
        filling_.id = next_operation_;
        next_operation_ = operation_id{next_operation_.value + 1};
        operations_.push_back(std::exchange(filling_, {}));
    }
    return taken;
}

} // namespace conclave::zab
