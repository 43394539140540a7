#include "server/log/tail_evidence.hpp"

#include <algorithm>
#include <cstring>

namespace conclave::txnlog {

namespace {

bool is_zero(bytes_view data) {
    return data.empty() ||
           (data[0] == '\0' && std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

} // namespace

tail_evidence gather_evidence(
    const segment_head& head, file_window& window, std::uint64_t offset, std::uint64_t expected
) {
    tail_evidence evidence;
    const std::uint64_t mark = segment_mark(head.segment);
    const std::uint64_t own_offset = offset;
    std::uint64_t own_end = offset;
    for (; offset < window.end(); offset += head.block_size) {
        const bytes_view block = window.at(offset, head.block_size);
        if (is_zero(block)) {
            continue;
        }
        evidence.dirty_end = offset + block.size();
        const std::optional<batch_header> header = decode_batch_header(block);
        if (!header || header->segment_mark != mark || offset < own_end) {
            continue;
        }
        if (offset == own_offset && header->sequence == expected) {
            evidence.own_header = true;
            evidence.own_highest = header->highest;
            // Octets of its own body are not evidence, even if a client stored what looks like one.
            own_end = offset + padded_batch_size(header->body_size, head.block_size);
            continue;
        }
        if (header->sequence <= expected) {
            continue;
        }
        if (evidence.next_sequence == 0) {
            evidence.next_sequence = header->sequence;
        }
        evidence.was_durable = evidence.was_durable || header->floor_sequence >= expected;
        if (header->floor_sequence + 1 >= evidence.next_sequence) {
            evidence.bound = std::min(evidence.bound, header->floor_zxid);
        }
    }
    return evidence;
}

} // namespace conclave::txnlog
