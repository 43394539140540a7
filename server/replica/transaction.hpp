/// The body of an entry of the history: what one transaction does, in terms of results (zab 4.5).
///
/// A further keyspace adds an alternative to `action`; the log and the replication core never look
/// inside.
#pragma once

#include "server/tree/change.hpp"

#include <optional>
#include <variant>
#include <vector>

#include "conclave/errc.hpp"
#include "conclave/identity.hpp"
#include "conclave/jute.hpp"

namespace conclave::replica {

/// Changes of the tree, all of them together: one for a single request, one per operation for a
/// multi.
struct tree_changes {
    std::vector<tree::change> changes;

    friend bool operator==(const tree_changes&, const tree_changes&) = default;
};

struct open_session {
    session_id id;
    std::int32_t timeout_ms{};

    friend bool operator==(const open_session&, const open_session&) = default;
};

/// Ends a session and removes its ephemerals, those created by requests in flight included.
struct close_session {
    session_id id;
    std::vector<bytes> ephemerals; ///< all of them, if they are named
    /// False: they are too many for one record, and go all the same. Every server finds the same
    /// ones when it applies this, because nothing but the order of the history makes or removes
    /// them.
    bool are_named = true;

    friend bool operator==(const close_session&, const close_session&) = default;
};

/// A write that failed. It has a place in the order like any other (zab 4.5.4). For a multi: one
/// code per operation.
struct failure {
    errc error{};
    std::vector<errc> operations;

    friend bool operator==(const failure&, const failure&) = default;
};

using action = std::variant<tree_changes, open_session, close_session, failure>;

struct transaction {
    session_id session; ///< on whose behalf; 0 for the server's own (expiry, reaping)
    action what;

    friend bool operator==(const transaction&, const transaction&) = default;
};

[[nodiscard]] bytes encode(const transaction& from);

/// @return nothing if the body is not a whole transaction.
[[nodiscard]] std::optional<transaction> decode_transaction(bytes_view body);

/// Body of an EpochStart entry. The key of the first one that an ensemble ever commits becomes its
/// secret.
struct epoch_start {
    secret password_key{};
    std::uint64_t boot{};
    server_id leader;

    friend bool operator==(const epoch_start&, const epoch_start&) = default;
};

[[nodiscard]] bytes encode(const epoch_start& from);
[[nodiscard]] std::optional<epoch_start> decode_epoch_start(bytes_view body);

} // namespace conclave::replica
