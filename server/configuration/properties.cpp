#include "server/configuration/properties.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace conclave::configuration {

namespace {

constexpr std::string_view blanks = " \t\f";

bytes_view without_leading_blanks(bytes_view text) {
    return text.substr(std::min(text.find_first_not_of(blanks), text.size()));
}

std::string trimmed(const std::string& text) {
    // Java's String.trim: everything up to and including the space.
    const auto is_kept = [](char octet) {
        return static_cast<unsigned char>(octet) > 0x20;
    };
    const auto first = std::find_if(text.begin(), text.end(), is_kept);
    const auto last = std::find_if(text.rbegin(), std::make_reverse_iterator(first), is_kept);
    return {first, last.base()};
}

/// Cuts a text into lines at \n, \r and \r\n, and counts them.
class line_cursor {
public:
    explicit line_cursor(bytes_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    /// Number of the line that `next` returned last.
    [[nodiscard]] std::uint32_t line() const { return line_; }

    bytes_view next() {
        const std::size_t size = std::min(rest_.find_first_of("\r\n"), rest_.size());
        const bytes_view text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : std::min<std::size_t>(rest_.size(), 1));
        ++line_;
        return text;
    }

private:
    bytes_view rest_;
    std::uint32_t line_ = 0;
};

bool continues(bytes_view line) {
    const std::size_t last = line.find_last_not_of('\\');
    const std::size_t count = last == bytes_view::npos ? line.size() : line.size() - last - 1;
    return count % 2 == 1;
}

/// The line at the cursor together with those that continue it; nothing for a comment or an empty
/// line.
std::optional<bytes> next_logical_line(line_cursor& cursor) {
    bytes_view part = without_leading_blanks(cursor.next());
    if (part.empty() || part.front() == '#' || part.front() == '!') {
        return std::nullopt;
    }
    bytes line;
    while (continues(part)) {
        line += part.substr(0, part.size() - 1);
        part = cursor.at_end() ? bytes_view{} : without_leading_blanks(cursor.next());
    }
    line += part;
    return line;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t octet) {
        out += static_cast<char>(octet);
    };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

/// The four hexadecimal digits at the front of `text`, removed from it.
std::optional<std::uint32_t> take_code_unit(bytes_view& text) {
    const bytes_view digits = text.substr(0, 4);
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc{} || end != digits.data() + 4) {
        return std::nullopt;
    }
    text.remove_prefix(4);
    return code;
}

/// What stands behind `\u`: a code point, of one escape or of a pair of surrogates.
std::optional<std::uint32_t> take_code_point(bytes_view& text) {
    const auto first = take_code_unit(text);
    if (!first || *first < 0xd800 || *first > 0xdfff) {
        return first;
    }
    if (*first > 0xdbff || !text.starts_with("\\u")) {
        return std::nullopt;
    }
    text.remove_prefix(2);
    const auto second = take_code_unit(text);
    if (!second || *second < 0xdc00 || *second > 0xdfff) {
        return std::nullopt;
    }
    return 0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00);
}

std::optional<std::string> unescape(bytes_view text) {
    std::string out;
    while (!text.empty()) {
        const char octet = text.front();
        text.remove_prefix(1);
        if (octet != '\\' || text.empty()) {
            out += octet;
            continue;
        }
        const char escaped = text.front();
        text.remove_prefix(1);
        if (escaped == 'u') {
            const auto code = take_code_point(text);
            if (!code) {
                return std::nullopt;
            }
            append_utf8(out, *code);
            continue;
        }
        constexpr std::string_view letters = "tnrf";
        constexpr std::string_view meanings = "\t\n\r\f";
        const std::size_t index = letters.find(escaped);
        out += index == std::string_view::npos ? escaped : meanings[index];
    }
    return out;
}

/// Where the key ends: at the first `=`, `:` or blank that no backslash protects.
std::size_t key_size(bytes_view line) {
    for (std::size_t index = 0; index < line.size(); ++index) {
        const char octet = line[index];
        if (octet == '\\') {
            ++index;
        } else if (octet == '=' || octet == ':' || blanks.find(octet) != std::string_view::npos) {
            return index;
        }
    }
    return line.size();
}

bytes_view raw_value(bytes_view behind_key) {
    behind_key = without_leading_blanks(behind_key);
    if (!behind_key.empty() && (behind_key.front() == '=' || behind_key.front() == ':')) {
        behind_key.remove_prefix(1);
    }
    return behind_key;
}

bool has_control_character(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char octet) {
        const auto value = static_cast<unsigned char>(octet);
        return value == 0x7f || (value < 0x20 && octet != '\t');
    });
}

void read_entry(
    bytes_view line,
    const place& at,
    std::uint32_t line_count,
    std::vector<property>& into,
    report& problems
) {
    const std::size_t size = key_size(line);
    auto key = unescape(line.substr(0, size));
    auto value = unescape(raw_value(line.substr(size)));
    if (!key || !value) {
        problems.error(
            at,
            fmt::format(
                "{}: a \\u escape needs four hexadecimal digits (and its second half, for a "
                "character beyond U+FFFF); double a backslash that is meant as itself",
                printable(line.substr(0, size))
            )
        );
        return;
    }
    *value = trimmed(*value);
    if (has_control_character(*key) || has_control_character(*value)) {
        problems.error(
            at,
            fmt::format(
                "{}: control characters are not allowed; is this file a configuration?",
                printable(line.substr(0, size))
            )
        );
        return;
    }
    into.push_back({std::move(*key), std::move(*value), at.line, line_count});
}

} // namespace

std::vector<property> read_properties(bytes_view text, const std::string& file, report& problems) {
    std::vector<property> entries;
    if (text.size() > properties_size_bytes_max) {
        problems.error(
            {file, 0},
            fmt::format(
                "the file has {} bytes, a configuration may have {}",
                text.size(),
                properties_size_bytes_max
            )
        );
        return entries;
    }
    constexpr bytes_view byte_order_mark = "\xef\xbb\xbf";
    line_cursor cursor(
        text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text
    );
    while (!cursor.at_end()) {
        const std::uint32_t first_line = cursor.line() + 1;
        const auto line = next_logical_line(cursor);
        if (!line) {
            continue;
        }
        if (entries.size() == properties_count_max) {
            problems.error(
                {file, first_line},
                fmt::format("a configuration may have {} entries", properties_count_max)
            );
            return entries;
        }
        const std::uint32_t line_count = cursor.line() + 1 - first_line;
        read_entry(*line, {file, first_line}, line_count, entries, problems);
    }
    return entries;
}

} // namespace conclave::configuration
