#include "server/tree/preparation.hpp"

#include "server/tree/reserved.hpp"

#include <conclave/path.hpp>

#include <set>

namespace conclave::tree {

preparation::preparation(const tree& applied, preparation_settings settings)
    : applied_(applied), settings_(settings) {}

void preparation::begin(bool is_multi) {
    is_multi_ = is_multi;
}

void preparation::accept(zxid at) {
    pending_.accept(at);
    usage_.accept(at);
}

void preparation::discard() {
    pending_.discard();
    usage_.discard();
}

void preparation::on_applied(zxid at) {
    pending_.release(at);
    usage_.release(at);
}

void preparation::clear() {
    pending_.clear();
    usage_.clear();
}

pending_node preparation::look(bytes_view path) const {
    if (path.empty()) {
        path = root_path;
    }
    if (const pending_node* pending = pending_.find(path)) {
        return *pending;
    }
    const std::optional<node_view> applied = applied_.find(path);
    if (!applied) {
        return {};
    }
    return {true, false, applied->head, bytes{applied->acl}, applied->data_size()};
}

bool preparation::allows(const pending_node& node, std::int32_t needed, const requester& by) const {
    return is_allowed(node.acl, needed, by.who, settings_.access);
}

void preparation::put_deleted(bytes_view path, const pending_node& node) {
    note_usage(path, {-1, -node.data_size});
    pending_.put(path, {});
    const bytes_view parent_path = path::parent_of(path);
    pending_node parent = look(parent_path);
    parent.head.num_children -= 1;
    pending_.put(parent_path, std::move(parent));
}

std::vector<bytes> preparation::close(session_id session) {
    std::set<bytes> paths;
    for (const bytes& path : applied_.ephemerals_of(session)) {
        const pending_node* pending = pending_.find(path);
        if (pending == nullptr || (pending->exists && pending->head.owner == session.value)) {
            paths.insert(path);
        }
    }
    for (const bytes_view path : pending_.ephemerals_of(session)) {
        paths.emplace(path);
    }
    for (const bytes& path : paths) {
        put_deleted(path, look(path));
    }
    return {paths.begin(), paths.end()};
}

std::optional<delete_node>
preparation::reap(bytes_view path, std::int64_t now_ms, std::int64_t container_never_used_ms) {
    const pending_node node = look(path);
    if (!node.exists || node.is_young) {
        return std::nullopt;
    }
    // The same rules as those by which the tree found the node, applied to what it will be.
    expiring_index rules;
    rules.on_change({}, nullptr, &node.head);
    bool may_go = false;
    rules.for_each_due(now_ms, container_never_used_ms, [&](const path_hash&) {
        may_go = true;
        return false;
    });
    if (!may_go) {
        return std::nullopt;
    }
    put_deleted(path, node);
    return delete_node{bytes{path}};
}

bool preparation::would_exceed_quota(bytes_view path, const quota_usage& growth) const {
    if (!settings_.enforce_quota) {
        return false;
    }
    const std::optional<quota_status> quota = applied_.quota_of(path);
    if (!quota || !quota->usage) {
        return false;
    }
    const quota_usage after = *quota->usage + usage_.of(quota->prefix) + growth;
    const auto exceeds = [](std::int64_t limit, std::int64_t used, std::int64_t more) {
        return limit >= 0 && more != 0 && used > limit;
    };
    return exceeds(quota->limits.count_hard, after.count, growth.count) ||
           exceeds(quota->limits.bytes_hard, after.bytes, growth.bytes);
}

void preparation::note_usage(bytes_view path, const quota_usage& growth) {
    if (!settings_.enforce_quota) {
        return;
    }
    if (const std::optional<quota_status> quota = applied_.quota_of(path)) {
        usage_.add(quota->prefix, growth);
    }
}

} // namespace conclave::tree
