/// How long something took, many times over, in constant memory.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace conclave::replica {

/// Counts durations in buckets that grow with the duration: eight to each doubling, so a percentile
/// is right to 13 %. From 1 us to more than an hour; what is longer counts as the longest.
class latency_histogram {
public:
    using duration = std::chrono::microseconds;

    void add(duration took) {
        const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
        ++buckets_[std::min(bucket_of(us), bucket_count - 1)];
        least_ = count_ == 0 ? took : std::min(least_, took);
        most_ = std::max(most_, took);
        sum_ += took;
        ++count_;
    }

    [[nodiscard]] std::int64_t count() const { return count_; }

    [[nodiscard]] duration sum() const { return sum_; }

    [[nodiscard]] duration least() const { return least_; }

    [[nodiscard]] duration most() const { return most_; }

    /// The duration that `share` (0 to 1) of all do not exceed, rounded up to its bucket; zero
    /// without any.
    [[nodiscard]] duration percentile(double share) const {
        const auto wanted = static_cast<std::int64_t>(share * static_cast<double>(count_));
        std::int64_t seen = 0;
        for (std::size_t index = 0; index < bucket_count; ++index) {
            seen += buckets_[index];
            if (seen > wanted || (seen == count_ && seen != 0)) {
                return std::min(duration{upper_bound_of(index)}, most_);
            }
        }
        return {};
    }

    /// How many did surely not exceed `bound`: those whose whole bucket lies below it.
    [[nodiscard]] std::int64_t count_within(duration bound) const {
        std::int64_t count = 0;
        for (std::size_t index = 0; index < bucket_count; ++index) {
            if (upper_bound_of(index) > bound.count()) {
                break;
            }
            count += buckets_[index];
        }
        return count;
    }

private:
    static constexpr unsigned sub_bits = 3;
    static constexpr std::uint64_t sub_count = 1U << sub_bits;
    static constexpr std::size_t bucket_count = 32 * sub_count;

    static std::size_t bucket_of(std::uint64_t us) {
        if (us < sub_count) {
            return us;
        }
        const auto magnitude = static_cast<unsigned>(std::bit_width(us)) - 1 - sub_bits;
        return (magnitude + 1) * sub_count + ((us >> magnitude) - sub_count);
    }

    static std::int64_t upper_bound_of(std::size_t bucket) {
        if (bucket < sub_count) {
            return static_cast<std::int64_t>(bucket);
        }
        const std::size_t magnitude = bucket / sub_count - 1;
        return static_cast<std::int64_t>(((sub_count + bucket % sub_count + 1) << magnitude) - 1);
    }

    std::array<std::int64_t, bucket_count> buckets_{};
    std::int64_t count_ = 0;
    duration sum_{};
    duration least_{};
    duration most_{};
};

} // namespace conclave::replica
