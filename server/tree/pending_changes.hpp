/// Nodes that changes in flight will leave behind (zab 4.5.1).
#pragma once

#include "server/tree/node.hpp"

#include <deque>
#include <functional>
#include <set>
#include <unordered_map>
#include <vector>

namespace conclave::tree {

/// What validation must know of a node. Times and zxids in `head` are those of the applied state:
/// those of changes in flight are not decided yet.
struct pending_node {
    bool exists = false;
    bool is_young = false; ///< created or written in flight: certainly younger than `head` says
    node_head head;
    bytes acl;
    std::int64_t data_size{};
};

/// An overlay over the applied tree. Changes are tried in a scratch layer that `accept` keeps,
/// under the zxid of their transaction, and `discard` takes back; a node leaves when the last
/// transaction that touched it is applied.
///
/// Owner: preparation; core thread only. As large as what is in flight.
class pending_changes {
public:
    /// The node as it will be; null if nothing in flight touches it. Valid until the next non-const
    /// call.
    [[nodiscard]] const pending_node* find(bytes_view path) const;

    void put(bytes_view path, pending_node after);

    void accept(zxid at);
    void discard();

    /// Transactions up to `at` are applied. Precondition: everything is accepted or discarded.
    void release(zxid at);

    void clear();

    /// Paths of ephemerals of that session that exist here.
    [[nodiscard]] std::vector<bytes_view> ephemerals_of(session_id session) const;

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

private:
    struct path_hasher {
        using is_transparent = void;

        std::size_t operator()(bytes_view path) const { return std::hash<bytes_view>{}(path); }
    };

    struct slot {
        pending_node node;
        std::size_t transactions = 0; ///< in flight that touched the node
    };

    using node_map = std::unordered_map<bytes, slot, path_hasher, std::equal_to<>>;
    using entry = node_map::value_type; // never moves while it is in the map

    struct undo {
        entry* changed;
        std::optional<pending_node> before; ///< nothing: the entry was made by this change
    };

    struct claim {
        zxid by;
        entry* on;
    };

    entry& make(bytes_view path);
    void assign(entry& target, pending_node node);
    void forget(entry& target);

    node_map nodes_;
    std::vector<node_map::node_type> spare_; ///< entries that were in use, for their memory
    std::vector<undo> scratch_;              ///< since the last accept or discard, oldest first
    std::deque<claim> in_flight_;            ///< one per change, ascending by zxid
    std::set<std::pair<session_id, bytes_view>> ephemerals_; ///< of the existing nodes in nodes_
};

} // namespace conclave::tree
