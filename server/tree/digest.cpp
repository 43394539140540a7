#include "server/tree/digest.hpp"

#include "server/tree/node.hpp"

#include <xxhash.h>

#include <array>
#include <cstdint>

namespace conclave::tree {

namespace {

/// The key of the sum. A constant: every server of every ensemble must come to the same value.
constexpr std::uint64_t digest_seed = 0x636f6e636c617665;

} // namespace

digest& digest::operator+=(const digest& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1 : 0);
    return *this;
}

digest& digest::operator-=(const digest& other) {
    high -= other.high + (low < other.low ? 1 : 0);
    low -= other.low;
    return *this;
}

digest node_digest(bytes_view path, bytes_view record) {
    const bytes_view content = content_of(record);
    // Hashing the two hashes together costs less than streaming the two texts through one state.
    const XXH128_hash_t of_path = XXH3_128bits_withSeed(path.data(), path.size(), digest_seed);
    const XXH128_hash_t of_content =
        XXH3_128bits_withSeed(content.data(), content.size(), digest_seed);
    const std::array<std::uint64_t, 4> both{
        of_path.low64, of_path.high64, of_content.low64, of_content.high64};
    const XXH128_hash_t sum = XXH3_128bits_withSeed(both.data(), sizeof both, digest_seed);
    return {sum.high64, sum.low64};
}

} // namespace conclave::tree
