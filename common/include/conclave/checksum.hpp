/// Checksums of everything that is kept on disk.
#pragma once

#include "conclave/types.hpp"

namespace conclave {

/// CRC-32C (Castagnoli; the one of iSCSI, ext4 and SSE 4.2): 0xe3069283 for "123456789".
/// `seed` is the checksum of the octets before `data`, so that parts can be chained.
[[nodiscard]] std::uint32_t crc32c(bytes_view data, std::uint32_t seed = 0) noexcept;

} // namespace conclave
