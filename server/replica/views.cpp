/// What operators see of a replica beside the counters, and what they vouch for.
#include "server/replica/replica.hpp"

#include <algorithm>

namespace conclave::replica {

bytes_view name(zab::role role) {
    switch (role) {
    case zab::role::looking:
        return "looking";
    case zab::role::candidate:
        return "candidate";
    case zab::role::leading_syncing:
        return "leading, not yet serving";
    case zab::role::leading:
        return "leading";
    case zab::role::following_syncing:
        return "following, not yet serving";
    case zab::role::following:
        return "following";
    case zab::role::stopped:
        break;
    }
    return "stopped";
}

void replica::grant(connection_id to, identity proved) {
    if (connection* const granted = find(to)) {
        granted->who.push_back(std::move(proved));
    }
}

std::vector<connection_id> replica::connection_ids() const {
    std::vector<connection_id> ids;
    ids.reserve(connections_.size());
    for (const auto& [id, each] : connections_) {
        ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

const connection* replica::find_connection(connection_id id) const {
    const auto at = connections_.find(id);
    return at == connections_.end() ? nullptr : at->second.get();
}

const connection* replica::connection_of(session_id session) const {
    const auto at = bound_.find(session);
    return at == bound_.end() ? nullptr : find_connection(at->second);
}

bytes replica::configuration_text() const {
    const std::optional<tree::node_view> node = tree_.find("/zookeeper/config");
    return node && node->data ? bytes{*node->data} : bytes{};
}

ensemble_status replica::current_ensemble_status() const {
    ensemble_status told;
    told.self = settings_.self;
    if (core_ == nullptr) {
        return told;
    }
    told.leader = core_->leader();
    told.role = core_->current_role();
    told.current_epoch = core_->current_epoch();
    told.promised_epoch = core_->promised().to;
    told.last_logged = core_->last().at;
    told.committed = core_->committed();
    told.is_alone = is_alone();
    told.is_voter = core_->members().is_voter(settings_.self);
    told.is_joint = core_->members().is_joint;
    told.membership_version = core_->members().version();
    told.quarantine = core_->quarantine();
    if (leaderless_since_) {
        told.leaderless_ms = (now_.monotonic - *leaderless_since_) / std::chrono::milliseconds{1};
    }
    told.in_flight_count = in_flight_.size();
    told.in_flight_size = in_flight_size_;
    told.forwarded_count = forwarded_count_;
    told.unsaved_size = rows_.active_size();
    told.counted = core_->statistics();
    for (const server_id id : core_->members().servers()) {
        const zab::member& known = *core_->members().find(id);
        member_status& added = told.members.emplace_back();
        added = {id, known.is_voter, known.weight, known.group, known.address, {}};
        const auto follower = core_->followers().find(id);
        if (is_leading() && follower != core_->followers().end()) {
            const zab::progress& its = follower->second;
            added.follower = {
                its.matched,
                its.applied,
                its.mode,
                (now_.monotonic - its.moved) / std::chrono::milliseconds{1}};
        }
    }
    return told;
}

} // namespace conclave::replica
