/// What each kind of change does to the tree (zookeeper-protocol 6 and 8.3).
#include "server/tree/corrupt_state.hpp"
#include "server/tree/reserved.hpp"
#include "server/tree/tree.hpp"

#include <conclave/log_line.hpp>
#include <conclave/path.hpp>

namespace conclave::tree {

result<change_result>
tree::apply(const change& what, const apply_context& context, change_listener& listener) {
    return std::visit([&](const auto& one) { return apply_one(one, context, listener); }, what);
}

tree::outcome
tree::apply_one(const create_node& what, const apply_context& context, change_listener& listener) {
    const node_key key{hash_seed_, what.path};
    if (const std::optional<loaded> existing = load(key, what.path)) {
        if (existing->node.head.czxid == context.at) {
            return change_result{what.path, existing->node.to_stat()};
        }
        return unexpected{errc::node_exists};
    }
    const bytes_view parent_path = path::parent_of(what.path);
    const node_key parent_key{hash_seed_, parent_path};
    const std::optional<loaded> parent = load(parent_key, parent_path);
    if (!parent) {
        return unexpected{errc::no_node};
    }
    if (parent->node.head.kind() == node_kind::ephemeral) {
        return unexpected{errc::no_children_for_ephemerals};
    }

    node_head head;
    head.czxid = head.mzxid = head.pzxid = context.at;
    head.ctime_ms = head.mtime_ms = context.time_ms;
    head.owner = what.owner;
    insert_node(key, what.path, head, what.acl, what.data);

    node_head parent_head = parent->node.head;
    parent_head.child_counter = what.parent_child_counter;
    parent_head.num_children += 1;
    parent_head.pzxid = context.at;
    const bytes parent_acl{parent->node.acl};
    update_node(parent_key, parent_path, *parent, parent_head, parent_acl, parent->node.data);
    count_created(what.path, what.data, context);

    listener.on_event(event_type::created, what.path, what.acl);
    listener.on_event(event_type::children_changed, parent_path, parent_acl);
    return change_result{what.path, node_view{head, what.acl, what.data, {}}.to_stat()};
}

tree::outcome
tree::apply_one(const delete_node& what, const apply_context& context, change_listener& listener) {
    return remove(what.path, context, listener);
}

tree::outcome
tree::remove(bytes_view path, const apply_context& context, change_listener& listener) {
    if (is_reserved(path)) {
        return unexpected{errc::bad_arguments};
    }
    const bytes_view parent_path = path::parent_of(path);
    const node_key parent_key{hash_seed_, parent_path};
    const std::optional<loaded> parent = load(parent_key, parent_path);
    const node_key key{hash_seed_, path};
    const std::optional<loaded> node = load(key, path);
    if (!node) {
        const bool is_repeated = parent && parent->node.head.pzxid == context.at;
        return is_repeated ? outcome{change_result{}} : outcome{unexpected{errc::no_node}};
    }
    if (!parent) {
        throw corrupt_state{table::node, parent_path, "the parent of a node is missing"};
    }
    if (node->node.head.num_children > 0) {
        return unexpected{errc::not_empty};
    }

    const bytes acl{node->node.acl};
    const std::int64_t data_size = node->node.data_size();
    erase_node(key, path, *node);

    node_head parent_head = parent->node.head;
    parent_head.num_children -= 1;
    parent_head.pzxid = context.at;
    const bytes parent_acl{parent->node.acl};
    update_node(parent_key, parent_path, *parent, parent_head, parent_acl, parent->node.data);
    count_deleted(path, data_size, context);

    listener.on_event(event_type::deleted, path, acl);
    listener.on_event(event_type::children_changed, parent_path, parent_acl);
    return change_result{};
}

tree::outcome
tree::apply_one(const set_data& what, const apply_context& context, change_listener& listener) {
    const node_key key{hash_seed_, what.path};
    const std::optional<loaded> node = load(key, what.path);
    if (!node) {
        return unexpected{errc::no_node};
    }
    node_head head = node->node.head;
    const bool is_repeated = head.mzxid == context.at && head.version == what.version;
    if (is_repeated && node->node.data == what.data) {
        return change_result{{}, node->node.to_stat()};
    }
    head.version = what.version;
    head.mzxid = context.at;
    head.mtime_ms = context.time_ms;
    const bytes acl{node->node.acl};
    const std::int64_t growth =
        node_view{head, acl, what.data, {}}.data_size() - node->node.data_size();
    update_node(key, what.path, *node, head, acl, what.data);
    count_written(what.path, what.data, growth, context);

    listener.on_event(event_type::data_changed, what.path, acl);
    return change_result{{}, node_view{head, acl, what.data, {}}.to_stat()};
}

tree::outcome tree::apply_one(const set_acl& what, const apply_context&, change_listener&) {
    const node_key key{hash_seed_, what.path};
    const std::optional<loaded> node = load(key, what.path);
    if (!node) {
        return unexpected{errc::no_node};
    }
    node_head head = node->node.head;
    head.aversion = what.aversion;
    const stat after = node_view{head, what.acl, node->node.data, {}}.to_stat();
    update_node(key, what.path, *node, head, what.acl, node->node.data);
    return change_result{{}, after};
}

tree::outcome tree::apply_one(const checked&, const apply_context&, change_listener&) {
    return change_result{};
}

void tree::remove_ephemerals(
    const std::vector<bytes>& paths, const apply_context& context, change_listener& listener
) {
    for (const bytes& path : paths) {
        const std::optional<node_view> node = find(path);
        if (!node) {
            continue;
        }
        if (node->head.kind() != node_kind::ephemeral) {
            log(log_level::error,
                "node of a closed session is not ephemeral and was kept path={} zxid=0x{:x}",
                path,
                context.at.value);
            continue;
        }
        // Cannot fail: the node exists, and nothing can be created below an ephemeral.
        static_cast<void>(remove(path, context, listener));
    }
}

} // namespace conclave::tree
