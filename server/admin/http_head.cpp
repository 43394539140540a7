#include "server/admin/http_head.hpp"

#include <algorithm>

namespace conclave::admin {

namespace {

namespace http = boost::beast::http;

bytes text_of(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

bytes lower_case(bytes text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each + ('a' - 'A')) : each;
    });
    return text;
}

} // namespace

std::optional<http_response>
take_head(const http::request_header<>& head, bool is_chunked, http_request& into) {
    constexpr unsigned version_1_0 = 10;
    constexpr unsigned version_1_1 = 11;
    into.method = text_of(head.method_string());
    for (const auto& field : head) {
        into.fields.emplace_back(lower_case(text_of(field.name_string())), text_of(field.value()));
    }
    if (head.version() != version_1_0 && head.version() != version_1_1) {
        return problem(400, "the request is of no version of HTTP that is spoken here: 1.0 or 1.1");
    }
    if (head.version() == version_1_1 && head.count(http::field::host) != 1) {
        return problem(400, "the request has to have one Host field");
    }
    const auto coding = head.find(http::field::transfer_encoding);
    if (coding != head.end() && (!is_chunked || lower_case(text_of(coding->value())) != "chunked" ||
                                 head.count(http::field::transfer_encoding) != 1)) {
        return problem(501, "the only Transfer-Encoding that is understood here is chunked");
    }
    if (is_chunked && head.count(http::field::content_length) != 0) {
        return problem(400, "the request has a Content-Length and is chunked: only one is true");
    }
    if (auto parsed = parse_target(text_of(head.target()), into); !parsed) {
        return problem(400, parsed.error());
    }
    return std::nullopt;
}

} // namespace conclave::admin
