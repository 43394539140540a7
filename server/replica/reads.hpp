/// Requests that are answered from the applied state alone (zookeeper-protocol 4): the reads, and
/// what a connection asks about its own watches.
#pragma once

#include "server/replica/connection.hpp"
#include "server/session/watch_table.hpp"
#include "server/tree/access_control.hpp"
#include "server/tree/tree.hpp"

namespace conclave::replica {

struct read_context {
    const tree::tree& nodes;
    session::watch_table& watches;
    const tree::access_settings& access;
    std::size_t multi_read_size_max; ///< see limit_settings
};

/// True for the requests that `execute_read` knows.
[[nodiscard]] bool is_read(opcode type);

/// Executes the request whose record is `body` and appends the response record to `out`. On an
/// error, what was appended is meaningless. Immediate events of setWatches go to `events`, to be
/// sent before the reply.
[[nodiscard]] errc execute_read(
    const read_context& context,
    const connection& from,
    opcode type,
    bytes_view body,
    bytes& out,
    bytes& events
);

} // namespace conclave::replica
