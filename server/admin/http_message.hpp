/// HTTP requests and responses as plain values: what the routes of the admin endpoint are written
/// against. Knows no socket.
#pragma once

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace conclave::admin {

/// Names and values, in the order in which they came.
using name_values = std::vector<std::pair<bytes, bytes>>;

/// One request whose head has been understood. `body` is empty until it was admitted and read.
struct http_request {
    bytes method;       ///< as it came: "GET"
    bytes path;         ///< decoded, begins with "/", without "." and ".." components
    name_values query;  ///< decoded; "?a&b=" gives a and b with empty values
    name_values fields; ///< of the head, names in lower case
    bytes body;
    bytes peer_ip;         ///< as text
    std::size_t door = 0;  ///< which of the listeners it came through
    bool is_local = false; ///< that listener is on a loopback address

    /// The first field of that name (lower case); empty if there is none.
    [[nodiscard]] bytes_view field(bytes_view name) const;

    /// The first parameter of that name; nothing if there is none.
    [[nodiscard]] std::optional<bytes_view> parameter(bytes_view name) const;

    /// True for "?name", "?name=true" and "?name=1".
    [[nodiscard]] bool has_flag(bytes_view name) const;
};

struct http_response {
    unsigned status = 200;
    bytes content_type = "application/json";
    bytes body;
    name_values fields; ///< besides Content-Type and those that the connection adds
};

/// The phrase behind a status code, such as "Not Found".
[[nodiscard]] bytes_view reason_phrase(unsigned status);

/// A problem as RFC 9457 wants it. `detail` is a sentence for a person: what is wrong, and what to
/// do about it.
[[nodiscard]] http_response problem(unsigned status, bytes_view detail);

/// Decodes "%41" and, if `plus_is_space`, "+". The error is a sentence.
[[nodiscard]] result<bytes, bytes> percent_decoded(bytes_view text, bool plus_is_space);

/// What may stand in a path of a URL as it is stays, anything else becomes "%XX"; "/" stays.
[[nodiscard]] bytes percent_encoded(bytes_view path);

/// Path and parameters of a request line's target ("/a%20b?c=d", also in its absolute form), put
/// into `into`. The error is a sentence.
[[nodiscard]] result<void, bytes> parse_target(bytes_view target, http_request& into);

/// The head of a response, up to the empty line. Without `length` the response is a stream:
/// chunked, or, for HTTP/1.0 (`is_chunked` false), until the connection closes.
[[nodiscard]] bytes head_of(
    const http_response& response,
    std::optional<std::size_t> length,
    bool is_chunked,
    bool keeps_alive,
    bytes_view date
);

} // namespace conclave::admin
