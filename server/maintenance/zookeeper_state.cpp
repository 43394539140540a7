#include "server/maintenance/zookeeper_state.hpp"

#include "server/tree/node.hpp"
#include "server/tree/quota.hpp"
#include "server/tree/reserved.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>
#include <zlib.h>

namespace conclave::maintenance {

namespace {

const bytes open_acl = [] {
    bytes encoded;
    jute::writer{encoded}(std::vector{acl_record{permission::all, "world", "anyone"}});
    return encoded;
}();

bool is_ephemeral(std::int64_t owner) {
    tree::node_head head;
    head.owner = owner;
    return head.kind() == tree::node_kind::ephemeral;
}

std::string malformed(const zookeeper_transaction& what) {
    return fmt::format(
        "the transaction at zxid 0x{:x} (type {}) cannot be understood", what.at.value, what.type
    );
}

/// The octets of an ACL, which the reader passes.
bytes_view take_acl(jute::reader& in) {
    const bytes_view before = in.rest();
    std::vector<acl_record> entries;
    in(entries);
    return before.substr(0, before.size() - in.rest().size());
}

} // namespace

const bytes* zookeeper_state::intern(bytes_view acl) {
    if (acl == open_acl) {
        acl = {};
    }
    const auto known = acl_index_.find(bytes{acl});
    if (known != acl_index_.end()) {
        return known->second;
    }
    acls_.emplace_back(acl);
    acl_index_.emplace(acl, &acls_.back());
    return &acls_.back();
}

void zookeeper_state::add_node(bytes path, zookeeper_node node) {
    if (is_ephemeral(node.owner)) {
        ephemerals_[node.owner].insert(path);
    }
    nodes_.insert_or_assign(std::move(path), std::move(node));
}

result<void, std::string> zookeeper_state::apply(const zookeeper_transaction& what) {
    if (auto applied = apply_body(what); !applied) {
        return applied;
    }
    last_ = std::max(last_, what.at);
    last_time_ms_ = std::max(last_time_ms_, what.time_ms);
    return {};
}

zookeeper_state::outcome zookeeper_state::apply_body(const zookeeper_transaction& what) {
    switch (static_cast<opcode>(what.type)) {
    case opcode::create_session: {
        std::int32_t timeout_ms = 0;
        jute::reader in{what.body};
        in(timeout_ms);
        if (!in.ok()) {
            return unexpected{malformed(what)};
        }
        sessions_[what.session] = timeout_ms;
        return {};
    }
    case opcode::close_session:
        return close_session(what);
    case opcode::create:
    case opcode::create2:
        return create(what, std::nullopt);
    case opcode::create_container:
        return create(what, tree::container_owner);
    case opcode::create_ttl:
        return create(what, 0); // it tells the time further behind
    case opcode::remove:
    case opcode::delete_container:
        return remove(what);
    case opcode::set_data:
    case opcode::reconfig:
        return set_data(what);
    case opcode::set_acl:
        return set_acl(what);
    case opcode::multi:
        return apply_multi(what);
    case opcode::check:
    case opcode::error:
        return {};
    default:
        return unexpected{malformed(what)};
    }
}

/// One that failed has no effect: an error among its parts says so, whatever stands before it.
zookeeper_state::outcome zookeeper_state::apply_multi(const zookeeper_transaction& what) {
    std::vector<zookeeper_transaction> parts;
    jute::reader in{what.body};
    std::int32_t count = 0;
    in(count);
    for (std::int32_t index = 0; in.ok() && index < count; ++index) {
        zookeeper_transaction part = what;
        std::optional<bytes_view> body;
        in(part.type, body);
        part.body = body.value_or(bytes_view{});
        parts.push_back(part);
    }
    const auto is_of = [](opcode type) {
        return [type](const zookeeper_transaction& part) {
            return static_cast<opcode>(part.type) == type;
        };
    };
    if (!in.ok() || std::any_of(parts.begin(), parts.end(), is_of(opcode::multi))) {
        return unexpected{malformed(what)};
    }
    if (std::any_of(parts.begin(), parts.end(), is_of(opcode::error))) {
        return {};
    }
    for (const zookeeper_transaction& part : parts) {
        if (auto applied = apply_body(part); !applied) {
            return applied;
        }
    }
    return {};
}

/// `owner`: nothing if the transaction says whether the node is ephemeral.
zookeeper_state::outcome
zookeeper_state::create(const zookeeper_transaction& what, std::optional<std::int64_t> owner) {
    jute::reader in{what.body};
    bytes_view path;
    zookeeper_node node;
    in(path, node.data);
    const bytes_view acl = take_acl(in);
    bool ephemeral = false;
    if (!owner) {
        in(ephemeral);
    }
    if (!in.ok()) {
        return unexpected{malformed(what)};
    }
    std::int32_t cversion = -1; // before 3.4 it was not told
    if (!in.rest().empty()) {
        in(cversion);
    }
    node.owner = owner.value_or(ephemeral ? what.session : 0);
    if (static_cast<opcode>(what.type) == opcode::create_ttl) {
        std::int64_t ttl_ms = 0;
        in(ttl_ms);
        if (ttl_ms <= 0 || ttl_ms > ttl_max_ms) {
            return unexpected{malformed(what)};
        }
        node.owner = tree::ttl_owner(ttl_ms);
    }
    if (!in.ok() || !path::is_valid(path) || path == tree::root_path) {
        return unexpected{malformed(what)};
    }
    node.acl = intern(acl);
    create_node(what, bytes{path}, std::move(node), cversion);
    return {};
}

/// What was created and deleted while the snapshot was taken may be missing in it, or be there
/// already: the parent's counter never goes back, and is brought forward in both cases.
void zookeeper_state::create_node(
    const zookeeper_transaction& what, bytes path, zookeeper_node node, std::int32_t cversion
) {
    const auto parent = nodes_.find(bytes{path::parent_of(path)});
    if (parent == nodes_.end()) {
        return; // it was deleted later, before the snapshot came to it
    }
    zookeeper_node& above = parent->second;
    if (cversion == -1) {
        cversion = above.cversion + 1;
    }
    if (cversion > above.cversion) {
        above.cversion = cversion;
        above.pzxid = what.at;
    }
    if (nodes_.contains(path)) {
        return;
    }
    node.czxid = node.mzxid = node.pzxid = what.at;
    node.ctime_ms = node.mtime_ms = what.time_ms;
    add_node(std::move(path), std::move(node));
}

void zookeeper_state::delete_node(bytes_view path, zxid at) {
    if (const auto parent = nodes_.find(bytes{path::parent_of(path)}); parent != nodes_.end()) {
        parent->second.pzxid = std::max(parent->second.pzxid, at);
    }
    const auto node = nodes_.find(bytes{path});
    if (node == nodes_.end() || path == tree::root_path) {
        return;
    }
    if (const auto owned = ephemerals_.find(node->second.owner); owned != ephemerals_.end()) {
        owned->second.erase(bytes{path});
    }
    nodes_.erase(node);
}

zookeeper_state::outcome zookeeper_state::remove(const zookeeper_transaction& what) {
    bytes_view path;
    jute::reader in{what.body};
    in(path);
    if (!in.ok()) {
        return unexpected{malformed(what)};
    }
    delete_node(path, what.at);
    return {};
}

zookeeper_state::outcome zookeeper_state::set_data(const zookeeper_transaction& what) {
    bytes_view path;
    std::optional<bytes> data;
    std::int32_t version = 0;
    jute::reader in{what.body};
    in(path, data, version);
    if (!in.ok()) {
        return unexpected{malformed(what)};
    }
    if (const auto node = nodes_.find(bytes{path}); node != nodes_.end()) {
        node->second.data = std::move(data);
        node->second.version = version;
        node->second.mzxid = what.at;
        node->second.mtime_ms = what.time_ms;
    }
    return {};
}

zookeeper_state::outcome zookeeper_state::set_acl(const zookeeper_transaction& what) {
    bytes_view path;
    std::int32_t aversion = 0;
    jute::reader in{what.body};
    in(path);
    const bytes_view acl = take_acl(in);
    in(aversion);
    if (!in.ok()) {
        return unexpected{malformed(what)};
    }
    if (const auto node = nodes_.find(bytes{path}); node != nodes_.end()) {
        node->second.acl = intern(acl);
        node->second.aversion = aversion;
    }
    return {};
}

/// Since 3.6 the transaction names the nodes that go; what is left of the session's goes as well.
zookeeper_state::outcome zookeeper_state::close_session(const zookeeper_transaction& what) {
    std::vector<bytes> named;
    jute::reader in{what.body};
    in(named);
    if (in.ok()) {
        for (const bytes& path : named) {
            delete_node(path, what.at);
        }
    }
    for (const bytes& path : std::exchange(ephemerals_[what.session], {})) {
        delete_node(path, what.at);
    }
    ephemerals_.erase(what.session);
    sessions_.erase(what.session);
    return {};
}

void zookeeper_state::settle() {
    std::vector<bytes> orphans;
    for (const auto& [session, paths] : ephemerals_) {
        if (!sessions_.contains(session)) {
            orphans.insert(orphans.end(), paths.begin(), paths.end());
        }
    }
    for (const bytes& path : orphans) {
        delete_node(path, last_);
    }
    std::vector<bytes> limits;
    for (const auto& [path, node] : nodes_) {
        if (!tree::prefix_of_quota_limits(path).empty()) {
            limits.push_back(path);
        }
    }
    for (const bytes& path : limits) {
        count_quota(path);
    }
}

void zookeeper_state::count_quota(bytes_view limits_path) {
    const bytes_view prefix = tree::prefix_of_quota_limits(limits_path);
    const auto statistics = nodes_.find(tree::quota_stats_path(prefix));
    if (statistics == nodes_.end()) {
        return;
    }
    tree::quota_usage usage;
    for (const auto& [path, node] : nodes_) {
        if (path::is_at_or_below(path, prefix)) {
            const std::size_t size = node.data ? node.data->size() : 0;
            usage = usage + tree::quota_usage{1, static_cast<std::int64_t>(size)};
        }
    }
    auto record = tree::quota_record::parse(statistics->second.data.value_or(bytes{}));
    if (record) {
        record->set("count", usage.count);
        record->set("bytes", usage.bytes);
        statistics->second.data = record->to_text();
    }
}

std::int64_t zookeeper_state::zookeeper_digest() const {
    std::uint64_t sum = 0;
    for (const auto& [path, node] : nodes_) {
        if (path.starts_with("/zookeeper/")) {
            continue; // servers may differ there
        }
        bytes text = path == tree::root_path ? bytes{} : path;
        text += node.data.value_or(bytes{});
        jute::writer{text}(
            node.czxid,
            node.mzxid,
            node.pzxid,
            node.ctime_ms,
            node.mtime_ms,
            node.version,
            node.cversion,
            node.aversion,
            node.owner
        );
        sum += ::crc32_z(0, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    return static_cast<std::int64_t>(sum);
}

} // namespace conclave::maintenance
