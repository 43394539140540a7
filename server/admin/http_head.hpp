/// From the head of a request, as Beast has parsed it, to a plain one. Private to this folder and
/// to its fuzz target: it drags Beast along.
#pragma once

#include "server/admin/http_message.hpp"

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <optional>

namespace conclave::admin {

/// Method, path, query and fields of `head` go to `into`. @return  what to answer instead if that
/// is impossible.
[[nodiscard]] std::optional<http_response>
take_head(const boost::beast::http::request_header<>& head, bool is_chunked, http_request& into);

} // namespace conclave::admin
