#include "server/log/segment_format.hpp"

#include "server/log/little_endian.hpp"
#include "server/log/unique_id.hpp"

#include <conclave/assert.hpp>
#include <conclave/checksum.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace conclave::txnlog {

namespace {

constexpr std::string_view name_prefix = "log.";
constexpr std::size_t name_digits = 16;

constexpr bytes_view head_magic = "CONCLLOG";
constexpr bytes_view batch_magic = "CLB1";

/// Offsets in a head. The first 16 octets keep their meaning in all versions, so that any version
/// can tell an intact newer head from a damaged one.
namespace head_at {
constexpr std::size_t magic = 0;
constexpr std::size_t version = 8;
constexpr std::size_t preamble_checksum = 12;
constexpr std::size_t cluster = 16;
constexpr std::size_t storage = 32;
constexpr std::size_t segment = 48;
constexpr std::size_t first_sequence = 64;
constexpr std::size_t previous_first_sequence = 72;
constexpr std::size_t base = 80;
constexpr std::size_t segment_size = 88;
constexpr std::size_t block_size = 96;
constexpr std::size_t payload_size = 100;
constexpr std::size_t payload = 104;
} // namespace head_at

constexpr std::size_t checksum_size = 4;

static_assert(
    head_at::payload + head_payload_size_max + checksum_size <=
    segment_head_size - segment_seal_size
);

constexpr bytes_view seal_magic = "CLS1";

namespace seal_at {
constexpr std::size_t magic = 0;
constexpr std::size_t segment_mark = 8;
constexpr std::size_t next_first_sequence = 16;
constexpr std::size_t checksum = 24;
} // namespace seal_at

namespace batch_at {
constexpr std::size_t magic = 0;
constexpr std::size_t reserved = 4;
constexpr std::size_t segment_mark = 8;
constexpr std::size_t sequence = 16;
constexpr std::size_t body_size = 24;
constexpr std::size_t record_count = 28;
constexpr std::size_t lowest = 32;
constexpr std::size_t highest = 40;
constexpr std::size_t floor_sequence = 48;
constexpr std::size_t floor_zxid = 56;
constexpr std::size_t body_checksum = 64;
constexpr std::size_t header_checksum = 68;
} // namespace batch_at

static_assert(batch_at::header_checksum + checksum_size == batch_header_size);

namespace record_at {
constexpr std::size_t payload_size = 0;
constexpr std::size_t type = 4;
constexpr std::size_t id = 8;
} // namespace record_at

bool is_block_size(std::uint32_t size) {
    return size >= block_size_min && size <= block_size_max && (size & (size - 1)) == 0;
}

/// Decodes a head of this version whose checksum is right. False if its content makes no sense all
/// the same.
bool load_head(bytes_view copy, std::size_t payload_size, segment_head& head) {
    segment_head loaded;
    loaded.cluster = load_id(copy, head_at::cluster);
    loaded.storage = load_id(copy, head_at::storage);
    loaded.segment = load_id(copy, head_at::segment);
    loaded.first_sequence = load_little_endian<std::uint64_t>(copy, head_at::first_sequence);
    loaded.previous_first_sequence =
        load_little_endian<std::uint64_t>(copy, head_at::previous_first_sequence);
    loaded.base = zxid{load_little_endian<std::int64_t>(copy, head_at::base)};
    loaded.segment_size = load_little_endian<std::uint64_t>(copy, head_at::segment_size);
    loaded.block_size = load_little_endian<std::uint32_t>(copy, head_at::block_size);
    loaded.payload = copy.substr(head_at::payload, payload_size);
    if (!is_block_size(loaded.block_size) || loaded.segment_size <= batches_offset ||
        loaded.first_sequence == 0) {
        return false;
    }
    head = std::move(loaded);
    return true;
}

} // namespace

