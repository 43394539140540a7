#include "server/tree/tree.hpp"

#include "server/tree/corrupt_state.hpp"

namespace conclave::tree {

std::optional<tree::loaded> tree::load(const node_key& key, bytes_view path) const {
    const std::optional<write_buffer::found_row> row = rows_.find(table::node, key.view());
    if (!row) {
        return std::nullopt;
    }
    const std::optional<node_view> node = decode_node(row->value, !row->is_buffered);
    if (!node || node->long_name != key.long_name()) {
        throw corrupt_state{table::node, path, "the node record is damaged"};
    }
    return loaded{row->value, *node};
}

std::optional<node_view> tree::find(bytes_view path) const {
    if (path.empty()) {
        path = "/";
    }
    const std::optional<loaded> found = load(node_key{hash_seed_, path}, path);
    return found ? std::optional{found->node} : std::nullopt;
}

void tree::for_each_child(bytes_view path, function_ref<bool(bytes_view name)> visit) const {
    if (path.empty()) {
        path = "/";
    }
    const path_hash prefix = node_key::children_prefix(hash_seed_, path);
    rows_.scan(table::node, as_view(prefix), [&](bytes_view key, bytes_view value) {
        const bytes_view name = node_key::name_in(key);
        if (!name.empty()) {
            return visit(name);
        }
        const std::optional<node_view> node = decode_node(value);
        if (!node || node->long_name.empty()) {
            throw corrupt_state{table::node, path, "the record of a child is damaged"};
        }
        return visit(node->long_name);
    });
}

const std::set<bytes>& tree::ephemerals_of(session_id session) const {
    static const std::set<bytes> none;
    const auto found = ephemerals_.find(session);
    return found == ephemerals_.end() ? none : found->second;
}

std::vector<bytes>
tree::reapable(std::int64_t now_ms, std::int64_t container_never_used_ms, std::size_t limit) const {
    std::vector<bytes> paths;
    expiring_.for_each_due(now_ms, container_never_used_ms, [&](const path_hash& hash) {
        if (paths.size() == limit) {
            return false;
        }
        const std::optional<bytes_view> path = rows_.get(table::expiring, as_view(hash));
        if (!path) {
            throw corrupt_state{table::expiring, "", "a row that was there is missing"};
        }
        paths.emplace_back(*path);
        return true;
    });
    return paths;
}

} // namespace conclave::tree
