/// The octets of a segment file, as docs/formats/log.md describes them: names, heads, batch
/// headers, records. Nothing here touches a file; whatever is decoded may come from a damaged disk
/// and is never asserted on.
#pragma once

#include "server/log/record.hpp"

#include <conclave/function_ref.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace conclave::txnlog {

constexpr std::uint32_t log_format_version = 1;

constexpr std::size_t segment_head_size = 4096;  ///< of one copy
constexpr std::uint64_t segment_head_copies = 2; ///< at offsets 0 and 4096
constexpr std::uint64_t batches_offset = segment_head_size * segment_head_copies;
constexpr std::size_t head_payload_size_max = 3472; ///< what a head copy has room for
constexpr std::size_t segment_seal_size = 512;
constexpr std::uint64_t segment_seal_offset =
    batches_offset -
    segment_seal_size; ///< behind the second head: the first is never written again
constexpr std::size_t batch_header_size = 72;
constexpr std::size_t record_header_size = 16;
constexpr std::uint32_t block_size_min = 512;
constexpr std::uint32_t block_size_max = 4096;

/// The name under which the next segment is prepared before it becomes one.
constexpr std::string_view prepared_segment_name = "log.next";

/// "log." and 16 lower-case hexadecimal digits.
[[nodiscard]] std::string segment_name(std::uint64_t first_sequence);

/// The first sequence that a name tells; none if it is not the name of a segment.
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name);

/// What a segment says about itself and about everything before it.
struct segment_head {
    unique_id cluster{};
    unique_id storage{};
    unique_id segment{};
    std::uint64_t first_sequence = 0;
    std::uint64_t previous_first_sequence =
        0;     ///< of the segment written before this one; 0: the log starts here
    zxid base; ///< highest zxid of any record before this segment
    std::uint64_t segment_size = 0;            ///< of the whole file
    std::uint32_t block_size = block_size_min; ///< batches start at multiples of it
    bytes payload;                             ///< the caller's; at most head_payload_size_max

    friend bool operator==(const segment_head&, const segment_head&) = default;
};

/// One copy of the head, segment_head_size octets.
[[nodiscard]] bytes encode(const segment_head& head);

enum class head_state {
    valid,
    newer_format, ///< intact, but written by a later version of this program
    damaged,      ///< anything else, zeros included
};

/// Decodes one copy; `head` is set only when the answer is `valid`.
[[nodiscard]] head_state decode_segment_head(bytes_view copy, segment_head& head);

/// Says that a later segment exists. Written when it does, and before anything in it is relied
/// upon: so even the newest file of a log is missed.
struct segment_seal {
    std::uint64_t segment_mark = 0;        ///< of the segment that says it
    std::uint64_t next_first_sequence = 0; ///< of the segment that follows

    friend bool operator==(const segment_seal&, const segment_seal&) = default;
};

/// segment_seal_size octets.
[[nodiscard]] bytes encode(const segment_seal& seal);

/// None if `data` is no intact seal of the segment with this mark.
[[nodiscard]] std::optional<segment_seal>
decode_segment_seal(bytes_view data, std::uint64_t segment_mark);

/// Stands in front of the records of one batch. A batch is one write: it is there as a whole, or
/// not at all.
struct batch_header {
    std::uint64_t segment_mark = 0; ///< of the segment that the batch was written to
    std::uint64_t sequence = 0;
    std::uint32_t body_size = 0; ///< octets of records behind the header, without padding
    std::uint32_t record_count = 0;
    zxid lowest; ///< of the records; equal to `floor_zxid` in a batch without records
    zxid highest;
    std::uint64_t floor_sequence =
        0;           ///< known to be durable, with everything before, when this was written
    zxid floor_zxid; ///< highest zxid of any record up to `floor_sequence`
    std::uint32_t body_checksum = 0;

    friend bool operator==(const batch_header&, const batch_header&) = default;
};

/// Both halves of a segment's id folded into 8 octets, for the headers of its batches.
[[nodiscard]] std::uint64_t segment_mark(const unique_id& segment);

/// Writes batch_header_size octets at `at`.
void encode(const batch_header& header, char* at);

/// The header at the beginning of `data`; none if there is no intact one.
[[nodiscard]] std::optional<batch_header> decode_batch_header(bytes_view data);

/// What a batch with a body of that size takes in the file.
[[nodiscard]] constexpr std::uint64_t
padded_batch_size(std::uint64_t body_size, std::uint32_t block_size) {
    const std::uint64_t size = batch_header_size + body_size;
    return (size + block_size - 1) / block_size * block_size;
}

/// Appends the record to `body`. The payload is at most what 32 bits can tell (the writer's limit
/// is lower).
void append_record(bytes& body, const record& item);

/// True if `body` is exactly `count` records.
[[nodiscard]] bool is_well_formed(bytes_view body, std::uint32_t count);

/// Calls back for each record of a well-formed body, in order. Payloads point into `body`.
void for_each_record(bytes_view body, function_ref<void(const record&)> visit);

} // namespace conclave::txnlog
