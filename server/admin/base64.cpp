#include "server/admin/base64.hpp"

namespace conclave::admin {

namespace {

int value_of(char digit) {
    constexpr bytes_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t at = digits.find(digit);
    return at == bytes_view::npos ? -1 : static_cast<int>(at);
}

} // namespace

std::optional<bytes> base64_decoded(bytes_view text) {
    constexpr std::size_t padding_max = 2;
    for (std::size_t count = 0; count < padding_max && text.ends_with('='); ++count) {
        text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    bytes decoded;
    decoded.reserve(text.size() / 4 * 3 + 2);
    unsigned gathered = 0;
    unsigned bit_count = 0;
    for (const char each : text) {
        const int value = value_of(each);
        if (value < 0) {
            return std::nullopt;
        }
        gathered = (gathered << 6U) | static_cast<unsigned>(value);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            decoded += static_cast<char>((gathered >> bit_count) & 0xffU);
        }
    }
    // Bits that belong to no octet must be zero: each text has one meaning, and the other way
    // round.
    const bool is_canonical = (gathered & ((1U << bit_count) - 1)) == 0;
    return is_canonical ? std::optional{std::move(decoded)} : std::nullopt;
}

} // namespace conclave::admin
