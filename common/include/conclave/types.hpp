/// The numbers of the protocol, each with a type of its own, so that swapped arguments do not
/// compile.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace conclave {

/// Octets. A string because its append, small-buffer and view operations are what the code needs.
using bytes = std::string;
using bytes_view = std::string_view;

/// An integer of kind `Tag`: ordered, hashable, never mixed up with another kind.
template <class Tag, class Integer>
struct strong_integer {
    using integer_type = Integer;

    Integer value{};

    constexpr strong_integer() = default;

    constexpr explicit strong_integer(Integer initial) : value(initial) {}

    friend constexpr auto operator<=>(const strong_integer&, const strong_integer&) = default;
};

/// The number of a session; the high byte is the id of the server that opened it.
using session_id = strong_integer<struct session_id_tag, std::int64_t>;

/// The number that a client gives to a request; echoed in its reply, never interpreted.
using xid = strong_integer<struct xid_tag, std::int32_t>;

/// The number of a server in its ensemble (`myid`), 1 to 255.
using server_id = strong_integer<struct server_id_tag, std::uint32_t>;

/// The reign of one leader.
using epoch = strong_integer<struct epoch_tag, std::uint32_t>;

/// Position of a record in the replicated history: epoch in the high 32 bits, counter in the
/// low 32. Signed 64 bit on the wire, where it is compared as signed (zookeeper-protocol 2.2).
struct zxid {
    std::int64_t value{};

    constexpr zxid() = default;

    constexpr explicit zxid(std::int64_t initial) : value(initial) {}

    constexpr zxid(epoch in, std::uint32_t counter)
        : value(static_cast<std::int64_t>((std::uint64_t{in.value} << 32) | counter)) {}

    [[nodiscard]] constexpr epoch in_epoch() const {
        return epoch{static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32)};
    }

    [[nodiscard]] constexpr std::uint32_t counter() const {
        return static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) & 0xffffffffU);
    }

    [[nodiscard]] constexpr zxid next() const { return zxid{value + 1}; }

    friend constexpr auto operator<=>(const zxid&, const zxid&) = default;
};

} // namespace conclave

template <class Tag, class Integer>
struct std::hash<conclave::strong_integer<Tag, Integer>> {
    std::size_t operator()(const conclave::strong_integer<Tag, Integer>& number) const noexcept {
        return std::hash<Integer>{}(number.value);
    }
};

template <>
struct std::hash<conclave::zxid> {
    std::size_t operator()(const conclave::zxid& id) const noexcept {
        return std::hash<std::int64_t>{}(id.value);
    }
};
