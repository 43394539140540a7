/// The words about connections and sessions: the lines of stat and cons, and dump.
#pragma once

#include "server/replica/connection.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace conclave::admin {

/// " /10.0.0.1:5000[1](queued=0,recved=2,sent=2)" with the end of the line; `is_long` adds what
/// `cons` tells about the session. `is_read`: more requests of it would be read now (the number in
/// brackets: 1, else 0).
[[nodiscard]] bytes connection_line(const replica::connection& of, bool is_read, bool is_long);

/// A connection and when it will be closed for its silence.
struct connection_expiry {
    std::int64_t at_wall_ms = 0;
    replica::peer_address peer;
    session_id session;
};

/// What `dump` shows. The references must outlive the call.
struct dump_facts {
    replica::instant now;
    const std::map<replica::time_point, std::set<session_id>>& sessions_by_deadline;
    const std::map<session_id, std::set<bytes>>& ephemerals;
    const std::vector<connection_expiry>& connections;
    /// Of a server that follows, which does not know when sessions expire: with their timeouts.
    std::optional<std::map<session_id, std::chrono::milliseconds>> followed_sessions = {};
};

/// Block D of zookeeper-protocol 11.1.
[[nodiscard]] bytes dump_text(const dump_facts& facts);

/// The name of the operation in the `lop` field: "GETD".
[[nodiscard]] bytes_view operation_name(opcode type);

} // namespace conclave::admin
