#include "server/tree/distinguished_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace conclave::tree {

namespace {

/// Those that Java knows by name; upper and lower case are the same to it.
constexpr std::array<bytes_view, 21> keywords{
    "CN",        "C",        "L",          "S",     "ST",           "O",   "OU",
    "T",         "IP",       "STREET",     "DC",    "DNQUALIFIER",  "DNQ", "SURNAME",
    "GIVENNAME", "INITIALS", "GENERATION", "EMAIL", "EMAILADDRESS", "UID", "SERIALNUMBER"};

constexpr bytes_view blanks{" \n"};

bool is_blank(char each) {
    return blanks.find(each) != bytes_view::npos;
}

/// It stands in a value only within quotes or behind a backslash.
bool is_special(char each) {
    return bytes_view{"<>\""}.find(each) != bytes_view::npos;
}

bytes_view trimmed(bytes_view text) {
    const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bytes upper_case(bytes_view text) {
    bytes made{text};
    std::ranges::transform(made, made.begin(), [](char each) {
        return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    });
    return made;
}

/// Numbers between points, the first of them 0, 1 or 2.
bool is_object_identifier(bytes_view text) {
    std::array<std::uint32_t, 2> leading{};
    std::size_t count = 0;
    while (true) {
        const std::size_t end = std::min(text.find('.'), text.size());
        std::uint32_t number = 0;
        const auto [rest, failed] = std::from_chars(text.data(), text.data() + end, number);
        if (failed != std::errc{} || rest != text.data() + end) {
            return false;
        }
        if (count < leading.size()) {
            leading[count] = number;
        }
        ++count;
        if (end == text.size()) {
            break;
        }
        text.remove_prefix(end + 1);
    }
    return count > 1 && leading[0] <= 2 && (leading[0] == 2 || leading[1] < 40);
}

bool is_attribute_type(bytes_view text) {
    const bytes word = upper_case(trimmed(text));
    if (std::ranges::find(keywords, bytes_view{word}) != keywords.end()) {
        return true;
    }
    const bytes_view number{word};
    return is_object_identifier(number.starts_with("OID.") ? number.substr(4) : number);
}

bool is_hexadecimal(char each) {
    return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'f') ||
           (each >= 'A' && each <= 'F');
}

/// The octets that stand for one behind a backslash; 0 if they stand for nothing.
std::size_t escape_size(bytes_view behind) {
    if (behind.size() >= 2 && is_hexadecimal(behind[0]) && is_hexadecimal(behind[1])) {
        return 2;
    }
    constexpr bytes_view escapable{",=\n+<>#;\\\" "};
    return !behind.empty() && escapable.find(behind[0]) != bytes_view::npos ? 1 : 0;
}

/// Where the value ends that `text` begins with; nothing if it is none.
std::optional<std::size_t> end_of_value(bytes_view text) {
    constexpr bytes_view separators{",;+"};
    const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
    if (first < text.size() && text[first] == '#') {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        const bytes_view digits = trimmed(text.substr(first + 1, end - first - 1));
        const bool is_whole = !digits.empty() && digits.size() % 2 == 0 &&
                              std::ranges::all_of(digits, is_hexadecimal);
        return is_whole ? std::optional{end} : std::nullopt;
    }
    const bool is_quoted = first < text.size() && text[first] == '"';
    bool is_inside = is_quoted;
    for (std::size_t at = is_quoted ? first + 1 : first; at < text.size(); ++at) {
        const char each = text[at];
        if (each == '\\') {
            const std::size_t size = escape_size(text.substr(at + 1));
            if (size == 0) {
                return std::nullopt;
            }
            at += size;
        } else if (is_inside) {
            is_inside = each != '"';
        } else if (separators.find(each) != bytes_view::npos) {
            return at;
        } else if (is_quoted ? !is_blank(each) : is_special(each)) {
            return std::nullopt;
        }
    }
    return is_inside ? std::nullopt : std::optional{text.size()};
}

} // namespace

bool is_distinguished_name(bytes_view text) {
    if (trimmed(text).empty()) {
        return true;
    }
    while (true) {
        const std::size_t equals = text.find('=');
        if (equals == bytes_view::npos || !is_attribute_type(text.substr(0, equals))) {
            return false;
        }
        text.remove_prefix(equals + 1);
        const std::optional<std::size_t> end = end_of_value(text);
        if (!end) {
            return false;
        }
        if (*end == text.size()) {
            return true;
        }
        text.remove_prefix(*end + 1);
    }
}

} // namespace conclave::tree
