/// Identities as the files of the log hold them: 16 octets as they are.
#pragma once

#include "server/log/record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace conclave::txnlog {

/// @param at has room for 16 octets
inline void store_id(char* at, const unique_id& id) {
    std::copy(id.begin(), id.end(), at);
}

/// @param octets reach to 16 behind `offset` at least
[[nodiscard]] inline unique_id load_id(bytes_view octets, std::size_t offset) {
    unique_id id{};
    const bytes_view part = octets.substr(offset, id.size());
    std::transform(part.begin(), part.end(), id.begin(), [](char octet) {
        return static_cast<std::uint8_t>(octet);
    });
    return id;
}

} // namespace conclave::txnlog
