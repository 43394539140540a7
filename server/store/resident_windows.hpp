/// How much of a mapped file is resident because of the reads that went through it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace conclave::store {

/// Remembers which 64 KiB windows of the file were touched since the page table was last emptied: a
/// page fault maps the whole aligned window around it as far as it is in the page cache
/// ("fault-around"), so this is the unit in which resident memory grows. One bit per window and no
/// system call: a read costs about a nanosecond more.
///
/// Counts what readers were given. The upper pages of the search trees are not seen; the caller
/// adds a bound for them.
class resident_windows {
public:
    static constexpr std::size_t window_size = std::size_t{64} << 10;

    /// The file is (now) mapped at `begin` and `size` octets long. Windows touched before stay
    /// counted if it only grew.
    void cover(const char* begin, std::size_t size);

    /// `size` octets at `at` were read.
    void touch(const char* at, std::size_t size) {
        const std::size_t first = offset_of(at) / window_size;
        const std::size_t last = (offset_of(at) + size) / window_size;
        for (std::size_t window = first; window <= last && window / 64 < bits_.size(); ++window) {
            const std::uint64_t bit = std::uint64_t{1} << (window % 64);
            count_ += (bits_[window / 64] & bit) == 0 ? 1 : 0;
            bits_[window / 64] |= bit;
        }
    }

    /// The page table was emptied.
    void clear();

    [[nodiscard]] std::size_t count() const { return count_; }

private:
    [[nodiscard]] std::size_t offset_of(const char* at) const {
        return reinterpret_cast<std::uintptr_t>(at) - begin_;
    }

    std::uintptr_t begin_ = 0; ///< aligned down to a window
    std::vector<std::uint64_t> bits_;
    std::size_t count_ = 0;
};

} // namespace conclave::store
