/// What is thrown when a row of the checkpoint cannot be what was written.
#pragma once

#include "server/tree/tables.hpp"

#include <stdexcept>

namespace conclave::tree {

/// A row is damaged or contradicts another one. Never answered to a client as "no node": the server
/// must stop serving this state and fetch it again from its peers.
class corrupt_state : public std::runtime_error {
public:
    /// `subject`: the path or the key that was looked for.
    corrupt_state(table in, bytes_view subject, bytes_view problem);
};

/// The table's name in messages and in the checkpoint, such as "node".
[[nodiscard]] bytes_view name(table which);

} // namespace conclave::tree
