/// Addresses as ACLs of scheme "ip" name them.
#pragma once

#include <conclave/types.hpp>

#include <array>
#include <optional>

namespace conclave::tree {

/// An address, or all addresses that share its first bits: "10.0.0.1", "10.0.0.0/8",
/// "2001:db8::/32".
struct ip_range {
    std::array<std::uint8_t, 16> octets{};
    int bits = 0;
    bool is_v6 = false;

    /// Without "/bits" all bits count. IPv4 inside IPv6 ("::ffff:10.0.0.1") is taken as IPv4; an
    /// IPv6 zone ("%eth0") is ignored. Nothing if the text is not an address or the bits do not fit
    /// it.
    [[nodiscard]] static std::optional<ip_range> parse(bytes_view text);

    /// `address` must be a single address.
    [[nodiscard]] bool contains(const ip_range& address) const;
};

} // namespace conclave::tree
