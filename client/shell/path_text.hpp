/// Why a text is no path of a znode.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace conclave::shell {

/// The sentence that ZooKeeper's Java client has for it; nothing for a valid path.
[[nodiscard]] std::optional<std::string> path_problem(std::string_view path);

} // namespace conclave::shell
