/// One znode as its clients may know it, and what each operation does to it: the sequential
/// specification of the search for a linearisation.
#pragma once

#include "test/support/history/history.hpp"

#include <cstdint>
#include <optional>

namespace conclave::history {

/// Value and owner are numbers that stand for texts, see `node_step`.
struct node_state {
    bool exists = false;
    std::int32_t version{};
    std::uint32_t value{};
    std::uint32_t owner{}; ///< 0 = not ephemeral

    friend bool operator==(const node_state&, const node_state&) = default;
};

enum class step_kind { observe, write, create, remove, end_session };

/// An operation on one node, prepared for the search: texts are numbers, and what the reply says is
/// a condition.
struct node_step {
    step_kind kind{};
    outcome ended{};
    failure error{};
    std::optional<std::uint32_t> value; ///< written, or read
    std::optional<std::int32_t> expected_version;
    std::optional<std::int32_t> version;
    std::uint32_t owner{}; ///< of what is created; whose nodes go, for end_session
};

/// The state after `what`, or nothing if `what` cannot have its outcome in `before`. A step of
/// unknown outcome is taken as one that has an effect: what would change nothing might as well
/// never have happened.
[[nodiscard]] std::optional<node_state> apply(const node_step& what, const node_state& before);

} // namespace conclave::history