std::string segment_name(std::uint64_t first_sequence) {
    return fmt::format("{}{:016x}", name_prefix, first_sequence);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
    if (name.size() != name_prefix.size() + name_digits || !name.starts_with(name_prefix)) {
        return std::nullopt;
    }
    std::uint64_t sequence = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + name_prefix.size(), end, sequence, 16);
    // Upper-case digits would give one segment two names.
    if (error != std::errc{} || stop != end || segment_name(sequence) != name) {
        return std::nullopt;
    }
    return sequence;
}

bytes encode(const segment_head& head) {
    CONCLAVE_ASSERT(head.payload.size() <= head_payload_size_max);
    CONCLAVE_ASSERT(is_block_size(head.block_size));
    bytes copy(segment_head_size, '\0');
    char* at = copy.data();
    std::copy(head_magic.begin(), head_magic.end(), at + head_at::magic);
    store_little_endian(at + head_at::version, log_format_version);
    store_little_endian(
        at + head_at::preamble_checksum,
        crc32c(bytes_view{copy}.substr(0, head_at::preamble_checksum))
    );
    store_id(at + head_at::cluster, head.cluster);
    store_id(at + head_at::storage, head.storage);
    store_id(at + head_at::segment, head.segment);
    store_little_endian(at + head_at::first_sequence, head.first_sequence);
    store_little_endian(at + head_at::previous_first_sequence, head.previous_first_sequence);
    store_little_endian(at + head_at::base, head.base.value);
    store_little_endian(at + head_at::segment_size, head.segment_size);
    store_little_endian(at + head_at::block_size, head.block_size);
    store_little_endian(
        at + head_at::payload_size, static_cast<std::uint32_t>(head.payload.size())
    );
    std::copy(head.payload.begin(), head.payload.end(), at + head_at::payload);
    const std::size_t end = head_at::payload + head.payload.size();
    store_little_endian(at + end, crc32c(bytes_view{copy}.substr(0, end)));
    return copy;
}

head_state decode_segment_head(bytes_view copy, segment_head& head) {
    if (copy.size() < segment_head_size || !copy.starts_with(head_magic)) {
        return head_state::damaged;
    }
    const auto preamble_checksum =
        load_little_endian<std::uint32_t>(copy, head_at::preamble_checksum);
    if (preamble_checksum != crc32c(copy.substr(0, head_at::preamble_checksum))) {
        return head_state::damaged;
    }
    if (load_little_endian<std::uint32_t>(copy, head_at::version) > log_format_version) {
        return head_state::newer_format;
    }
    const std::size_t payload_size = load_little_endian<std::uint32_t>(copy, head_at::payload_size);
    if (payload_size > head_payload_size_max) {
        return head_state::damaged;
    }
    const std::size_t end = head_at::payload + payload_size;
    if (load_little_endian<std::uint32_t>(copy, end) != crc32c(copy.substr(0, end))) {
        return head_state::damaged;
    }
    return load_head(copy, payload_size, head) ? head_state::valid : head_state::damaged;
}

std::uint64_t segment_mark(const unique_id& segment) {
    std::array<char, sizeof segment> octets{};
    store_id(octets.data(), segment);
    const bytes_view view{octets.data(), octets.size()};
    return load_little_endian<std::uint64_t>(view, 0) ^ load_little_endian<std::uint64_t>(view, 8);
}

bytes encode(const segment_seal& seal) {
    bytes octets(segment_seal_size, '\0');
    std::copy(seal_magic.begin(), seal_magic.end(), octets.data() + seal_at::magic);
    store_little_endian(octets.data() + seal_at::segment_mark, seal.segment_mark);
    store_little_endian(octets.data() + seal_at::next_first_sequence, seal.next_first_sequence);
    store_little_endian(
        octets.data() + seal_at::checksum, crc32c(bytes_view{octets}.substr(0, seal_at::checksum))
    );
    return octets;
}

std::optional<segment_seal> decode_segment_seal(bytes_view data, std::uint64_t segment_mark) {
    if (data.size() < segment_seal_size || !data.starts_with(seal_magic) ||
        load_little_endian<std::uint32_t>(data, seal_at::checksum) !=
            crc32c(data.substr(0, seal_at::checksum))) {
        return std::nullopt;
    }
    segment_seal seal;
    seal.segment_mark = load_little_endian<std::uint64_t>(data, seal_at::segment_mark);
    seal.next_first_sequence =
        load_little_endian<std::uint64_t>(data, seal_at::next_first_sequence);
    if (seal.segment_mark != segment_mark) {
        return std::nullopt;
    }
    return seal;
}

