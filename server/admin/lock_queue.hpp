/// Locks as the recipes of ZooKeeper, Curator and kazoo build them: contenders are sequential
/// children of one node, and the lowest number holds the lock.
#pragma once

#include "server/replica/node_reading.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace conclave::admin {

/// The number at the end of a sequential name, ten digits. Nothing if the name is no such one.
[[nodiscard]] std::optional<std::int64_t> sequence_of(bytes_view name);

/// Whether a contender wants the lock for reading, beside other readers: by the names that Curator
/// and kazoo give.
[[nodiscard]] bool wants_to_share(bytes_view name);

struct contender {
    bytes name;
    std::int64_t number = 0;
    bool shares = false;
    std::optional<replica::node_copy> node; ///< if the asker may read it
};

/// In the order in which they get the lock.
struct lock_queue {
    std::vector<contender> holders; ///< one, or several that share
    std::vector<contender> waiters;
};

/// Of all children of a node.
[[nodiscard]] lock_queue queue_of(std::vector<replica::child_copy> children);

/// What looks like locks: nodes with sequential ephemeral children.
class lock_finder {
public:
    static constexpr std::size_t lock_count_max = 10'000;

    struct lock {
        std::size_t contender_count = 0;
        std::int64_t least = 0;
        bytes holder; ///< the name of its node
        session_id session;
    };

    /// One ephemeral node. No effect if it is no contender, or there are too many locks.
    void add(session_id owner, bytes_view path);

    /// By path.
    [[nodiscard]] const std::map<bytes, lock>& found() const { return locks_; }

    [[nodiscard]] bool is_truncated() const { return is_truncated_; }

private:
    std::map<bytes, lock> locks_;
    bool is_truncated_ = false;
};

} // namespace conclave::admin
