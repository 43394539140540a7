/// A leader hands over before it goes (zab 2.10).
#include "server/zab/core.hpp"

namespace conclave::zab {

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

/// It leads because the others needed what only it had, or because nobody could take over earlier.
/// Those who may be no better off are asked now and then only: a transfer holds up the rest.
void core::hand_over_if_impaired() {
    if (is_impaired_ && now_ >= next_hand_over_ && transfer_leadership({})) {
        next_hand_over_ = now_ + 4 * settings_.times.lease;
    }
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

} // namespace conclave::zab
