/// The leader's side of a write: validates a request against the applied state plus the changes
/// that are still in flight, and says what the transaction will do (zab 4.5, checks in the order of
/// zookeeper-protocol 5.2).
#pragma once

#include "server/tree/access_control.hpp"
#include "server/tree/change.hpp"
#include "server/tree/pending_changes.hpp"
#include "server/tree/pending_usage.hpp"
#include "server/tree/tree.hpp"

#include <conclave/protocol.hpp>
#include <conclave/result.hpp>

namespace conclave::tree {

struct preparation_settings {
    access_settings access;
    bool extended_types = false; ///< key extendedTypesEnabled: TTL nodes
    bool enforce_quota = false;  ///< key enforceQuota: hard limits
};

/// Who asks.
struct requester {
    session_id session;
    const identities& who;
};

/// Usage, for a single request or a multi alike: `begin`, any number of operations, then
/// `accept(zxid)` if all of them succeeded and were proposed, or `discard`. Later operations see
/// the effects of earlier ones and of everything that was accepted and is not applied yet.
///
/// Owner: the replica; core thread only. Bounded by what is in flight.
class preparation {
public:
    /// `applied` must outlive it.
    preparation(const tree& applied, preparation_settings settings);

    /// In a multi the flags of create, create2 and createContainer say whether it is a container;
    /// elsewhere only the opcode does (zookeeper-protocol 4.2; 3.8.0 was seen to do so for all
    /// three opcodes).
    void begin(bool is_multi = false);
    void accept(zxid at);
    void discard();

    [[nodiscard]] result<create_node>
    create(opcode type, const create_request& request, std::int64_t ttl_ms, const requester& by);
    [[nodiscard]] result<delete_node> remove(const delete_request& request, const requester& by);
    [[nodiscard]] result<set_data> set(const set_data_request& request, const requester& by);
    [[nodiscard]] result<set_acl> set_access(const set_acl_request& request, const requester& by);
    [[nodiscard]] result<checked> check(const check_request& request, const requester& by);

    /// Whether the requester may set the data of a node that is there.
    [[nodiscard]] bool may_write(bytes_view path, const requester& by) const;

    /// A removal that no client asked for (container, TTL): nothing if the node is gone, has
    /// children, was written meanwhile, or is not old enough at `now_ms`. Times are those of
    /// `tree::reapable`.
    [[nodiscard]] std::optional<delete_node>
    reap(bytes_view path, std::int64_t now_ms, std::int64_t container_never_used_ms);

    /// Every ephemeral that the session will have when all in-flight changes are applied,
    /// ascending; they count as deleted from now on (call between begin and accept).
    [[nodiscard]] std::vector<bytes> close(session_id session);

    /// Everything up to `at` is part of the applied state now. Not between begin and accept or
    /// discard.
    void on_applied(zxid at);

    /// Leadership is lost: what was in flight is somebody else's to decide.
    void clear();

    /// Nodes that are held for changes in flight.
    [[nodiscard]] std::size_t pending_count() const { return pending_.size(); }

private:
    [[nodiscard]] pending_node look(bytes_view path) const;
    [[nodiscard]] bool
    allows(const pending_node& node, std::int32_t needed, const requester& by) const;
    [[nodiscard]] bool would_exceed_quota(bytes_view path, const quota_usage& growth) const;
    void note_usage(bytes_view path, const quota_usage& growth);

    void put_created(const create_node& what, pending_node parent);
    void put_deleted(bytes_view path, const pending_node& node);

    const tree& applied_;
    preparation_settings settings_;
    bool is_multi_ = false;
    pending_changes pending_;
    pending_usage usage_;
};

} // namespace conclave::tree
