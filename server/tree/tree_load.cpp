/// Opening a tree: what is read at start, and the nodes that a new one has.
#include "server/tree/corrupt_state.hpp"
#include "server/tree/meta_rows.hpp"
#include "server/tree/reserved.hpp"
#include "server/tree/tree.hpp"

namespace conclave::tree {

tree::tree(write_buffer& rows, std::uint64_t fresh_hash_seed) : rows_(rows) {
    const std::optional<bytes_view> seed = rows_.get(table::meta, hash_seed_row);
    if (!seed) {
        open_new(fresh_hash_seed);
        return;
    }
    hash_seed_ = decode_checked<std::uint64_t>(*seed, hash_seed_row);
    load_counters();
    if (!find(root_path)) {
        throw corrupt_state{table::node, root_path, "the root is missing"};
    }
    load_ephemerals();
    load_expiring();
    load_quotas();
}

void tree::open_new(std::uint64_t fresh_hash_seed) {
    hash_seed_ = fresh_hash_seed;
    rows_.put(table::meta, hash_seed_row, encode_checked(hash_seed_));
    const auto add = [this](bytes_view path, const node_head& head, bytes_view acl) {
        insert_node(node_key{hash_seed_, path}, path, head, acl, bytes_view{});
    };
    // Nobody created these nodes, so their parents have counted no create (zookeeper-protocol 6:
    // cversion -1 and -2).
    node_head head;
    head.num_children = 1;
    add(root_path, head, {});
    head.num_children = 2;
    add(zookeeper_path, head, {});
    head.num_children = 0;
    add(quota_path, head, {});
    head.aversion = -1;
    bytes readable_by_all;
    jute::writer{readable_by_all}(std::vector{acl_record{permission::read, "world", "anyone"}});
    add(config_path, head, readable_by_all);
}

void tree::save_counters() {
    const counters_record record{node_count_, data_size_, digest_.high, digest_.low};
    rows_.put(table::meta, counters_row, encode_checked(record));
}

void tree::load_counters() {
    const std::optional<bytes_view> row = rows_.get(table::meta, counters_row);
    if (!row) {
        throw corrupt_state{table::meta, counters_row, "the row is missing"};
    }
    const auto record = decode_checked<counters_record>(*row, counters_row);
    node_count_ = record.node_count;
    data_size_ = record.data_size;
    digest_ = {record.digest_high, record.digest_low};
}

void tree::load_ephemerals() {
    rows_.scan(table::ephemeral, {}, [&](bytes_view key, bytes_view path) {
        session_id session;
        jute::reader in{key};
        in(session);
        if (!in.ok() || in.rest() != as_view(hash_path(hash_seed_, path))) {
            throw corrupt_state{table::ephemeral, path, "key and path do not belong together"};
        }
        ephemerals_[session].emplace(path);
        ++ephemeral_count_;
        return true;
    });
}

void tree::load_expiring() {
    rows_.scan(table::expiring, {}, [&](bytes_view key, bytes_view path) {
        const path_hash hash = hash_path(hash_seed_, path);
        if (key != as_view(hash)) {
            throw corrupt_state{table::expiring, path, "key and path do not belong together"};
        }
        const std::optional<node_view> node = find(path);
        if (!node) {
            throw corrupt_state{table::expiring, path, "there is no such node"};
        }
        expiring_.on_change(hash, nullptr, &node->head);
        return true;
    });
}

void tree::load_quotas() {
    for_each_descendant(quota_path, [&](bytes_view path, const loaded& found) {
        const bytes_view prefix = prefix_of_quota_limits(path);
        if (!prefix.empty()) {
            quotas_.arm(prefix, quota_limits::parse(found.node.data.value_or(bytes_view{})));
        }
    });
}

} // namespace conclave::tree
