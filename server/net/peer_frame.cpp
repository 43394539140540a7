#include "server/net/peer_frame.hpp"

#include <conclave/checksum.hpp>
#include <conclave/jute.hpp>

#include <algorithm>

namespace conclave::net {

namespace {

constexpr std::size_t checksum_size = 4; ///< counted by the length that stands before it

} // namespace

std::size_t size_of(const peer_frame& frame) {
    std::size_t size = 0;
    for (const std::shared_ptr<const bytes>& piece : frame) {
        size += piece->size();
    }
    return size;
}

peer_frame_head head_of(const peer_frame& frame) {
    std::uint32_t checksum = 0;
    for (const std::shared_ptr<const bytes>& piece : frame) {
        checksum = crc32c(*piece, checksum);
    }
    bytes text;
    jute::writer{text}(static_cast<std::uint32_t>(checksum_size + size_of(frame)), checksum);
    peer_frame_head head{};
    std::copy(text.begin(), text.end(), head.begin());
    return head;
}

peer_frame_reader::peer_frame_reader(std::size_t payload_size_max)
    : reader_(checksum_size + payload_size_max) {}

void peer_frame_reader::raise_limit(std::size_t payload_size_max) {
    frame_reader larger{checksum_size + payload_size_max};
    larger.append(reader_.buffered());
    reader_ = std::move(larger);
}

peer_frame_reader::status peer_frame_reader::next(bytes_view& payload) {
    bytes_view content;
    switch (reader_.next(content)) {
    case frame_reader::status::need_more:
        return status::need_more;
    case frame_reader::status::bad_length:
        return status::bad_length;
    case frame_reader::status::frame:
        break;
    }
    if (content.size() <= checksum_size) {
        return status::bad_length;
    }
    std::uint32_t checksum = 0;
    jute::reader{content}(checksum);
    payload = content.substr(checksum_size);
    return crc32c(payload) == checksum ? status::frame : status::bad_checksum;
}

} // namespace conclave::net
