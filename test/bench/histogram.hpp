/// Where measured latencies are counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace conclave::bench {

/// Counts of values in logarithmic buckets, each split linearly, as HdrHistogram does: every value
/// from 0 to 2^64 - 1 has a bucket, recording costs a few instructions, and a percentile is at most
/// 1/128 above the true value.
class histogram {
public:
    void record(std::uint64_t value);

    /// Forgets everything, for the end of a warm-up.
    void reset() { *this = histogram{}; }

    /// Adds the counts of another histogram.
    void merge(const histogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }

    /// The largest recorded value, exactly; 0 when empty.
    [[nodiscard]] std::uint64_t max() const { return max_; }

    /// The value that `fraction` (0 to 1) of the recorded values do not exceed, rounded up to the
    /// edge of its bucket but never above `max()`; 0 when empty.
    [[nodiscard]] std::uint64_t percentile(double fraction) const;

private:
    static constexpr unsigned precision_bits = 7;
    static constexpr std::size_t slots_per_octave = std::size_t{1} << precision_bits;
    static constexpr std::size_t slot_count = (64 - precision_bits + 1) * slots_per_octave;

    static std::size_t slot_of(std::uint64_t value);
    static std::uint64_t upper_edge(std::size_t slot);

    std::array<std::uint64_t, slot_count> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

} // namespace conclave::bench
