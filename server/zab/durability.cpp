#include "server/zab/durability.hpp"

#include <algorithm>
#include <utility>

namespace conclave::zab {

void durability::truncate(zxid keep) {
    filling_.cut = filling_.has_cut ? std::min(filling_.cut, keep) : keep;
    filling_.has_cut = true;
    filling_.end = keep;
    filling_.has_end = true;
    covered_ = std::min(covered_, keep);
}

operation_id durability::submit() {
    filling_.id = next_;
    next_ = operation_id{next_.value + 1};
    pending_.push_back(std::exchange(filling_, {}));
    return pending_.back().id;
}

void durability::complete(operation_id done) {
    while (!pending_.empty() && pending_.front().id <= done) {
        const operation& finished = pending_.front();
        promised_ = std::max(promised_, finished.promised);
        if (finished.has_end) {
            end_ = finished.end;
        }
        pending_.pop_front();
    }
    covered_ = end_;
    for (const operation& each : pending_) {
        covered_ = each.has_cut ? std::min(covered_, each.cut) : covered_;
    }
    covered_ = filling_.has_cut ? std::min(covered_, filling_.cut) : covered_;
}

} // namespace conclave::zab
