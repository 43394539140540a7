#include "server/tree/pending_changes.hpp"

#include <conclave/assert.hpp>

namespace conclave::tree {

namespace {

/// Entries that are kept for the next change, and how long a path they may have had.
constexpr std::size_t spare_count_max = 128;
constexpr std::size_t spare_path_size_max = 256;

} // namespace

const pending_node* pending_changes::find(bytes_view path) const {
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? nullptr : &found->second.node;
}

void pending_changes::put(bytes_view path, pending_node after) {
    const auto found = nodes_.find(path);
    if (found != nodes_.end()) {
        scratch_.push_back({&*found, found->second.node});
        assign(*found, std::move(after));
        return;
    }
    entry& made = make(path);
    scratch_.push_back({&made, std::nullopt});
    assign(made, std::move(after));
}

void pending_changes::accept(zxid at) {
    CONCLAVE_ASSERT(in_flight_.empty() || in_flight_.back().by < at);
    for (const undo& change : scratch_) {
        ++change.changed->second.transactions;
        in_flight_.push_back({at, change.changed});
    }
    scratch_.clear();
}

void pending_changes::discard() {
    while (!scratch_.empty()) {
        undo& last = scratch_.back();
        if (last.before) {
            assign(*last.changed, *std::move(last.before));
        } else {
            forget(*last.changed);
        }
        scratch_.pop_back();
    }
}

void pending_changes::release(zxid at) {
    CONCLAVE_ASSERT(scratch_.empty());
    while (!in_flight_.empty() && in_flight_.front().by <= at) {
        entry& target = *in_flight_.front().on;
        in_flight_.pop_front();
        if (--target.second.transactions == 0) {
            forget(target);
        }
    }
}

void pending_changes::clear() {
    ephemerals_.clear();
    scratch_.clear();
    in_flight_.clear();
    nodes_.clear();
    spare_.clear();
}

std::vector<bytes_view> pending_changes::ephemerals_of(session_id session) const {
    std::vector<bytes_view> paths;
    for (auto next = ephemerals_.lower_bound({session, bytes_view{}});
         next != ephemerals_.end() && next->first == session;
         ++next) {
        paths.push_back(next->second);
    }
    return paths;
}

/// Precondition: the path has no entry.
pending_changes::entry& pending_changes::make(bytes_view path) {
    if (spare_.empty()) {
        return *nodes_.emplace(bytes{path}, slot{}).first;
    }
    node_map::node_type reused = std::move(spare_.back());
    spare_.pop_back();
    reused.key().assign(path);
    return *nodes_.insert(std::move(reused)).position;
}

void pending_changes::assign(entry& target, pending_node node) {
    const auto is_ephemeral = [](const pending_node& one) {
        return one.exists && one.head.kind() == node_kind::ephemeral;
    };
    pending_node& current = target.second.node;
    if (is_ephemeral(current)) {
        ephemerals_.erase({session_id{current.head.owner}, target.first});
    }
    if (is_ephemeral(node)) {
        ephemerals_.emplace(session_id{node.head.owner}, target.first);
    }
    current = std::move(node);
}

void pending_changes::forget(entry& target) {
    assign(target, {});
    target.second.transactions = 0;
    node_map::node_type unused = nodes_.extract(nodes_.find(target.first));
    if (spare_.size() < spare_count_max && unused.key().capacity() <= spare_path_size_max) {
        spare_.push_back(std::move(unused));
    }
}

} // namespace conclave::tree
