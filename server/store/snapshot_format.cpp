#include "server/store/snapshot_format.hpp"

#include <conclave/checksum.hpp>
#include <conclave/jute.hpp>

#include <fmt/format.h>

namespace conclave::store {

namespace {

/// Kind, length of the payload, checksum of these two: a damaged length must not be waited for.
constexpr std::size_t head_size = 1 + 4;
constexpr std::size_t checksum_size = 4;

bool is_known(char kind) {
    switch (static_cast<block_kind>(kind)) {
    case block_kind::header:
    case block_kind::rows:
    case block_kind::trailer:
        return true;
    }
    return false;
}

std::uint32_t read_checksum(bytes_view at) {
    std::uint32_t checksum = 0;
    jute::reader{at}(checksum);
    return checksum;
}

} // namespace

store_error damaged_stream(std::uint64_t offset, const char* what) {
    return {
        store_errc::damaged,
        fmt::format(
            "snapshot stream is damaged at offset {}: {}; nothing was restored", offset, what
        )};
}

block_writer::block_writer(bytes& out) : checksum_(crc32c(snapshot_magic)) {
    out += snapshot_magic;
}

void block_writer::append(bytes& out, block_kind kind, bytes_view payload) {
    const std::size_t head = out.size();
    jute::writer to{out};
    to(static_cast<std::int8_t>(kind), static_cast<std::uint32_t>(payload.size()));
    checksum_ = crc32c(bytes_view{out}.substr(head), checksum_);
    to(checksum_);
    out += payload;
    checksum_ = crc32c(payload, checksum_);
    to(checksum_);
}

void block_reader::append(bytes_view octets) {
    buffer_.erase(0, taken_);
    taken_ = 0;
    buffer_ += octets;
}

void block_reader::take(std::size_t size) {
    taken_ += size;
    offset_ += size;
}

result<std::optional<block_reader::block>, store_error> block_reader::next() {
    if (!has_magic_) {
        if (waiting().size() < snapshot_magic.size()) {
            return std::optional<block>{};
        }
        if (!waiting().starts_with(snapshot_magic)) {
            return unexpected{damaged_stream(offset_, "this is no snapshot")};
        }
        checksum_ = crc32c(snapshot_magic);
        take(snapshot_magic.size());
        has_magic_ = true;
    }
    const bytes_view octets = waiting();
    if (octets.size() < head_size + checksum_size) {
        return std::optional<block>{};
    }
    const std::uint32_t head_checksum = crc32c(octets.substr(0, head_size), checksum_);
    if (read_checksum(octets.substr(head_size)) != head_checksum) {
        return unexpected{damaged_stream(offset_, "wrong checksum of a block's head")};
    }
    std::uint32_t length = 0;
    jute::reader{octets.substr(1)}(length);
    const std::size_t before_payload = head_size + checksum_size;
    if (!is_known(octets.front())) {
        return unexpected{damaged_stream(offset_, "unknown kind of block")};
    }
    if (octets.size() < before_payload + length + checksum_size) {
        return std::optional<block>{};
    }
    const bytes_view payload = octets.substr(before_payload, length);
    const std::uint32_t checksum = crc32c(payload, head_checksum);
    if (read_checksum(octets.substr(before_payload + length)) != checksum) {
        return unexpected{damaged_stream(offset_, "wrong checksum of a block")};
    }
    const block whole{static_cast<block_kind>(octets.front()), payload, offset_};
    checksum_ = checksum;
    take(before_payload + length + checksum_size);
    return std::optional<block>{whole};
}

} // namespace conclave::store
