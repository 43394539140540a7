/// Aligned text.
#pragma once

#include "client/shell/style.hpp"

#include <string>
#include <vector>

namespace conclave::shell {

/// Rows below a line of headings, columns as wide as what is in them, two spaces apart. Columns
/// whose cells are all numbers stand on the right.
[[nodiscard]] std::string aligned_table(
    const std::vector<std::string>& columns,
    const std::vector<std::vector<std::string>>& rows,
    const style& with
);

/// Names in as many columns as fit in `width`, filled from top to bottom; one per line if it is 0.
[[nodiscard]] std::string
in_columns(const std::vector<std::string>& names, std::size_t width, const style& with);

} // namespace conclave::shell
