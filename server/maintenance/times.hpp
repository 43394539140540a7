/// Times as operators write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave::maintenance {

/// "2026-11-27T20:15:03.250Z" for milliseconds since 1970.
[[nodiscard]] std::string iso_time(std::int64_t time_ms);

/// The reverse: "2026-11-27T20:15:03Z", with or without a fraction of up to three digits; also
/// plain milliseconds since 1970. UTC only. Nothing for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text);

} // namespace conclave::maintenance
