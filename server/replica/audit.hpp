/// Who changed what, and whether it succeeded: what the audit log is made of, with the operations
/// and the fields of ZooKeeper's.
#pragma once

#include <vector>

#include "conclave/identity.hpp"
#include "conclave/protocol.hpp"

namespace conclave::replica {

struct write_result;

struct audit_event {
    bytes_view operation; ///< a constant: "create", "multiOperation", "addAuth", ...
    session_id session;
    identities who;         ///< empty: the server itself
    bytes path;             ///< empty: of none
    bytes_view node_type{}; ///< a constant: "persistent_sequential"; empty: it creates nothing
    bytes acl;              ///< of setAcl: "world:anyone:cdrwa"
    bool succeeded = true;
    bytes target{}; ///< what it is about, if that is no node: a session, a server
};

/// What a request asks for, in so many events as it has operations; to be completed with its
/// outcome. Empty for requests that are not audited.
[[nodiscard]] std::vector<audit_event> audit_of_request(opcode type, bytes_view body);

/// The events of a write whose outcome is known: of a multi either each operation, or one failure.
[[nodiscard]] std::vector<audit_event>
audit_of_outcome(std::vector<audit_event> asked, opcode type, const write_result& outcome);

} // namespace conclave::replica
