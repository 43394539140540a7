/// What /v1 tells, as JSON. Numbers that JavaScript cannot hold (zxids, sessions) are texts in
/// hexadecimal; durations and times have `_ms` in their names, sizes `_bytes`.
#pragma once

#include "server/admin/facts.hpp"
#include "server/admin/listings.hpp"
#include "server/replica/node_reading.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace conclave::admin {

[[nodiscard]] nlohmann::ordered_json stat_json(const stat& of);

/// {"encoding": "utf-8" or "base64", "value": text}, or null for null data. What is text but
/// consists of control characters to a large part is told in base64 too.
[[nodiscard]] nlohmann::ordered_json data_json(const std::optional<bytes>& data);

[[nodiscard]] nlohmann::ordered_json quota_json(const quota_facts& quota);
[[nodiscard]] nlohmann::ordered_json acl_json(const replica::acl_copy& acl);
[[nodiscard]] nlohmann::ordered_json children_json(const replica::children_reading& reading);
[[nodiscard]] nlohmann::ordered_json latency_json(const replica::latency_histogram& of);
[[nodiscard]] nlohmann::ordered_json status_json(const measured_facts& measured);
[[nodiscard]] nlohmann::ordered_json
ensemble_json(const replica::ensemble_status& ensemble, zxid last_applied);

/// The body of a request; nothing if it is no JSON, or deeper than any that is wanted here. Its
/// members are found in logarithmic time: others decide how many there are.
[[nodiscard]] std::optional<nlohmann::json> parse_body(bytes_view text);

/// "0x10002"; how sessions and zxids are written.
[[nodiscard]] bytes hex_text(std::int64_t number);

/// The other way round; nothing if it is none.
[[nodiscard]] std::optional<std::int64_t> parse_hex(bytes_view text);

} // namespace conclave::admin
