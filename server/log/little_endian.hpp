/// Fixed-size integers in files: least significant octet first, whatever the machine does.
#pragma once

#include <conclave/assert.hpp>
#include <conclave/types.hpp>

#include <type_traits>

namespace conclave::txnlog {

/// Writes `number` at `at`, where `sizeof(Integer)` octets must exist.
template <class Integer>
void store_little_endian(char* at, Integer number) {
    auto rest = static_cast<std::make_unsigned_t<Integer>>(number);
    for (std::size_t index = 0; index < sizeof(Integer); ++index) {
        at[index] = static_cast<char>(static_cast<unsigned char>(rest & 0xff));
        rest = static_cast<std::make_unsigned_t<Integer>>(rest >> (sizeof(Integer) > 1 ? 8 : 0));
    }
}

/// Reads the number at `offset`; the caller has checked that the data reaches that far.
template <class Integer>
[[nodiscard]] Integer load_little_endian(bytes_view data, std::size_t offset) {
    CONCLAVE_ASSERT(data.size() >= sizeof(Integer) && offset <= data.size() - sizeof(Integer));
    std::make_unsigned_t<Integer> number = 0;
    for (std::size_t index = sizeof(Integer); index-- > 0;) {
        number = static_cast<std::make_unsigned_t<Integer>>(
            (sizeof(Integer) > 1 ? number << 8 : 0) |
            static_cast<unsigned char>(data[offset + index])
        );
    }
    return static_cast<Integer>(number);
}

} // namespace conclave::txnlog
