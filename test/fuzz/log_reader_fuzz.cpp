/// Feeds arbitrary files to the log's recovery. Whatever they hold: no crash, no unbounded memory,
/// the same answer twice; and what is accepted as a log can be repaired, continued and read again.
///
/// The first octet chooses how the rest is taken: 0, as the octets of a segment file; otherwise, as
/// instructions that compose a segment with right checksums, since no fuzzer would guess those.
#include "server/log/log_writer.hpp"
#include "server/log/recovery.hpp"
#include "test/support/memory_file_system.hpp"

#include <conclave/assert.hpp>
#include <conclave/checksum.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace conclave;
using namespace conclave::txnlog;

namespace {

const std::string directory = "/log";
constexpr std::uint64_t segment_size = 32768;

/// Small numbers out of the input, zero when it is used up.
class instructions {
public:
    explicit instructions(bytes_view rest) : rest_(rest) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }

    std::uint8_t next() {
        if (rest_.empty()) {
            return 0;
        }
        const auto octet = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return octet;
    }

    bytes_view next(std::size_t size) {
        const bytes_view part = rest_.substr(0, size);
        rest_.remove_prefix(part.size());
        return part;
    }

private:
    bytes_view rest_;
};

bytes make_head(instructions& from) {
    segment_head head;
    head.first_sequence = 1;
    head.segment[0] = 1;
    head.base = zxid{from.next() % 4};
    head.segment_size = segment_size - (from.next() % 4 == 3 ? 100 : 0);
    head.block_size = from.next() % 4 == 3 ? 4096 : 512;
    return encode(head) + encode(head);
}

/// A batch, most often the next one in good order, now and then wrong in one of its fields.
bytes make_batch(instructions& from, std::uint64_t& sequence) {
    record_batch batch;
    for (std::uint8_t count = from.next() % 4; count > 0; --count) {
        const auto id = static_cast<std::int64_t>(from.next());
        batch.add(record_type::entry, zxid{id}, from.next(from.next() * 8U));
    }
    batch_header header;
    const std::uint8_t flaw = from.next();
    header.segment_mark = flaw == 1 ? 7 : 1;
    sequence += flaw == 2 ? 2 : flaw == 3 ? 0 : 1;
    header.sequence = sequence;
    header.floor_sequence =
        flaw == 4 ? sequence + 3 : sequence - std::min<std::uint64_t>(sequence, from.next() % 4);
    header.floor_zxid = zxid{static_cast<std::int64_t>(header.floor_sequence)};
    bytes octets{batch.seal(header, 512)};
    if (flaw == 5) {
        octets[from.next() * octets.size() / 256] ^= 0x10;
    }
    if (flaw == 6) { // right checksums over records that are none
        const bytes_view body = bytes_view{octets}.substr(batch_header_size);
        header = *decode_batch_header(octets);
        header.body_size = static_cast<std::uint32_t>(from.next() * 4U);
        header.record_count = from.next();
        header.body_checksum = crc32c(body.substr(0, header.body_size));
        encode(header, octets.data());
    }
    return octets;
}

bytes compose(instructions from) {
    bytes image = make_head(from);
    std::uint64_t sequence = 0;
    while (!from.empty() && image.size() < segment_size) {
        image += make_batch(from, sequence);
        if (from.next() == 1) {
            image += bytes(512, '\0');
        }
    }
    image.resize(segment_size, '\0');
    return image;
}

struct outcome {
    recovery_report report;
    std::vector<bytes> payloads;

    friend bool operator==(const outcome&, const outcome&) = default;
};

outcome read(file_system& files, bool strict) {
    outcome result;
    recovery_options options;
    options.strict = strict;
    result.report = recover(
        files,
        directory,
        options,
        [&](const record& item, const record_position& position) {
            CONCLAVE_ASSERT(position.offset >= batches_offset);
            result.payloads.emplace_back(item.payload);
        }
    );
    CONCLAVE_ASSERT(result.report.record_count == result.payloads.size());
    return result;
}

/// What is no damage must be a log that one can go on with.
void continue_log(test::memory_file_system& files, const outcome& found) {
    recovery_report report = found.report;
    CONCLAVE_ASSERT(!repair_tail(files, directory, report));
    outcome again = read(files, true);
    CONCLAVE_ASSERT(again.report.outcome == verdict::clean);
    CONCLAVE_ASSERT(again.payloads == found.payloads);
    log_writer_options options;
    options.segment_size = segment_size;
    options.nonce[0] = 9;
    io_result<log_writer> writer = log_writer::open(files, directory, options, again.report);
    CONCLAVE_ASSERT(writer.has_value());
    CONCLAVE_ASSERT(!writer->prepare_next());
    record_batch batch;
    batch.add(record_type::entry, zxid{1}, "appended");
    CONCLAVE_ASSERT(writer->append(batch).has_value());
    CONCLAVE_ASSERT(!writer->sync());
    again = read(files, true);
    CONCLAVE_ASSERT(again.report.outcome == verdict::clean);
    CONCLAVE_ASSERT(again.payloads.size() == found.payloads.size() + 1);
    CONCLAVE_ASSERT(again.payloads.back() == "appended");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const bytes_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    test::memory_file_system files;
    files.put(
        join_path(directory, segment_name(1)),
        data[0] == 0 ? bytes{rest} : compose(instructions{rest})
    );
    const outcome first = read(files, false);
    CONCLAVE_ASSERT(first == read(files, false));
    static_cast<void>(read(files, true));
    if (first.report.outcome == verdict::clean || first.report.outcome == verdict::torn_tail) {
        continue_log(files, first);
    }
    return 0;
}
