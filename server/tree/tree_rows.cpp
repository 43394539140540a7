/// The primitives of the tree: one node written or erased, with everything that must follow.
#include "server/tree/corrupt_state.hpp"
#include "server/tree/tree.hpp"

namespace conclave::tree {

namespace {

std::int64_t size_of(bytes_view path, std::optional<bytes_view> data) {
    return static_cast<std::int64_t>(path.size() + (data ? data->size() : 0));
}

bytes ephemeral_key(session_id session, const path_hash& path) {
    bytes key;
    jute::writer{key}(session);
    key.append(as_view(path));
    return key;
}

bool is_expiring(const node_head& head) {
    return head.kind() == node_kind::container || head.kind() == node_kind::ttl;
}

} // namespace

void tree::insert_node(
    const node_key& key,
    bytes_view path,
    const node_head& head,
    bytes_view acl,
    std::optional<bytes_view> data
) {
    bytes record = encode_node(head, acl, data, key.long_name());
    digest_ += node_digest(path, record);
    rows_.insert(table::node, key.view(), record);
    ++node_count_;
    data_size_ += size_of(path, data);
    index_owner(path, head);
}

void tree::update_node(
    const node_key& key,
    bytes_view path,
    const loaded& before,
    const node_head& head,
    bytes_view acl,
    std::optional<bytes_view> data
) {
    if (is_expiring(head)) {
        expiring_.on_change(hash_path(hash_seed_, path), &before.node.head, &head);
    }
    bytes record = encode_node(head, acl, data, key.long_name());
    digest_ -= node_digest(path, before.record);
    digest_ += node_digest(path, record);
    data_size_ += size_of(path, data) - size_of(path, before.node.data);
    rows_.update(table::node, key.view(), record);
}

void tree::erase_node(const node_key& key, bytes_view path, const loaded& before) {
    digest_ -= node_digest(path, before.record);
    --node_count_;
    data_size_ -= size_of(path, before.node.data);
    unindex_owner(path, before.node.head);
    rows_.erase(table::node, key.view());
}

void tree::index_owner(bytes_view path, const node_head& head) {
    if (head.kind() == node_kind::ephemeral) {
        const session_id session{head.owner};
        rows_.insert(table::ephemeral, ephemeral_key(session, hash_path(hash_seed_, path)), path);
        ephemerals_[session].emplace(path);
        ++ephemeral_count_;
    } else if (is_expiring(head)) {
        const path_hash hash = hash_path(hash_seed_, path);
        rows_.insert(table::expiring, as_view(hash), path);
        expiring_.on_change(hash, nullptr, &head);
    }
}

void tree::unindex_owner(bytes_view path, const node_head& head) {
    if (head.kind() == node_kind::ephemeral) {
        const session_id session{head.owner};
        rows_.erase(table::ephemeral, ephemeral_key(session, hash_path(hash_seed_, path)));
        const auto owned = ephemerals_.find(session);
        if (owned == ephemerals_.end() || owned->second.erase(bytes{path}) == 0) {
            throw corrupt_state{table::ephemeral, path, "the row of an ephemeral node is missing"};
        }
        if (owned->second.empty()) {
            ephemerals_.erase(owned);
        }
        --ephemeral_count_;
    } else if (is_expiring(head)) {
        const path_hash hash = hash_path(hash_seed_, path);
        rows_.erase(table::expiring, as_view(hash));
        expiring_.on_change(hash, &head, nullptr);
    }
}

} // namespace conclave::tree
