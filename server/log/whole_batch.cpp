#include "server/log/whole_batch.hpp"

#include <conclave/checksum.hpp>

namespace conclave::txnlog {

std::optional<whole_batch> read_whole_batch(
    const segment_head& head, file_window& window, std::uint64_t offset, std::uint64_t expected
) {
    const std::optional<batch_header> header =
        decode_batch_header(window.at(offset, batch_header_size));
    if (!header || header->segment_mark != segment_mark(head.segment) ||
        header->sequence != expected || header->floor_sequence >= header->sequence ||
        padded_batch_size(header->body_size, head.block_size) > window.end() - offset) {
        return std::nullopt;
    }
    const bytes_view body = window.at(offset + batch_header_size, header->body_size);
    if (body.size() != header->body_size || crc32c(body) != header->body_checksum ||
        !is_well_formed(body, header->record_count)) {
        return std::nullopt;
    }
    return whole_batch{*header, body};
}

} // namespace conclave::txnlog
