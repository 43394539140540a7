#include "server/log/record_batch.hpp"

#include <conclave/assert.hpp>
#include <conclave/checksum.hpp>

#include <algorithm>

namespace conclave::txnlog {

void record_batch::add(const record& item) {
    buffer_.resize(batch_header_size + body_size_); // drops the padding of an earlier seal
    include(item.id, item.id);
    append_record(buffer_, item);
    body_size_ = buffer_.size() - batch_header_size;
    ++record_count_;
}

void record_batch::add(const record_batch& other) {
    if (!other.empty()) {
        buffer_.resize(batch_header_size + body_size_);
        include(other.lowest_, other.highest_);
        buffer_.append(other.buffer_, batch_header_size, other.body_size_);
        body_size_ += other.body_size_;
        record_count_ += other.record_count_;
    }
    if (other.head_payload_) {
        head_payload_ = other.head_payload_;
    }
}

void record_batch::set_head_payload(bytes payload) {
    CONCLAVE_ASSERT(payload.size() <= head_payload_size_max);
    head_payload_ = std::move(payload);
}

void record_batch::clear() {
    buffer_.assign(batch_header_size, '\0');
    body_size_ = 0;
    record_count_ = 0;
    lowest_ = zxid{};
    highest_ = zxid{};
    head_payload_.reset();
}

bytes_view record_batch::seal(batch_header header, std::uint32_t block_size) {
    const bytes_view body = bytes_view{buffer_}.substr(batch_header_size, body_size_);
    header.body_size = static_cast<std::uint32_t>(body_size_);
    header.record_count = record_count_;
    header.lowest = empty() ? header.floor_zxid : lowest_;
    header.highest = empty() ? header.floor_zxid : highest_;
    header.body_checksum = crc32c(body);
    encode(header, buffer_.data());
    buffer_.resize(padded_batch_size(body_size_, block_size), '\0');
    return buffer_;
}

void record_batch::include(zxid lowest, zxid highest) {
    lowest_ = empty() ? lowest : std::min(lowest_, lowest);
    highest_ = empty() ? highest : std::max(highest_, highest);
}

} // namespace conclave::txnlog
