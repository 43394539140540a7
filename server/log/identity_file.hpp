/// The octets of "identity" in a data directory (docs/formats/log.md). For this folder, its tests,
/// and who looks at a directory without opening it (server/maintenance).
#pragma once

#include "server/log/data_directory.hpp"

#include <optional>

namespace conclave::txnlog {

constexpr std::uint32_t data_format_version = 1;

[[nodiscard]] bytes encode(const data_identity& identity);

struct decoded_identity {
    std::uint32_t version = 0;
    data_identity identity; ///< set only if `version` is known
};

/// None if the octets are damaged. An intact file of a newer version tells its version and nothing
/// else.
[[nodiscard]] std::optional<decoded_identity> decode_identity(bytes_view octets);

} // namespace conclave::txnlog
