/// A subtree as it was listed: names, stats and who is below whom.
#pragma once

#include "client/shell/connection.hpp"

#include <functional>
#include <string>
#include <vector>

namespace conclave::shell {

struct subtree_node {
    std::string name; ///< of the root: its whole path
    std::size_t parent = 0;
    std::vector<std::size_t> children; ///< sorted by name
    client::node_stat stat;
    /// The access control list does not let us list its children.
    bool is_closed = false;
};

/// Nodes in the order in which they were found: breadth first, so parents come before their
/// children, and siblings are sorted. Node 0 is the root.
///
/// Not a snapshot: the tree may change while it is listed. Nodes that go meanwhile are left out.
class subtree {
public:
    explicit subtree(std::string root);

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

    [[nodiscard]] const subtree_node& node(std::size_t index) const { return nodes_[index]; }

    [[nodiscard]] std::string path_of(std::size_t index) const;

    /// "" for the root, "a/b" for what is below it.
    [[nodiscard]] std::string relative_path_of(std::size_t index) const;

    [[nodiscard]] const std::string& root() const { return nodes_.front().name; }

    /// Calls `visit(index, depth)` for each node, a node before its children; not for what is below
    /// a node for which it returns false.
    void visit(const std::function<bool(std::size_t, std::size_t)>& visit) const;

private:
    friend class subtree_reader;
    std::vector<subtree_node> nodes_;
};

/// NoAuth, with the first of the nodes that are closed, if there is any.
[[nodiscard]] outcome<> check_none_is_closed(const subtree& listed);

/// How far to look.
struct subtree_limits {
    std::size_t depth_max = static_cast<std::size_t>(-1); ///< 0: the root alone
    std::size_t nodes_max = 10'000'000;
};

/// Called from time to time with the number of nodes found so far.
using progress_callback = std::function<void(std::size_t)>;

/// Lists what is below `root`, many nodes in one round trip. NoNode if there is no root.
[[nodiscard]] outcome<subtree> read_subtree(
    connection& from,
    const std::string& root,
    const subtree_limits& limits = {},
    const progress_callback& progress = {}
);

} // namespace conclave::shell
