/// How ZooKeeper prints numbers, times and addresses.
#pragma once

#include "server/replica/connection.hpp"

#include <conclave/types.hpp>

#include <optional>

namespace conclave::admin {

/// At most four decimals, at least one: "0.0", "1.4839".
[[nodiscard]] bytes decimal(double number);

/// "Sat Nov 21 07:06:26 UTC 2026"
[[nodiscard]] bytes date(std::int64_t wall_ms);

/// "0x" and the digits of a Java long: a negative number shows its two's complement.
[[nodiscard]] bytes hex(std::int64_t number);

/// "0x100000005", or the same in decimal digits. Nothing if it is none.
[[nodiscard]] std::optional<zxid> parse_zxid(bytes_view text);

/// "/10.0.0.1:5000", "/[::1]:5000"
[[nodiscard]] bytes address(const replica::peer_address& peer);

} // namespace conclave::admin
