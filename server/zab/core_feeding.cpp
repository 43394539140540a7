/// Followers: what each of them holds, and how it gets the rest (zab 2.6, 2.7).
#include "server/zab/core.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

namespace conclave::zab {

namespace {

/// 2.7: what is under way to a follower is bounded, wherever it is read from.
bool has_room(const progress& peer, const core_limits& limits) {
    return peer.in_flight.size() < limits.window_count && peer.in_flight_size < limits.window_size;
}

} // namespace

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
        if (!peer.is_reading && has_room(peer, settings_.limits)) {
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
           peer.in_flight.size() < window && has_room(peer, settings_.limits)) {
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

/// 2.6.3: one that gets on takes as long as it takes; one that does not must ask anew.
void core::drop_stalled() {
    std::erase_if(followers_, [&](const auto& each) {
        const progress& peer = each.second;
        const bool waits = peer.mode == feeding::snapshot || !peer.in_flight.empty();
        return waits && now_ - peer.moved >= settings_.times.stall;
    });
}

} // namespace conclave::zab
