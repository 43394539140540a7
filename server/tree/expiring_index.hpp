/// Which container and TTL nodes may go, and when.
#pragma once

#include "server/tree/node.hpp"
#include "server/tree/node_key.hpp"

#include <conclave/function_ref.hpp>

#include <cstdint>
#include <set>

namespace conclave::tree {

/// Holds exactly the container and TTL nodes that have no children, by the time at which they may
/// go: a node leaves with its first child and comes back with the loss of its last. A hash stands
/// for the path, which table `expiring` knows, so an entry takes 64 octets however long paths are.
///
/// Owner: the tree; core thread only. Time is given, never read.
class expiring_index {
public:
    /// The node changed from `before` to `after`; null: it was or is not there. Persistent and
    /// ephemeral nodes are ignored.
    void on_change(const path_hash& path, const node_head* before, const node_head* after);

    /// Nodes that may go at `now_ms`, longest due first, until the visitor returns false.
    /// Containers that never had a child go `container_never_used_ms` after their creation, or stay
    /// if that is 0.
    void for_each_due(
        std::int64_t now_ms,
        std::int64_t container_never_used_ms,
        function_ref<bool(const path_hash& path)> visit
    ) const;

    [[nodiscard]] std::size_t size() const { return due_.size() + unused_containers_.size(); }

private:
    struct entry {
        std::int64_t time_ms{};
        path_hash path{};

        friend auto operator<=>(const entry&, const entry&) = default;
    };

    /// The set and the entry of a node, if it is a candidate.
    struct place {
        std::set<entry>* in = nullptr;
        std::int64_t time_ms{};

        friend bool operator==(const place&, const place&) = default;
    };

    [[nodiscard]] place place_of(const node_head* node);

    std::set<entry> due_;               ///< by the last millisecond of its life
    std::set<entry> unused_containers_; ///< by mtime
};

} // namespace conclave::tree
