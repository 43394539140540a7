/// The sum over the tree at one place of the history, by which servers compare themselves.
#pragma once

#include "server/tree/digest.hpp"

#include "conclave/types.hpp"

namespace conclave::replica {

/// A point of the digest log.
struct digest_point {
    zxid at;
    tree::digest value;

    static void fields(auto& archive, auto& record) {
        archive(record.at, record.value.high, record.value.low);
    }

    friend bool operator==(const digest_point&, const digest_point&) = default;
};

/// How many zxids lie between two points, and how many of them are kept (zab 6.7).
inline constexpr std::uint32_t digest_interval = 128;
inline constexpr std::size_t digest_points_kept = 4096;

} // namespace conclave::replica
