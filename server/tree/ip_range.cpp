#include "server/tree/ip_range.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace conclave::tree {

namespace {

constexpr int v4_bits = 32;
constexpr int v6_bits = 128;

/// As ZooKeeper reads it: leading zeros and a plus sign are fine ("1.2.3.4/+8", "01.2.3.4").
std::optional<int> parse_number(bytes_view text, int max) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole = error == std::errc{} && end == text.data() + text.size();
    return is_whole && number >= 0 && number <= max ? std::optional{number} : std::nullopt;
}

std::optional<ip_range> parse_v4(bytes_view text) {
    constexpr int octet_max = 255;
    ip_range address;
    address.bits = v4_bits;
    for (std::size_t index = 0; index < 4; ++index) {
        const std::size_t dot = text.find('.');
        const bool is_last = index == 3;
        if ((dot == bytes_view::npos) != is_last) {
            return std::nullopt;
        }
        const std::optional<int> octet = parse_number(text.substr(0, dot), octet_max);
        if (!octet) {
            return std::nullopt;
        }
        address.octets[index] = static_cast<std::uint8_t>(*octet);
        text.remove_prefix(is_last ? text.size() : dot + 1);
    }
    return address;
}

std::optional<ip_range> parse_v6(bytes_view text) {
    constexpr std::array<std::uint8_t, 12> v4_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    ip_range address;
    address.bits = v6_bits;
    address.is_v6 = true;
    const bytes terminated{text.substr(0, text.find('%'))};
    if (terminated.find('\0') != bytes::npos ||
        inet_pton(AF_INET6, terminated.c_str(), address.octets.data()) != 1) {
        return std::nullopt;
    }
    if (std::equal(v4_mapped.begin(), v4_mapped.end(), address.octets.begin())) {
        ip_range inner;
        std::copy_n(address.octets.begin() + v4_mapped.size(), 4, inner.octets.begin());
        inner.bits = v4_bits;
        return inner;
    }
    return address;
}

} // namespace

std::optional<ip_range> ip_range::parse(bytes_view text) {
    const std::size_t slash = text.find('/');
    const bytes_view address = text.substr(0, slash);
    std::optional<ip_range> range =
        address.find(':') == bytes_view::npos ? parse_v4(address) : parse_v6(address);
    if (range && slash != bytes_view::npos) {
        const std::optional<int> bits = parse_number(text.substr(slash + 1), range->bits);
        if (!bits) {
            return std::nullopt;
        }
        range->bits = *bits;
    }
    return range;
}

bool ip_range::contains(const ip_range& address) const {
    if (is_v6 != address.is_v6) {
        return false;
    }
    constexpr int octet_bits = 8;
    const int whole = bits / octet_bits;
    if (!std::equal(octets.begin(), octets.begin() + whole, address.octets.begin())) {
        return false;
    }
    const int rest = bits % octet_bits;
    if (rest == 0) {
        return true;
    }
    const auto index = static_cast<std::size_t>(whole);
    const int difference = octets[index] ^ address.octets[index];
    return (difference >> (octet_bits - rest)) == 0;
}

} // namespace conclave::tree