void encode(const batch_header& header, char* at) {
    std::copy(batch_magic.begin(), batch_magic.end(), at + batch_at::magic);
    store_little_endian(at + batch_at::reserved, std::uint32_t{0});
    store_little_endian(at + batch_at::segment_mark, header.segment_mark);
    store_little_endian(at + batch_at::sequence, header.sequence);
    store_little_endian(at + batch_at::body_size, header.body_size);
    store_little_endian(at + batch_at::record_count, header.record_count);
    store_little_endian(at + batch_at::lowest, header.lowest.value);
    store_little_endian(at + batch_at::highest, header.highest.value);
    store_little_endian(at + batch_at::floor_sequence, header.floor_sequence);
    store_little_endian(at + batch_at::floor_zxid, header.floor_zxid.value);
    store_little_endian(at + batch_at::body_checksum, header.body_checksum);
    store_little_endian(
        at + batch_at::header_checksum, crc32c(bytes_view{at, batch_at::header_checksum})
    );
}

std::optional<batch_header> decode_batch_header(bytes_view data) {
    if (data.size() < batch_header_size || !data.starts_with(batch_magic) ||
        load_little_endian<std::uint32_t>(data, batch_at::header_checksum) !=
            crc32c(data.substr(0, batch_at::header_checksum))) {
        return std::nullopt;
    }
    batch_header header;
    header.segment_mark = load_little_endian<std::uint64_t>(data, batch_at::segment_mark);
    header.sequence = load_little_endian<std::uint64_t>(data, batch_at::sequence);
    header.body_size = load_little_endian<std::uint32_t>(data, batch_at::body_size);
    header.record_count = load_little_endian<std::uint32_t>(data, batch_at::record_count);
    header.lowest = zxid{load_little_endian<std::int64_t>(data, batch_at::lowest)};
    header.highest = zxid{load_little_endian<std::int64_t>(data, batch_at::highest)};
    header.floor_sequence = load_little_endian<std::uint64_t>(data, batch_at::floor_sequence);
    header.floor_zxid = zxid{load_little_endian<std::int64_t>(data, batch_at::floor_zxid)};
    header.body_checksum = load_little_endian<std::uint32_t>(data, batch_at::body_checksum);
    return header;
}

void append_record(bytes& body, const record& item) {
    CONCLAVE_ASSERT(item.payload.size() <= std::numeric_limits<std::uint32_t>::max());
    std::array<char, record_header_size> header{};
    store_little_endian(
        header.data() + record_at::payload_size, static_cast<std::uint32_t>(item.payload.size())
    );
    header[record_at::type] = static_cast<char>(item.type);
    store_little_endian(header.data() + record_at::id, item.id.value);
    body.append(header.data(), header.size());
    body.append(item.payload);
}

bool is_well_formed(bytes_view body, std::uint32_t count) {
    for (std::uint32_t index = 0; index < count; ++index) {
        if (body.size() < record_header_size) {
            return false;
        }
        const std::size_t size = load_little_endian<std::uint32_t>(body, record_at::payload_size);
        if (body.size() - record_header_size < size) {
            return false;
        }
        body.remove_prefix(record_header_size + size);
    }
    return body.empty();
}

void for_each_record(bytes_view body, function_ref<void(const record&)> visit) {
    while (!body.empty()) {
        const std::size_t size = load_little_endian<std::uint32_t>(body, record_at::payload_size);
        record item;
        item.type = static_cast<std::uint8_t>(body[record_at::type]);
        item.id = zxid{load_little_endian<std::int64_t>(body, record_at::id)};
        item.payload = body.substr(record_header_size, size);
        visit(item);
        body.remove_prefix(record_header_size + size);
    }
}

} // namespace conclave::txnlog
