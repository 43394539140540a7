/// The znode tree: the applied state, and how a change transforms it.
#pragma once

#include "server/tree/change.hpp"
#include "server/tree/digest.hpp"
#include "server/tree/expiring_index.hpp"
#include "server/tree/node.hpp"
#include "server/tree/node_key.hpp"
#include "server/tree/quota.hpp"
#include "server/tree/write_buffer.hpp"

#include <conclave/protocol.hpp>
#include <conclave/result.hpp>

#include <map>
#include <set>
#include <vector>

namespace conclave::tree {

/// When and as what a change is applied; the same on every server.
struct apply_context {
    zxid at;
    std::int64_t time_ms{}; ///< wall clock of the leader when it prepared the transaction
};

/// Told of everything that can fire a watch, in the order of zookeeper-protocol 8.3, while a change
/// is applied. Port: the replica implements it.
class change_listener {
public:
    virtual ~change_listener() = default;

    /// `acl` is that of the node (created: the new one, deleted: the one it had; children_changed:
    /// the parent's). Called when the tree shows the change already.
    virtual void on_event(event_type type, bytes_view path, bytes_view acl) = 0;
};

/// What a change answered.
struct change_result {
    bytes path; ///< of a create
    stat after; ///< of a create, set_data, set_acl
};

/// The quota that a path falls under.
struct quota_status {
    bytes_view prefix; ///< valid until the next apply
    quota_limits limits;
    std::optional<quota_usage>
        usage; ///< nothing if the statistics are missing or not to be understood
};

/// Owner: the replica; core thread only. Knows no session but as owner of ephemerals, no watch, no
/// clock.
///
/// Invariants: every node but "/" has a parent; `num_children` of a node is the number of its
/// children; the reserved nodes exist; `digest()` is the sum over all nodes.
///
/// Every member that reads may throw `corrupt_state`: then nothing that this tree says can be
/// relied on any more.
class tree {
public:
    /// Opens the state in `rows`, which must outlive the tree; an empty table gets the initial
    /// nodes of zookeeper-protocol 7.2, and `fresh_hash_seed` (random, kept secret) for its keys.
    /// Loads the indexes that live in memory: ephemerals by session, expiring nodes, armed quotas.
    /// @throws corrupt_state
    tree(write_buffer& rows, std::uint64_t fresh_hash_seed);

    /// Applies one change. Total: a change that does not fit the state (a bug, or damage) returns
    /// an error instead of touching anything, and the caller must treat that as divergence.
    /// Repeating a change at the same zxid changes nothing and fires nothing.
    [[nodiscard]] result<change_result>
    apply(const change& what, const apply_context& context, change_listener& listener);

    /// Removes the ephemerals of a session, in the given order, firing the events of deletes. Those
    /// that are gone are passed over.
    void remove_ephemerals(
        const std::vector<bytes>& paths, const apply_context& context, change_listener& listener
    );

    /// Puts the counters and the digest into their row, for the checkpoint that is about to be
    /// frozen.
    void save_counters();

    /// Views are valid until the next apply or checkpoint. "" is another name of "/", as in
    /// ZooKeeper's reads.
    [[nodiscard]] std::optional<node_view> find(bytes_view path) const;

    /// Names in ascending order (long names that begin alike: in some order), until the visitor
    /// returns false.
    void for_each_child(bytes_view path, function_ref<bool(bytes_view name)> visit) const;

    /// The children behind `after` (a name, which need not exist; empty: all), in the order of
    /// `for_each_child`, with their records, until the visitor returns false. Costs what it visits:
    /// the way to read a large family in pieces. Views are valid during the visit.
    void for_each_child_after(
        bytes_view path,
        bytes_view after,
        function_ref<bool(bytes_view name, const node_view& child)> visit
    ) const;

    /// All descendants, the node itself not counted. Visits all of them, except for "/".
    [[nodiscard]] std::int64_t descendant_count(bytes_view path) const;

    /// Paths of the session's ephemerals, ascending.
    [[nodiscard]] const std::set<bytes>& ephemerals_of(session_id session) const;

