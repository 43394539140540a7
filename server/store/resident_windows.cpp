#include "server/store/resident_windows.hpp"

#include <algorithm>

namespace conclave::store {

void resident_windows::cover(const char* begin, std::size_t size) {
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const std::uintptr_t aligned = address - address % window_size;
    if (aligned != begin_) {
        begin_ = aligned;
        clear();
    }
    const std::size_t window_count = (address - aligned + size) / window_size + 1;
    bits_.resize(std::max(bits_.size(), window_count / 64 + 1));
}

void resident_windows::clear() {
    std::fill(bits_.begin(), bits_.end(), 0);
    count_ = 0;
}

} // namespace conclave::store
