#include "server/tree/tree_filling.hpp"

#include "server/tree/meta_rows.hpp"
#include "server/tree/node_key.hpp"

namespace conclave::tree {

tree_filling::tree_filling(write_buffer& rows, std::uint64_t hash_seed)
    : rows_(rows), hash_seed_(hash_seed) {}

void tree_filling::put(
    bytes_view path, const node_head& head, bytes_view acl, std::optional<bytes_view> data
) {
    const node_key key{hash_seed_, path};
    const bytes record = encode_node(head, acl, data, key.long_name());
    digest_ += node_digest(path, record);
    ++node_count_;
    data_size_ += static_cast<std::int64_t>(path.size() + (data ? data->size() : 0));
    rows_.insert(table::node, key.view(), record);
    const path_hash hash = hash_path(hash_seed_, path);
    if (head.kind() == node_kind::ephemeral) {
        bytes row;
        jute::writer{row}(session_id{head.owner});
        row.append(as_view(hash));
        rows_.insert(table::ephemeral, row, path);
    } else if (head.kind() != node_kind::persistent) {
        rows_.insert(table::expiring, as_view(hash), path);
    }
}

void tree_filling::finish() {
    rows_.put(table::meta, hash_seed_row, encode_checked(hash_seed_));
    const counters_record counters{node_count_, data_size_, digest_.high, digest_.low};
    rows_.put(table::meta, counters_row, encode_checked(counters));
}

} // namespace conclave::tree
