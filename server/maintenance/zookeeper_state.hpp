/// ZooKeeper's state in memory while it is imported: nodes and sessions, and how a transaction
/// changes them.
#pragma once

#include "server/maintenance/zookeeper_transaction.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace conclave::maintenance {

/// As ZooKeeper keeps it: `cversion` counts the creates below the node.
struct zookeeper_node {
    std::optional<bytes> data;
    const bytes* acl = nullptr; ///< encoded as in `tree::node_view`; belongs to the state
    zxid czxid;
    zxid mzxid;
    zxid pzxid;
    std::int64_t ctime_ms{};
    std::int64_t mtime_ms{};
    std::int64_t owner{};
    std::int32_t version{};
    std::int32_t cversion{};
    std::int32_t aversion{};
};

/// Filled from a snapshot, which may have been taken while transactions went on ("fuzzy"): it
/// holds some of their effects. Transactions behind the snapshot's zxid are therefore applied so
/// that repeating them leaves the state that ZooKeeper comes to.
///
/// Memory: that of the whole tree.
class zookeeper_state {
public:
    using node_map = std::unordered_map<bytes, zookeeper_node>;

    /// The root stands under "/". An ACL of everything for everybody is the empty text.
    void add_node(bytes path, zookeeper_node node);

    /// One copy of each ACL.
    [[nodiscard]] const bytes* intern(bytes_view acl);

    void add_session(std::int64_t id, std::int32_t timeout_ms) { sessions_[id] = timeout_ms; }

    void set_last(zxid at) { last_ = at; }

    /// @return a sentence if the transaction cannot be understood
    [[nodiscard]] result<void, std::string> apply(const zookeeper_transaction& what);

    /// What a server does when it has read everything: ephemerals whose session is gone go too, and
    /// the statistics of quotas are counted anew.
    void settle();

    [[nodiscard]] const node_map& nodes() const { return nodes_; }

    [[nodiscard]] const std::map<std::int64_t, std::int32_t>& sessions() const { return sessions_; }

    /// Of the newest transaction.
    [[nodiscard]] zxid last() const { return last_; }

    [[nodiscard]] std::int64_t last_time_ms() const { return last_time_ms_; }

    /// The sum over all nodes that ZooKeeper 3.6 and later write behind transactions (version 2 of
    /// it).
    [[nodiscard]] std::int64_t zookeeper_digest() const;

private:
    using outcome = result<void, std::string>;

    outcome apply_body(const zookeeper_transaction& what);
    outcome apply_multi(const zookeeper_transaction& what);
    outcome create(const zookeeper_transaction& what, std::optional<std::int64_t> owner);
    outcome remove(const zookeeper_transaction& what);
    outcome set_data(const zookeeper_transaction& what);
    outcome set_acl(const zookeeper_transaction& what);
    outcome close_session(const zookeeper_transaction& what);
    void create_node(
        const zookeeper_transaction& what, bytes path, zookeeper_node node, std::int32_t cversion
    );
    void delete_node(bytes_view path, zxid at);
    void count_quota(bytes_view limits_path);

    node_map nodes_;
    std::deque<bytes> acls_; ///< stay where they are
    std::unordered_map<bytes, const bytes*> acl_index_;
    std::map<std::int64_t, std::int32_t> sessions_;
    std::unordered_map<std::int64_t, std::set<bytes>> ephemerals_;
    zxid last_;
    std::int64_t last_time_ms_ = 0;
};

} // namespace conclave::maintenance
