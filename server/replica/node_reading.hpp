/// Copies of nodes for whoever is no client: what the ACLs let `who` see, and no more.
#pragma once

#include "server/tree/access_control.hpp"
#include "server/tree/tree.hpp"

#include <optional>
#include <vector>

namespace conclave::replica {

/// Who looks, and by which rules.
struct node_reader {
    identities who;
    tree::access_settings access;
};

struct node_copy {
    stat about;
    std::optional<bytes> data; ///< null and empty are different
};

/// Needs READ. @return  no_node, no_auth
[[nodiscard]] result<node_copy>
read_node(const tree::tree& nodes, const node_reader& by, bytes_view path);

struct acl_entry {
    std::int32_t permissions = 0;
    bytes scheme;
    bytes id;
};

struct acl_copy {
    std::vector<acl_entry> entries;
    std::int32_t version = 0;
};

/// Needs READ or ADMIN; without ADMIN the hashes of digest entries are hidden, as in getACL.
[[nodiscard]] result<acl_copy>
read_acl(const tree::tree& nodes, const node_reader& by, bytes_view path);

struct child_copy {
    bytes name;
    std::optional<node_copy> node; ///< if that was asked for, and `who` may read it
};

/// A family in pieces: each `step` takes some children more.
struct children_reading {
    bytes path;
    bytes after;  ///< the name behind which it begins; moves on
    bytes prefix; ///< only names that begin so
    std::size_t count_max = 0;
    std::size_t size_max = 0; ///< octets of data after which it ends early
    bool with_stat = false;
    bool with_data = false;

    std::vector<child_copy> found;
    std::size_t found_size = 0;
    stat parent;
    errc failed = errc::ok;
    bool is_last = false; ///< there are no more children

    /// Takes `count` children more, or fewer. Needs READ on the parent. @return  true if it is
    /// over: one of the bounds is reached, or the end, or it failed.
    bool step(const tree::tree& nodes, const node_reader& by, std::size_t count);

private:
    void add(bytes_view name, const tree::node_view& child, const node_reader& by);
    void begin_at_prefix(const tree::tree& nodes, const node_reader& by);
};

} // namespace conclave::replica
