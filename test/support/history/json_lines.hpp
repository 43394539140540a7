/// Histories as text, one JSON object per line, for tests in other languages. README.md describes
/// the keys.
#pragma once

#include "test/support/history/history.hpp"

#include <istream>
#include <string>

#include "conclave/result.hpp"

namespace conclave::history {

/// Longer lines are refused.
inline constexpr std::size_t line_size_max = 4U << 20;

/// Adds what `input` holds to `to`. A history may be spread over several inputs; lines are counted
/// in each.
/// @return  the number of lines, or a sentence that names the line and what is wrong with it
[[nodiscard]] result<std::size_t, std::string> read_json_lines(std::istream& input, history& to);

} // namespace conclave::history
