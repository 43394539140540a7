/// The keys of the tables that the tree keeps (docs/formats/checkpoint.md).
#pragma once

#include "server/tree/tables.hpp"

#include <conclave/types.hpp>

#include <array>

namespace conclave::tree {

/// A keyed hash of a path. The seed is secret, so that clients cannot look for paths that collide.
using path_hash = std::array<char, 16>;

[[nodiscard]] path_hash hash_path(std::uint64_t hash_seed, bytes_view path);

[[nodiscard]] inline bytes_view as_view(const path_hash& hash) {
    return {hash.data(), hash.size()};
}

/// Longer names are cut in keys, and stand in the row instead.
inline constexpr std::size_t key_name_size_max =
    table_key_size_max - std::tuple_size_v<path_hash> - 1 - std::tuple_size_v<path_hash>;

/// The key of a node: a 16-octet keyed hash of its parent's path, then its name, so that children
/// of one parent stand together and in order. Names longer than `key_name_size_max` are cut and
/// completed by 0x00 and their own 16-octet hash (NUL is not allowed in names, so long and short
/// forms never meet; the full name stands in the row). The root's key is "/" alone. What is not the
/// text of a path has a key that no node has.
class node_key {
public:
    node_key(std::uint64_t hash_seed, bytes_view path);

    [[nodiscard]] bytes_view view() const { return {buffer_.data(), size_}; }

    /// The name, if the key does not hold it.
    [[nodiscard]] bytes_view long_name() const { return long_name_; }

    /// The prefix of the keys of all children of `path`.
    [[nodiscard]] static path_hash children_prefix(std::uint64_t hash_seed, bytes_view path);

    /// The name in a child's key behind the prefix; empty if the row must be asked.
    [[nodiscard]] static bytes_view name_in(bytes_view key);

private:
    void append(bytes_view part);

    std::array<char, table_key_size_max>
        buffer_; // not initialised: only the first size_ octets are read
    std::size_t size_ = 0;
    bytes_view long_name_; // into the path that was given
};

} // namespace conclave::tree
