/// What the entries of a queue are called, and what is in them. Pure.
#pragma once

#include <conclave/recipes/layout.hpp>
#include <conclave/types.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::recipes::detail {

/// What the name of an entry begins with, before the number that the server adds. Without a
/// priority: what the layout calls those that have none. Nothing if the layout has no such
/// priority.
[[nodiscard]] std::optional<std::string> entry_prefix(layout names, std::optional<int> priority);

/// Whether a node among the entries is one.
[[nodiscard]] bool is_entry(layout names, std::string_view name);

/// The data of an entry that holds one item.
[[nodiscard]] bytes format_entry(layout names, bytes_view item);

/// The items of an entry, at least one; nothing if it is no such entry.
[[nodiscard]] std::optional<std::vector<bytes>> parse_entry(layout names, bytes data);

} // namespace conclave::recipes::detail
