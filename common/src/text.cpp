#include "conclave/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>

namespace conclave::text {

namespace {

constexpr std::size_t host_size_max = 255;
constexpr std::size_t printable_size_max = 120;

template <class Number, class... Format>
std::optional<Number> read_number(std::string_view digits, Format... format) {
    Number value{};
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, format...);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> read_integer(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) {
        const std::string_view digits = text.substr(2);
        return digits.starts_with('-') ? std::nullopt : read_number<std::int64_t>(digits, 16);
    }
    if (text.starts_with('+') && !text.starts_with("+-")) {
        text.remove_prefix(1);
    }
    return read_number<std::int64_t>(text, 10);
}

bool is_host_character(char octet) {
    const auto value = static_cast<unsigned char>(octet);
    return std::isalnum(value) != 0 || value >= 0x80 ||
           std::string_view("-_.:%").find(octet) != std::string_view::npos;
}

} // namespace

parsed<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
    const auto value = read_integer(text);
    if (!value) {
        return unexpected{fmt::format("\"{}\" is not a whole number", printable(text))};
    }
    if (*value >= low && *value <= high) {
        return *value;
    }
    if (high == std::numeric_limits<std::int64_t>::max()) {
        return unexpected{fmt::format("{} is too small, the least is {}", *value, low)};
    }
    return unexpected{fmt::format("{} is outside {} to {}", *value, low, high)};
}

parsed<double> parse_fraction(std::string_view text) {
    const auto value = read_number<double>(text, std::chars_format::fixed);
    // Written so that a NaN fails.
    if (!value || !(*value >= 0 && *value <= 1)) {
        return unexpected{
            fmt::format("\"{}\" is not a number from 0 to 1, such as 0.02", printable(text))};
    }
    return *value;
}

parsed<bool>
parse_choice(std::string_view text, std::string_view when_true, std::string_view when_false) {
    const std::string word = lower_case(text);
    if (word == when_true || word == when_false) {
        return word == when_true;
    }
    return unexpected{
        fmt::format("\"{}\" is neither {} nor {}", printable(text), when_true, when_false)};
}

parsed<std::uint16_t> parse_port(std::string_view text) {
    const auto port = parse_integer(text, 1, 65'535);
    if (!port) {
        return unexpected{fmt::format("as a port, {}", port.error())};
    }
    return static_cast<std::uint16_t>(*port);
}

parsed<std::string> parse_host(std::string_view text) {
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    const std::string_view host = bracketed ? text.substr(1, text.size() - 2) : text;
    if (host.empty() || host.size() > host_size_max ||
        !std::all_of(host.begin(), host.end(), is_host_character)) {
        return unexpected{fmt::format("\"{}\" is not a host name or address", printable(text))};
    }
    return std::string(host);
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(trim(text.substr(0, end)));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string> parse_words(std::string_view text) {
    std::vector<std::string> words;
    for (const std::string_view word : split(text, ',')) {
        if (!word.empty()) {
            words.emplace_back(word);
        }
    }
    return words;
}

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char octet) {
        return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet - 'A' + 'a') : octet;
    });
    return lowered;
}

std::string printable(std::string_view text) {
    std::string out;
    for (const char octet : text.substr(0, printable_size_max)) {
        const auto value = static_cast<unsigned char>(octet);
        if (value >= 0x20 && value < 0x7f) {
            out += octet;
        } else {
            out += fmt::format("\\x{:02x}", value);
        }
    }
    if (text.size() > printable_size_max) {
        out += "...";
    }
    return out;
}

std::string without_controls(std::string_view text) {
    constexpr unsigned char first_visible = 0x20;
    constexpr unsigned char rubout = 0x7f;
    constexpr unsigned char second_page = 0xc2; // U+0080 to U+00BF begin with it in UTF-8
    constexpr unsigned char second_page_visible = 0xa0;
    std::string shown;
    shown.reserve(text.size());
    unsigned char before = 0;
    for (const char each : text) {
        const auto octet = static_cast<unsigned char>(each);
        const bool is_first = (octet < first_visible && each != '\t') || octet == rubout;
        const bool is_second =
            before == second_page && octet >= rubout && octet < second_page_visible;
        if (is_second) {
            shown.pop_back();
            fmt::format_to(std::back_inserter(shown), "\\x{:02x}\\x{:02x}", before, octet);
        } else if (is_first) {
            fmt::format_to(std::back_inserter(shown), "\\x{:02x}", octet);
        } else {
            shown += each;
        }
        before = octet;
    }
    return shown;
}

} // namespace conclave::text
