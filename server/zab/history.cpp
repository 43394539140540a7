#include "server/zab/history.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::zab {

namespace {

bool is_before(const shared_entry& left, zxid right) {
    return left->at < right;
}

bool is_membership_change(const entry& next) {
    return next.kind == entry_kind::membership || next.kind == entry_kind::activation ||
           (next.kind == entry_kind::epoch_start && decode_epoch_start(next.body) &&
            decode_epoch_start(next.body)->founds);
}

} // namespace

namespace {

membership numbered(membership proposed, zxid at) {
    proposed.version = at;
    if (proposed.configured == zxid{}) {
        proposed.configured = at;
    }
    return proposed;
}

} // namespace

membership_state members_after(const membership_state& before, const entry& next) {
    membership_state after = before;
    if (next.kind == entry_kind::membership) {
        if (std::optional<membership> proposed = decode_membership(next.body); proposed) {
            after.pending = numbered(*std::move(proposed), next.at);
            after.is_joint = true;
        }
    } else if (next.kind == entry_kind::epoch_start) {
        if (std::optional<epoch_start> start = decode_epoch_start(next.body);
            start && start->founds) {
            after.stable = numbered(std::move(start->founded), next.at);
        }
    } else if (next.kind == entry_kind::activation && before.is_joint) {
        after.stable = std::exchange(after.pending, {});
        after.is_joint = false;
    }
    return after;
}

bool add_place(std::vector<position>& epochs, const position& at) {
    if (!epochs.empty() && epochs.back().at.in_epoch() == at.at.in_epoch()) {
        epochs.back() = at;
        return false;
    }
    epochs.push_back(at);
    if (epochs.size() <= history::epochs_kept) {
        return false;
    }
    epochs.erase(epochs.begin());
    return true;
}

history::history(base_state base, std::deque<shared_entry> tail)
    : memory_base_(base.at)
    , last_(base.at)
    , epochs_(std::move(base.epochs))
    , epochs_are_cut_(base.epochs_are_cut) {
    changes_.push_back({zxid{}, std::move(base.members)});
    for (shared_entry& next : tail) {
        append(std::move(next));
    }
}

void history::append(shared_entry next) {
    CONCLAVE_ASSERT(next->previous == last_.at && is_successor(last_.at, next->at));
    last_ = next->where();
    epochs_are_cut_ = add_place(epochs_, last_) || epochs_are_cut_;
    if (is_membership_change(*next)) {
        changes_.push_back({next->at, members_after(changes_.back().state, *next)});
    }
    memory_size_ += next->body.size();
    entries_.push_back(std::move(next));
}

void history::truncate(const position& keep) {
    CONCLAVE_ASSERT(keep.at >= memory_base_.at);
    while (!entries_.empty() && entries_.back()->at > keep.at) {
        memory_size_ -= entries_.back()->body.size();
        entries_.pop_back();
    }
    last_ = entries_.empty() ? memory_base_ : entries_.back()->where();
    CONCLAVE_ASSERT(last_ == keep);
    while (!epochs_.empty() && epochs_.back().at > keep.at) {
        epochs_.pop_back();
    }
    if (keep.at > zxid{}) {
        add_place(epochs_, keep);
    }
    while (changes_.size() > 1 && changes_.back().at > keep.at) {
        changes_.pop_back();
    }
}

void history::forget(zxid limit, std::size_t size, std::size_t count) {
    while (!entries_.empty() && (memory_size_ > size || entries_.size() > count) &&
           entries_.front()->at <= limit) {
        memory_size_ -= entries_.front()->body.size();
        memory_base_ = entries_.front()->where();
        entries_.pop_front();
    }
}

std::size_t history::index_behind(zxid at) const {
    const auto first = std::lower_bound(entries_.begin(), entries_.end(), at.next(), is_before);
    return static_cast<std::size_t>(first - entries_.begin());
}

const shared_entry* history::find(zxid at) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), at, is_before);
    return found == entries_.end() || (*found)->at != at ? nullptr : &*found;
}

std::optional<position> history::place(zxid at) const {
    if (at == memory_base_.at) {
        return memory_base_;
    }
    const shared_entry* found = find(at);
    return found == nullptr ? std::nullopt : std::optional{(*found)->where()};
}

std::optional<zxid> history::common_place(const std::vector<position>& other_epochs) const {
    if (other_epochs.empty()) {
        return zxid{};
    }
    for (auto theirs = other_epochs.rbegin(); theirs != other_epochs.rend(); ++theirs) {
        const auto ours = std::find_if(epochs_.rbegin(), epochs_.rend(), [&](const position& each) {
            return each.at.in_epoch() == theirs->at.in_epoch();
        });
        if (ours != epochs_.rend()) {
            return std::min(ours->at, theirs->at);
        }
    }
    // A list that was cut has lost no more than the few epochs of its uncommitted end since.
    const bool all_are_known = !epochs_are_cut_ && other_epochs.size() < epochs_kept / 2;
    return all_are_known ? std::optional{zxid{}} : std::nullopt;
}

base_state history::state_at(const position& at) const {
    base_state state{at, {}, changes_.front().state, epochs_are_cut_};
    for (const position& each : epochs_) {
        if (each.at.in_epoch() < at.at.in_epoch()) {
            state.epochs.push_back(each);
        }
    }
    if (at.at > zxid{}) {
        state.epochs.push_back(at);
    }
    for (const membership_change& change : changes_) {
        if (change.at <= at.at) {
            state.members = change.state;
        }
    }
    return state;
}

void history::settle(zxid at) {
    while (changes_.size() > 1 && changes_[1].at <= at) {
        changes_.erase(changes_.begin());
    }
}

} // namespace conclave::zab
