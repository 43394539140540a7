#include "server/log/file_window.hpp"

#include <algorithm>

namespace conclave::txnlog {

namespace {

constexpr std::size_t read_ahead = std::size_t{256} << 10;

} // namespace

bytes_view file_window::at(std::uint64_t offset, std::size_t size) {
    if (offset >= end_) {
        return {};
    }
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_ - offset));
    if (!covers(offset, size)) {
        const auto ahead =
            static_cast<std::size_t>(std::min<std::uint64_t>(read_ahead, end_ - offset));
        // An unreadable block ahead must not hide the readable octets that were asked for.
        if (load(offset, std::max(size, ahead))) {
            if (const std::error_code error = load(offset, size)) {
                error_ = error_ ? error_ : error;
                return {};
            }
        }
    }
    return loaded_.substr(static_cast<std::size_t>(offset - loaded_offset_), size);
}

bool file_window::covers(std::uint64_t offset, std::size_t size) const {
    return offset >= loaded_offset_ && offset + size <= loaded_offset_ + loaded_.size();
}

std::error_code file_window::load(std::uint64_t offset, std::size_t size) {
    loaded_ = {};
    loaded_offset_ = offset;
    const io_result<bytes_view> octets = source_.read_at(offset, size, buffer_);
    if (!octets) {
        return octets.error();
    }
    loaded_ = *octets;
    return {};
}

} // namespace conclave::txnlog
