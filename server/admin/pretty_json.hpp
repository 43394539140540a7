/// JSON as ZooKeeper's AdminServer prints it.
#pragma once

#include <conclave/types.hpp>

#include <nlohmann/json_fwd.hpp>

namespace conclave::admin {

/// Two spaces to a level, `"key" : value`, arrays of plain values on one line; octets that are no
/// UTF-8 are replaced.
[[nodiscard]] bytes pretty(const nlohmann::ordered_json& value);

/// One line, octets that are no UTF-8 replaced.
[[nodiscard]] bytes compact(const nlohmann::ordered_json& value);

} // namespace conclave::admin
