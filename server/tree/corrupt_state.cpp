#include "server/tree/corrupt_state.hpp"

#include <fmt/format.h>

namespace conclave::tree {

bytes_view name(table which) {
    switch (which) {
    case table::meta:
        return "meta";
    case table::node:
        return "node";
    case table::session:
        return "session";
    case table::ephemeral:
        return "ephemeral";
    case table::expiring:
        return "expiring";
    }
    return "unknown";
}

corrupt_state::corrupt_state(table in, bytes_view subject, bytes_view problem)
    : std::runtime_error{fmt::format(
          "the checkpoint is damaged: table={} row={} problem={}", name(in), subject, problem
      )} {}

} // namespace conclave::tree
