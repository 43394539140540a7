/// Requests that change something: from the frame of a client to the action of a transaction
/// (zab 4.5).
#pragma once

#include "server/replica/transaction.hpp"
#include "server/tree/preparation.hpp"

#include <limits>
#include <vector>

namespace conclave::replica {

/// What a write will do, and what its reply must look like.
struct prepared_write {
    action what;
    std::vector<opcode> operations; ///< of a multi: the type of each result
};

/// What does not depend on the request.
struct write_rules {
    bool reconfig_enabled = false;
    std::size_t transaction_size_max = std::numeric_limits<std::size_t>::max();
    std::size_t named_ephemerals_size_max = std::numeric_limits<std::size_t>::max();
};

/// The end of a session, with the names of its ephemerals if these are no more than
/// `named_size_max` octets. They count as deleted in `preparation` from now on.
[[nodiscard]] close_session
prepare_close(tree::preparation& preparation, session_id which, std::size_t named_size_max);

/// The ephemerals that go with it, `nodes` being the state just before. A copy: what is removed
/// leaves the tree's own set.
[[nodiscard]] std::vector<bytes> ephemerals_of(const close_session& what, const tree::tree& nodes);

/// True for the requests that `prepare_write` knows.
[[nodiscard]] bool is_write(opcode type);

/// Validates the request against the applied state and everything in flight. The effects are staged
/// in `preparation` (begun here); the caller proposes the action and calls `accept`, also for a
/// failure, which has staged nothing.
[[nodiscard]] prepared_write prepare_write(
    tree::preparation& preparation,
    opcode type,
    bytes_view body,
    const tree::requester& by,
    const write_rules& rules
);

/// The type of each result of a multi that succeeded, for a server that did not prepare it itself.
/// `body` is the request's.
[[nodiscard]] std::vector<opcode> multi_result_types(bytes_view body, const tree_changes& prepared);

/// What applying an action answered.
struct write_result {
    errc error = errc::ok;
    std::vector<tree::change_result> changes; ///< one per change of tree_changes
    std::vector<errc> operations;             ///< of a failed multi
};

/// Appends the reply frame of a write that was applied at `at`.
void append_write_reply(
    bytes& out,
    const request_header& header,
    const std::vector<opcode>& operations,
    const write_result& outcome,
    zxid at
);

} // namespace conclave::replica
