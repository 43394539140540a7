#include "conclave/checksum.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace conclave {

namespace {

constexpr std::uint32_t reflected_polynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t octet = 0; octet < 256; ++octet) {
        std::uint32_t remainder = octet;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? reflected_polynomial : 0);
        }
        table[octet] = remainder;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> remainder_of = make_table();

std::uint32_t portable(const unsigned char* at, std::size_t size, std::uint32_t state) noexcept {
    for (; size != 0; ++at, --size) {
        state = (state >> 8) ^ remainder_of[(state ^ *at) & 0xff];
    }
    return state;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t
hardware(const unsigned char* at, std::size_t size, std::uint32_t state) noexcept {
    std::uint64_t wide = state;
    for (; size >= sizeof(std::uint64_t);
         at += sizeof(std::uint64_t), size -= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; size != 0; ++at, --size) {
        narrow = _mm_crc32_u8(narrow, *at);
    }
    return narrow;
}
#endif

} // namespace

std::uint32_t crc32c(bytes_view data, std::uint32_t seed) noexcept {
    const auto* at = reinterpret_cast<const unsigned char*>(data.data());
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) {
        return ~hardware(at, data.size(), ~seed);
    }
#endif
    return ~portable(at, data.size(), ~seed);
}

} // namespace conclave
