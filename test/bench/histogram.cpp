#include "test/bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace conclave::bench {

void histogram::record(std::uint64_t value) {
    ++counts_[slot_of(value)];
    ++count_;
    max_ = std::max(max_, value);
}

void histogram::merge(const histogram& other) {
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        counts_[slot] += other.counts_[slot];
    }
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

std::uint64_t histogram::percentile(double fraction) const {
    const auto wanted =
        static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
    const std::uint64_t rank =
        std::clamp<std::uint64_t>(wanted, 1, std::max<std::uint64_t>(count_, 1));
    std::uint64_t seen = 0;
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        seen += counts_[slot];
        if (seen >= rank) {
            return std::min(upper_edge(slot), max_);
        }
    }
    return max_;
}

/// Values below one octave of slots have a slot each. A larger one keeps its `precision_bits` bits
/// behind the leading one, and the number of bits dropped selects the row.
std::size_t histogram::slot_of(std::uint64_t value) {
    if (value < slots_per_octave) {
        return static_cast<std::size_t>(value);
    }
    const unsigned dropped = static_cast<unsigned>(std::bit_width(value)) - 1 - precision_bits;
    return dropped * slots_per_octave + static_cast<std::size_t>(value >> dropped);
}

std::uint64_t histogram::upper_edge(std::size_t slot) {
    if (slot < 2 * slots_per_octave) {
        return slot;
    }
    const std::size_t dropped = slot / slots_per_octave - 1;
    const std::uint64_t kept = slot % slots_per_octave + slots_per_octave;
    return (kept << dropped) + ((std::uint64_t{1} << dropped) - 1);
}

} // namespace conclave::bench
