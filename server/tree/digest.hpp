/// The sum by which servers find out that their trees differ.
#pragma once

#include <conclave/types.hpp>

namespace conclave::tree {

/// A 128-bit sum over all nodes: equal trees have equal digests (zab 6.7). Incremental: a change
/// subtracts the hash of the old node and adds that of the new one.
struct digest {
    std::uint64_t high{};
    std::uint64_t low{};

    digest& operator+=(const digest& other);
    digest& operator-=(const digest& other);

    friend bool operator==(const digest&, const digest&) = default;
};

/// What one node adds to the sum: the same on every server, so not dependent on the key of its row.
[[nodiscard]] digest node_digest(bytes_view path, bytes_view record);

} // namespace conclave::tree
