/// Visits of whole subtrees. Rows are found by their parent's hash, so a walk goes from parents to
/// children.
#include "server/tree/corrupt_state.hpp"
#include "server/tree/reserved.hpp"
#include "server/tree/tree.hpp"

#include <conclave/path.hpp>

namespace conclave::tree {

void tree::for_each_child_node(bytes_view path, node_visitor visit) const {
    const path_hash prefix = node_key::children_prefix(hash_seed_, path);
    rows_.scan(table::node, as_view(prefix), [&](bytes_view key, bytes_view value) {
        const std::optional<node_view> node = decode_node(value);
        const bytes_view short_name = node_key::name_in(key);
        if (!node || (short_name.empty() && node->long_name.empty())) {
            throw corrupt_state{table::node, path, "the record of a child is damaged"};
        }
        const bytes_view child_name = short_name.empty() ? node->long_name : short_name;
        visit(path::join(path, child_name), loaded{value, *node});
        return true;
    });
}

void tree::for_each_child_after(
    bytes_view path,
    bytes_view after,
    function_ref<bool(bytes_view name, const node_view& child)> visit
) const {
    if (path.empty()) {
        path = root_path;
    }
    const path_hash prefix = node_key::children_prefix(hash_seed_, path);
    const bytes after_path = path::join(path, after);
    const node_key last{hash_seed_, after_path};
    const bytes_view from = after.empty() ? as_view(prefix) : last.view();
    rows_.scan_from(table::node, as_view(prefix), from, [&](bytes_view key, bytes_view value) {
        if (key == from) {
            return true;
        }
        const std::optional<node_view> node = decode_node(value);
        const bytes_view short_name = node_key::name_in(key);
        if (!node || (short_name.empty() && node->long_name.empty())) {
            throw corrupt_state{table::node, path, "the record of a child is damaged"};
        }
        return visit(short_name.empty() ? node->long_name : short_name, *node);
    });
}

void tree::for_each_descendant(bytes_view path, node_visitor visit) const {
    std::vector<bytes> parents{
        bytes{path}}; // a stack of its own: paths can have 500,000 components
    while (!parents.empty()) {
        const bytes parent = std::move(parents.back());
        parents.pop_back();
        for_each_child_node(parent, [&](bytes_view child, const loaded& found) {
            visit(child, found);
            if (found.node.head.num_children > 0) {
                parents.emplace_back(child);
            }
        });
    }
}

std::int64_t tree::descendant_count(bytes_view path) const {
    if (path.empty() || path == root_path) {
        return node_count_ - 1;
    }
    std::int64_t count = 0;
    const std::optional<node_view> node = find(path);
    if (node && node->head.num_children > 0) {
        for_each_descendant(path, [&](bytes_view, const loaded&) { ++count; });
    }
    return count;
}

digest tree::compute_digest() const {
    digest sum;
    const std::optional<loaded> root = load(node_key{hash_seed_, root_path}, root_path);
    if (root) {
        sum += node_digest(root_path, root->record);
    }
    for_each_descendant(root_path, [&](bytes_view path, const loaded& found) {
        sum += node_digest(path, found.record);
    });
    return sum;
}

} // namespace conclave::tree
