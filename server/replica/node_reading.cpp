#include "server/replica/node_reading.hpp"

#include <conclave/jute.hpp>
#include <conclave/path.hpp>

#include <algorithm>

namespace conclave::replica {

namespace {

node_copy copy_of(const tree::node_view& node, bool with_data) {
    node_copy made{node.to_stat(), {}};
    if (with_data && node.data) {
        made.data.emplace(*node.data);
    }
    return made;
}

result<tree::node_view>
find_allowed(const tree::tree& nodes, const node_reader& by, bytes_view path, std::int32_t needed) {
    const std::optional<tree::node_view> node = nodes.find(path);
    if (!node) {
        return unexpected{errc::no_node};
    }
    if (!tree::is_allowed(node->acl, needed, by.who, by.access)) {
        return unexpected{errc::no_auth};
    }
    return *node;
}

} // namespace

result<node_copy> read_node(const tree::tree& nodes, const node_reader& by, bytes_view path) {
    const result<tree::node_view> node = find_allowed(nodes, by, path, permission::read);
    if (!node) {
        return unexpected{node.error()};
    }
    return copy_of(*node, true);
}

result<acl_copy> read_acl(const tree::tree& nodes, const node_reader& by, bytes_view path) {
    const result<tree::node_view> node =
        find_allowed(nodes, by, path, permission::read | permission::admin);
    if (!node) {
        return unexpected{node.error()};
    }
    bytes encoded;
    tree::append_acl(
        encoded, node->acl, !tree::is_allowed(node->acl, permission::admin, by.who, by.access)
    );
    std::vector<acl_record> records;
    jute::reader{encoded}(records);
    acl_copy copy;
    copy.version = node->to_stat().aversion;
    for (const acl_record& each : records) {
        copy.entries.push_back(
            {each.permissions, bytes{each.scheme.value_or("")}, bytes{each.id.value_or("")}}
        );
    }
    return copy;
}

void children_reading::add(bytes_view name, const tree::node_view& child, const node_reader& by) {
    child_copy& added = found.emplace_back();
    added.name = name;
    after = name;
    const bool may = (with_stat || with_data) &&
                     tree::is_allowed(child.acl, permission::read, by.who, by.access);
    if (may) {
        added.node = copy_of(child, with_data);
    }
    found_size += name.size() + (added.node && added.node->data ? added.node->data->size() : 0);
}

/// Names are in order, so those with the prefix stand together, and the prefix itself before them.
void children_reading::begin_at_prefix(const tree::tree& nodes, const node_reader& by) {
    if (after >= prefix) {
        return;
    }
    after = prefix;
    const bytes whole = path == "/" ? "/" + prefix : path + "/" + prefix;
    if (const auto child = conclave::path::is_valid(whole) ? nodes.find(whole) : std::nullopt) {
        add(prefix, *child, by);
    }
}

bool children_reading::step(const tree::tree& nodes, const node_reader& by, std::size_t count) {
    const result<tree::node_view> node = find_allowed(nodes, by, path, permission::read);
    if (!node) {
        failed = node.error();
        return true;
    }
    parent = node->to_stat();
    begin_at_prefix(nodes, by);
    const std::size_t end = std::min(count_max, found.size() + count);
    is_last = true;
    const bytes from = after;
    nodes.for_each_child_after(path, from, [&](bytes_view name, const tree::node_view& child) {
        if (found.size() == end || found_size > size_max) {
            is_last = false;
            return false;
        }
        if (!name.starts_with(prefix)) {
            return false;
        }
        add(name, child, by);
        return true;
    });
    return is_last || found.size() == count_max || found_size > size_max;
}

} // namespace conclave::replica