    /// Session -> paths, for `dump`.
    [[nodiscard]] const std::map<session_id, std::set<bytes>>& ephemerals() const {
        return ephemerals_;
    }

    /// Container and TTL nodes that may go at `now_ms` (zookeeper-protocol 6), longest due first,
    /// at most `limit`; `container_never_used_ms` 0 = unused containers stay. Costs what it
    /// returns, however many nodes wait.
    [[nodiscard]] std::vector<bytes>
    reapable(std::int64_t now_ms, std::int64_t container_never_used_ms, std::size_t limit) const;

    /// The quota with the longest prefix that the path is at or below.
    [[nodiscard]] std::optional<quota_status> quota_of(bytes_view path) const;

    [[nodiscard]] bool has_quotas() const { return !quotas_.empty(); }

    /// As ZooKeeper reports it: the root counts twice.
    [[nodiscard]] std::int64_t node_count() const { return node_count_ + 1; }

    [[nodiscard]] std::int64_t ephemeral_count() const { return ephemeral_count_; }

    /// Paths and data, octets.
    [[nodiscard]] std::int64_t data_size() const { return data_size_; }

    [[nodiscard]] digest current_digest() const { return digest_; }

    /// Recomputes the digest from all nodes. Slow; for tests and verification.
    [[nodiscard]] digest compute_digest() const;

private:
    /// A node with the row that it was read from.
    struct loaded {
        bytes_view record;
        node_view node;
    };

    void open_new(std::uint64_t fresh_hash_seed);
    void load_counters();
    void load_ephemerals();
    void load_expiring();
    void load_quotas();

    [[nodiscard]] std::optional<loaded> load(const node_key& key, bytes_view path) const;

    // The primitives: each keeps digest, counters and the index of expiring nodes true.
    void insert_node(
        const node_key& key,
        bytes_view path,
        const node_head& head,
        bytes_view acl,
        std::optional<bytes_view> data
    );
    void update_node(
        const node_key& key,
        bytes_view path,
        const loaded& before,
        const node_head& head,
        bytes_view acl,
        std::optional<bytes_view> data
    );
    void erase_node(const node_key& key, bytes_view path, const loaded& before);
    void index_owner(bytes_view path, const node_head& head);
    void unindex_owner(bytes_view path, const node_head& head);

    using outcome = result<change_result>;
    outcome apply_one(const create_node& what, const apply_context&, change_listener&);
    outcome apply_one(const delete_node& what, const apply_context&, change_listener&);
    outcome apply_one(const set_data& what, const apply_context&, change_listener&);
    outcome apply_one(const set_acl& what, const apply_context&, change_listener&);
    outcome apply_one(const checked& what, const apply_context&, change_listener&);
    outcome remove(bytes_view path, const apply_context&, change_listener&);

    // Quotas (tree_quota.cpp). Called when the node has been written.
    void count_created(bytes_view path, std::optional<bytes_view> data, const apply_context&);
    void count_deleted(bytes_view path, std::int64_t data_size, const apply_context&);
    void
    count_written(bytes_view path, std::optional<bytes_view> data, std::int64_t growth, const apply_context&);
    void add_usage(bytes_view path, const quota_usage& growth, const apply_context&);
    void write_total(bytes_view prefix);
    void overwrite_data(bytes_view path, bytes_view data);

    // Slow visits of whole subtrees (tree_walk.cpp).
    using node_visitor = function_ref<void(bytes_view path, const loaded&)>;
    void for_each_child_node(bytes_view path, node_visitor visit) const;
    void for_each_descendant(bytes_view path, node_visitor visit) const;

    write_buffer& rows_;
    std::uint64_t hash_seed_ = 0;
    std::int64_t node_count_ = 0;
    std::int64_t data_size_ = 0;
    digest digest_;
    std::map<session_id, std::set<bytes>> ephemerals_;
    std::int64_t ephemeral_count_ = 0;
    expiring_index expiring_;
    quota_table quotas_;
};

} // namespace conclave::tree
