/// Barriers: who asks is told once leadership was confirmed later than that (zab 4.1).
#include "server/zab/core.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>

namespace conclave::zab {

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

/// All barriers that wait share one message; those that come meanwhile share the next.
void core::forward_barriers() {
    if (own_barriers_.empty() || barrier_is_forwarded_) {
        return;
    }
    barrier_is_forwarded_ = true;
    barrier_number_ = own_barriers_.back();
    send(leader_, barrier_message{epoch_, barrier_number_});
}

void core::on(server_id from, const barrier_answer& what) {
    if (!is_following(role_) || from != leader_ || what.in != epoch_ ||
        what.number != barrier_number_) {
        return;
    }
    while (!own_barriers_.empty() && own_barriers_.front() <= what.number) {
        ++counters_.barriers_confirmed;
        completed_barriers_.push_back({own_barriers_.front(), true, what.at});
        own_barriers_.pop_front();
    }
    barrier_is_forwarded_ = false;
}

void core::fail_barriers() {
    for (const std::uint64_t token : own_barriers_) {
        ++counters_.barriers_failed;
        completed_barriers_.push_back({token, false, {}});
    }
    own_barriers_.clear();
    for (const waiting_barrier& each : barriers_) {
        if (each.from == settings_.self) {
            ++counters_.barriers_failed;
            completed_barriers_.push_back({each.number, false, {}});
        }
    }
    barriers_.clear();
    barrier_is_forwarded_ = false;
}

} // namespace conclave::zab
