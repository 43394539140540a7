/// What goes wrong in a recipe, besides what goes wrong with its session.
#pragma once

#include <system_error>

namespace conclave::recipes {

/// Recipes complete with these, with the errors of the session (`conclave::errc`,
/// `conclave::client::error`), or with `asio::error::operation_aborted` when they are cancelled.
enum class error {
    /// The time limit passed, or it was held by somebody else and there was to be no waiting. The
    /// place in the queue is given up.
    not_acquired = 1,
    /// What was owned is no longer owned. A guarded write that ends so has changed nothing.
    not_owner,
    /// A node holds something that this recipe cannot read. Nothing was changed.
    unexpected_data,
    /// The recipe object was closed.
    closed,
    /// A cache has reached its limits and has ended.
    too_large,
    /// There were more changes than wait to be told: look at everything again.
    changes_lost,
};

/// Of `error`: "conclave.recipes" and its messages.
[[nodiscard]] const std::error_category& error_category() noexcept;

[[nodiscard]] std::error_code make_error_code(error code) noexcept;

} // namespace conclave::recipes

template <>
struct std::is_error_code_enum<conclave::recipes::error> : std::true_type {};
