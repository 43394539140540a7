/// Numbers as the nodes of counters hold them. Pure.
#pragma once

#include <conclave/recipes/shared_value.hpp>

namespace conclave::recipes::detail {

/// No octets at all are 0. @return nothing if it is no number in this format
[[nodiscard]] std::optional<std::int64_t> parse_number(bytes_view data, counter_format format);

/// @return nothing if it does not fit
[[nodiscard]] std::optional<bytes> format_number(std::int64_t number, counter_format format);

/// @return nothing if it does not fit
[[nodiscard]] std::optional<std::int64_t> sum(std::int64_t left, std::int64_t right);

} // namespace conclave::recipes::detail
