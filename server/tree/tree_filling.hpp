/// Fills empty tables with nodes that were elsewhere before.
#pragma once

#include "server/tree/digest.hpp"
#include "server/tree/node.hpp"
#include "server/tree/write_buffer.hpp"

#include <conclave/types.hpp>

#include <optional>

namespace conclave::tree {

/// Puts each node with its whole record: stat and counters are those that it had. The caller sees
/// to it that every path comes once, that the reserved nodes are among them, and that each node
/// has its parent, with the right number of children.
class tree_filling {
public:
    /// `hash_seed`: random, kept secret.
    tree_filling(write_buffer& rows, std::uint64_t hash_seed);

    void
    put(bytes_view path, const node_head& head, bytes_view acl, std::optional<bytes_view> data);

    /// Everything was put: a tree can be opened on the rows.
    void finish();

    [[nodiscard]] std::int64_t node_count() const { return node_count_; }

    [[nodiscard]] digest current_digest() const { return digest_; }

private:
    write_buffer& rows_;
    std::uint64_t hash_seed_;
    std::int64_t node_count_ = 0;
    std::int64_t data_size_ = 0;
    digest digest_;
};

} // namespace conclave::tree
