/// Who decides, as the leader changes it (zab 5.3, 5.4).
#include "server/zab/core.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::zab {

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

} // namespace conclave::zab
