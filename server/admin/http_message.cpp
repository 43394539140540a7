#include "server/admin/http_message.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace conclave::admin {

namespace {

constexpr std::array<std::pair<unsigned, bytes_view>, 23> phrases{{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
}};

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_plain_in_path(char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
           (each >= '0' && each <= '9') ||
           bytes_view{"-._~/:@!$&'()*,;="}.find(each) != bytes_view::npos;
}

/// "." and ".." have no business in a path that a client has resolved.
bool has_dot_components(bytes_view path) {
    while (!path.empty()) {
        const bytes_view component = path.substr(0, path.find('/'));
        if (component == "." || component == "..") {
            return true;
        }
        path.remove_prefix(std::min(path.size(), component.size() + 1));
    }
    return false;
}

result<void, bytes> parse_query(bytes_view text, name_values& into) {
    constexpr std::size_t parameter_count_max = 64;
    while (!text.empty()) {
        const bytes_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) {
            continue;
        }
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto name = percent_decoded(pair.substr(0, equals), true);
        const auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) {
            return unexpected{name ? value.error() : name.error()};
        }
        if (into.size() == parameter_count_max) {
            return unexpected{bytes{"there are more than 64 parameters"}};
        }
        into.emplace_back(*name, *value);
    }
    return {};
}

} // namespace

bytes_view http_request::field(bytes_view name) const {
    const auto found = std::ranges::find(fields, name, &std::pair<bytes, bytes>::first);
    return found == fields.end() ? bytes_view{} : bytes_view{found->second};
}

std::optional<bytes_view> http_request::parameter(bytes_view name) const {
    const auto found = std::ranges::find(query, name, &std::pair<bytes, bytes>::first);
    return found == query.end() ? std::nullopt : std::optional<bytes_view>{found->second};
}

bool http_request::has_flag(bytes_view name) const {
    const std::optional<bytes_view> value = parameter(name);
    return value && (value->empty() || *value == "true" || *value == "1");
}

bytes_view reason_phrase(unsigned status) {
    const auto* const found =
        std::ranges::find(phrases, status, &decltype(phrases)::value_type::first);
    return found == phrases.end() ? "Unknown" : found->second;
}

http_response problem(unsigned status, bytes_view detail) {
    const nlohmann::ordered_json body{
        {"type", "about:blank"},
        {"title", reason_phrase(status)},
        {"status", status},
        {"detail", detail}};
    using json = nlohmann::ordered_json;
    return {
        status,
        "application/problem+json",
        body.dump(2, ' ', false, json::error_handler_t::replace) + "\n",
        {}};
}

result<bytes, bytes> percent_decoded(bytes_view text, bool plus_is_space) {
    bytes decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+' && plus_is_space) {
            decoded += ' ';
        } else if (text[at] != '%') {
            decoded += text[at];
        } else {
            const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
            const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
            if (high < 0 || low < 0) {
                return unexpected{
                    bytes{"the URL has a % that two hexadecimal digits do not follow"}};
            }
            decoded += static_cast<char>(high * 16 + low);
            at += 2;
        }
    }
    return decoded;
}

bytes percent_encoded(bytes_view path) {
    bytes encoded;
    for (const char each : path) {
        if (is_plain_in_path(each)) {
            encoded += each;
        } else {
            fmt::format_to(
                std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(each)
            );
        }
    }
    return encoded;
}

result<void, bytes> parse_target(bytes_view target, http_request& into) {
    if (!target.starts_with('/')) { // the absolute form, which proxies use
        const std::size_t scheme = target.find("://");
        const std::size_t path =
            scheme == bytes_view::npos ? bytes_view::npos : target.find('/', scheme + 3);
        if (path == bytes_view::npos) {
            return unexpected{bytes{"the target of the request is no path"}};
        }
        target.remove_prefix(path);
    }
    target = target.substr(0, target.find('#'));
    const std::size_t question = std::min(target.find('?'), target.size());
    auto path = percent_decoded(target.substr(0, question), false);
    if (!path) {
        return unexpected{path.error()};
    }
    if (path->find('\0') != bytes::npos) {
        return unexpected{bytes{"the path holds a NUL"}};
    }
    if (has_dot_components(*path)) {
        return unexpected{bytes{"the path holds the component . or .., which lead nowhere here"}};
    }
    into.path = *std::move(path);
    return parse_query(target.substr(std::min(question + 1, target.size())), into.query);
}

bytes head_of(
    const http_response& response,
    std::optional<std::size_t> length,
    bool is_chunked,
    bool keeps_alive,
    bytes_view date
) {
    bytes head = fmt::format(
        "HTTP/1.1 {} {}\r\nServer: Conclave\r\nDate: {}\r\n",
        response.status,
        reason_phrase(response.status),
        date
    );
    const auto out = std::back_inserter(head);
    if (!response.content_type.empty()) {
        fmt::format_to(out, "Content-Type: {}\r\n", response.content_type);
    }
    for (const auto& [name, value] : response.fields) {
        fmt::format_to(out, "{}: {}\r\n", name, value);
    }
    if (length && response.status != 204) {
        fmt::format_to(out, "Content-Length: {}\r\n", *length);
    } else if (is_chunked) {
        head += "Transfer-Encoding: chunked\r\n";
    }
    // Nothing here is to be kept by anybody, taken for another type, or shown in another's frame.
    head += "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "X-Frame-Options: DENY\r\n"
            "Referrer-Policy: no-referrer\r\n";
    fmt::format_to(out, "Connection: {}\r\n\r\n", keeps_alive ? "keep-alive" : "close");
    return head;
}

} // namespace conclave::admin
