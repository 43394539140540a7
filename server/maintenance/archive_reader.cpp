#include "server/maintenance/archive_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <zlib.h>

namespace conclave::maintenance {

namespace {

constexpr std::size_t portion_size = std::size_t{256} << 10;

} // namespace

void archive_reader::fail(const std::string& what) {
    if (problem_.empty()) {
        problem_ = fmt::format("{} (at offset {})", what, offset_);
    }
}

/// Sees to it that so many octets are in the buffer.
bool archive_reader::fill(std::size_t size) {
    while (ok() && buffer_.size() - taken_ < size) {
        buffer_.erase(0, taken_);
        taken_ = 0;
        const std::size_t held = buffer_.size();
        buffer_.resize(held + portion_size);
        const auto count = from_.read(std::span{buffer_.data() + held, portion_size});
        buffer_.resize(held + (count ? *count : 0));
        if (!count) {
            fail(count.error());
        } else if (*count == 0) {
            return false;
        }
    }
    return ok();
}

bytes_view archive_reader::take(std::size_t size) {
    if (!ok()) {
        return {};
    }
    if (!fill(size)) {
        is_cut_off_ = ok();
        fail("the file ends here, but what it holds does not");
        return {};
    }
    const bytes_view taken = bytes_view{buffer_}.substr(taken_, size);
    taken_ += size;
    offset_ += size;
    checksum_ = static_cast<std::uint32_t>(
        ::adler32_z(checksum_, reinterpret_cast<const unsigned char*>(taken.data()), taken.size())
    );
    return taken;
}

std::optional<bytes_view> archive_reader::buffer() {
    const auto size = number<std::int32_t>();
    if (size == -1 || !ok()) {
        return std::nullopt;
    }
    if (size < 0) {
        fail("a length is negative");
        return std::nullopt;
    }
    return take(static_cast<std::size_t>(size));
}

bytes_view archive_reader::text() {
    const std::optional<bytes_view> maybe = buffer();
    if (!maybe) {
        fail("a text is missing");
    }
    return maybe.value_or(bytes_view{});
}

bool archive_reader::is_at_end() {
    return ok() && !fill(1) && ok();
}

} // namespace conclave::maintenance
