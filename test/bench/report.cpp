#include "test/bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::bench {

namespace {

std::string plain(const report::figure& value) {
    if (const auto* number = std::get_if<double>(&value)) {
        return fmt::format("{:.3f}", *number);
    }
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return fmt::format("{}", *number);
    }
    return std::get<std::string>(value);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char octet : text) {
        if (octet == '"' || octet == '\\') {
            out += '\\';
        }
        if (static_cast<unsigned char>(octet) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(octet));
        } else {
            out += octet;
        }
    }
    return out + '"';
}

} // namespace

std::string report::as_text() const {
    std::size_t width = 0;
    for (const auto& [key, value] : lines_) {
        width = std::max(width, key.size());
    }
    std::string text;
    for (const auto& [key, value] : lines_) {
        text += fmt::format("{:<{}}  {}\n", key, width, plain(value));
    }
    return text;
}

std::string report::as_json() const {
    std::string json = "{";
    for (const auto& [key, value] : lines_) {
        const bool is_text = std::holds_alternative<std::string>(value);
        json += json.size() > 1 ? ", " : "";
        json += fmt::format("{}: {}", quoted(key), is_text ? quoted(plain(value)) : plain(value));
    }
    return json + "}\n";
}

} // namespace conclave::bench
