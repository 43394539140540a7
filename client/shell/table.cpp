#include "client/shell/table.hpp"

#include <algorithm>

namespace conclave::shell {

namespace {

constexpr std::size_t gap = 2;

bool is_number(std::string_view cell) {
    return !cell.empty() && cell.find_first_not_of("0123456789.,-+%") == std::string_view::npos;
}

const std::string& cell_of(const std::vector<std::string>& row, std::size_t column) {
    static const std::string nothing;
    return column < row.size() ? row[column] : nothing;
}

struct column_shape {
    std::size_t width = 0;
    bool is_numeric = true;
};

column_shape shape_of(
    std::string_view heading, const std::vector<std::vector<std::string>>& rows, std::size_t column
) {
    column_shape shape{width_of(heading), !rows.empty()};
    for (const auto& row : rows) {
        const std::string& cell = cell_of(row, column);
        shape.width = std::max(shape.width, width_of(cell));
        shape.is_numeric = shape.is_numeric && (cell.empty() || cell == "-" || is_number(cell));
    }
    return shape;
}

std::string laid(std::string_view cell, const column_shape& shape) {
    return shape.is_numeric
               ? std::string(shape.width - std::min(shape.width, width_of(cell)), ' ') +
                     std::string{cell}
               : padded(cell, shape.width);
}

std::string trimmed_line(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

std::string line_of(const std::vector<std::string>& row, const std::vector<column_shape>& shapes) {
    std::string line;
    for (std::size_t column = 0; column < shapes.size(); ++column) {
        line +=
            (column == 0 ? "" : std::string(gap, ' ')) + laid(cell_of(row, column), shapes[column]);
    }
    return trimmed_line(std::move(line));
}

/// How wide names are when they are put in `line_count` lines; the widths of the columns.
std::vector<std::size_t>
column_widths(const std::vector<std::string>& names, std::size_t line_count) {
    std::vector<std::size_t> widths((names.size() + line_count - 1) / line_count);
    for (std::size_t at = 0; at < names.size(); ++at) {
        std::size_t& width = widths[at / line_count];
        width = std::max(width, width_of(names[at]) + gap);
    }
    return widths;
}

bool fits(const std::vector<std::size_t>& widths, std::size_t width) {
    std::size_t sum = 0;
    for (const std::size_t each : widths) {
        sum += each;
    }
    return sum <= width + gap;
}

/// The fewest lines that hold all names; doubles first, so that many names cost little.
std::size_t lines_needed(const std::vector<std::string>& names, std::size_t width) {
    std::size_t too_few = 0;
    std::size_t enough = 1;
    while (enough < names.size() && !fits(column_widths(names, enough), width)) {
        too_few = enough;
        enough = std::min(enough * 2, names.size());
    }
    while (too_few + 1 < enough) {
        const std::size_t middle = too_few + (enough - too_few) / 2;
        (fits(column_widths(names, middle), width) ? enough : too_few) = middle;
    }
    return enough;
}

} // namespace

std::string aligned_table(
    const std::vector<std::string>& columns,
    const std::vector<std::vector<std::string>>& rows,
    const style& with
) {
    std::vector<column_shape> shapes;
    for (std::size_t column = 0; column < columns.size(); ++column) {
        shapes.push_back(shape_of(columns[column], rows, column));
    }
    std::string headings = line_of(columns, shapes);
    headings.pop_back();
    std::string text = with.paint(headings, emphasis::strong) + '\n';
    for (const auto& row : rows) {
        text += line_of(row, shapes);
    }
    return text;
}

std::string
in_columns(const std::vector<std::string>& names, std::size_t width, const style& with) {
    const std::size_t line_count = width == 0 ? names.size() : lines_needed(names, width);
    if (names.empty()) {
        return {};
    }
    const auto widths = column_widths(names, line_count);
    std::string text;
    for (std::size_t line = 0; line < line_count; ++line) {
        for (std::size_t at = line; at < names.size(); at += line_count) {
            const bool is_last = at + line_count >= names.size();
            text += with.paint(names[at], emphasis::name);
            text +=
                is_last ? "\n" : std::string(widths[at / line_count] - width_of(names[at]), ' ');
        }
    }
    return text;
}

} // namespace conclave::shell
