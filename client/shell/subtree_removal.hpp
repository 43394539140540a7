/// Deletes whole subtrees.
#pragma once

#include "client/shell/subtree.hpp"

namespace conclave::shell {

/// Deletes `count` nodes in the order of `path_at`, which has to be children before their parents,
/// `batch_count` nodes in one transaction; several transactions are under way at once. Nodes that
/// have gone by themselves count as deleted. NotEmpty if somebody creates children meanwhile,
/// NoAuth where the list does not allow it: the rest is still deleted, and the first error told.
[[nodiscard]] outcome<> remove_nodes(
    connection& at,
    std::size_t count,
    const std::function<std::string(std::size_t)>& path_at,
    std::size_t batch_count,
    const progress_callback& progress = {}
);

/// The same for all that `listed` holds.
[[nodiscard]] outcome<> remove_subtree(
    connection& at,
    const subtree& listed,
    std::size_t batch_count,
    const progress_callback& progress = {}
);

inline constexpr std::size_t removal_batch_count = 1000;

} // namespace conclave::shell
