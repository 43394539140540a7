/// Of what a request speaks, for those who count and record.
#pragma once

#include "conclave/protocol.hpp"

namespace conclave::replica {

/// The path of a request, of a multi that of its first operation; empty if it has none. A view into
/// `body`, which may be malformed.
[[nodiscard]] bytes_view path_of_request(opcode type, bytes_view body);

/// "create", "getData", ..., as ZooKeeper's documentation calls it; "other" for what is unknown.
[[nodiscard]] bytes_view name_of_request(opcode type);

} // namespace conclave::replica
