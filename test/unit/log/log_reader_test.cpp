#include "server/log/recovery.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <conclave/checksum.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <numeric>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;
using Catch::Matchers::Contains;

namespace {

const std::string first_segment = segment_path(1);
constexpr zxid no_bound{std::numeric_limits<std::int64_t>::max()};

std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(last - first + 1));
    std::iota(ids.begin(), ids.end(), first);
    return ids;
}

/// A log of one-block batches with zxids 1 to `count`, each synced, so that each tells the floor of
/// the one before. Batch k of the first segment is at block_offset(k); segments begin with batches
/// 1, 17, 33, ...
void fill(log_files& files, std::int64_t count) {
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= count; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
}

/// Spoils a header (of batch k, at its beginning) or a body (behind the header).
void spoil_header(log_files& files, std::uint64_t sequence) {
    files.flip_bit(first_segment, block_offset(sequence) + 20, 3);
}

void spoil_body(log_files& files, std::uint64_t sequence) {
    files.flip_bit(
        first_segment, block_offset(sequence) + batch_header_size + record_header_size, 0
    );
}

void erase_batch(log_files& files, std::uint64_t sequence) {
    files.damage(first_segment, block_offset(sequence), bytes(512, '\0'));
}

recovery_options strictly() {
    recovery_options options;
    options.strict = true;
    return options;
}

} // namespace

TEST_CASE("log reader: nothing is a clean and empty log", "[log][reader]") {
    memory_file_system files;
    CHECK(read_log(files).report == recovery_report{});
    REQUIRE_FALSE(files.make_directory(log_directory));
    CHECK(read_log(files).report == recovery_report{});
    files.put("/log/log.next", bytes(5000, 'x'));
    files.put("/log/notes.txt", "not a segment");
    CHECK(read_log(files).report == recovery_report{});
}

TEST_CASE("log reader: a clean log tells where it ends", "[log][reader]") {
    log_files files;
    fill(files, 20);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.report.explanation.empty());
    CHECK(back.zxids() == numbers(1, 20));
    CHECK(back.report.record_count == 20);
    CHECK(back.report.last_sequence == 20);
    CHECK(back.report.last_zxid == zxid{20});
    CHECK(back.report.highest_zxid == zxid{20});
    CHECK(back.report.floor_sequence == 19);
    CHECK(back.report.end.offset == batches_offset + 4 * 512);
    CHECK(back.report.end.unconfirmed_offset == batches_offset + 3 * 512);
}

TEST_CASE("log reader: reading changes nothing and gives the same twice", "[log][reader]") {
    log_files files;
    fill(files, 40);
    spoil_body(files, 7);
    const auto before = files.image();
    const read_back first = read_log(files);
    const read_back second = read_log(files);
    CHECK(first.report == second.report);
    CHECK(first.records == second.records);
    CHECK(files.image() == before);
}

// T1: nothing readable behind.

TEST_CASE("log reader: T1 a tail without any header behind it is torn", "[log][reader]") {
    log_files files;
    fill(files, 5);
    spoil_header(files, 5);
    const recovery_options options = GENERATE(recovery_options{}, strictly());
    const read_back back = read_log(files, options);
    CHECK(back.report.outcome == verdict::torn_tail);
    CHECK(back.zxids() == numbers(1, 4));
    REQUIRE(back.report.cut.has_value());
    CHECK(back.report.cut->file == segment_name(1));
    CHECK(back.report.cut->offset == block_offset(5));
    CHECK(back.report.cut->end == block_offset(6));
    CHECK(back.report.cut->sequence == 5);
    CHECK_THAT(
        back.report.explanation, Contains("/log/log.0000000000000001") && Contains("offset 10240")
    );
}

TEST_CASE("log reader: T1 a batch of which only the end was written is torn", "[log][reader]") {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
        REQUIRE_FALSE(append_synced(log, 2, bytes(2000, 'x')));
    }
    files.damage(first_segment, block_offset(2), bytes(512, '\0'));
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::torn_tail);
    CHECK(back.zxids() == numbers(1, 1));
    CHECK(back.report.cut->end == block_offset(2) + 2560);
}

TEST_CASE("log reader: T1 a tail that is not there at all is a clean end", "[log][reader]") {
    log_files files;
    fill(files, 5);
    erase_batch(files, 5);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == numbers(1, 4));
}

TEST_CASE("log reader: T1 old octets in the tail are recognised as such", "[log][reader]") {
    // What a file system may leave in blocks that were never written (B43): batches of other
    // segments or of the past.
    log_files files;
    fill(files, 20);
    segment_head head;
    REQUIRE(decode_segment_head(files.content(segment_path(17)), head) == head_state::valid);
    batch_header header;
    header.segment_mark = segment_mark(head.segment);
    header.sequence = 21;
    header.floor_sequence = 20;
    SECTION("of another segment with the expected number") {
        header.segment_mark ^= 1;
    }
    SECTION("of this segment but of the past") {
        header.sequence = 20;
    }
    SECTION("claiming to be durable before it is written") {
        header.floor_sequence = 21;
    }
    record_batch batch = entry(21, "old");
    files.damage(segment_path(17), batches_offset + 4 * 512, batch.seal(header, 512));
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::torn_tail);
    CHECK(back.report.cut->sequence == 21);
    CHECK(back.zxids() == numbers(1, 20));
}

TEST_CASE("log reader: T1 a batch that reaches beyond its segment is none", "[log][reader]") {
    log_files files;
    segment_head head;
    head.first_sequence = 1;
    head.segment_size = batches_offset + 100; // less than the block that the batch takes
    record_batch batch = entry(1, "x");
    batch_header header;
    header.sequence = 1;
    const bytes_view octets = batch.seal(header, 512);
    files.put(first_segment, encode(head) + encode(head) + bytes{octets});
    const read_back back = read_log(files);
    CHECK(back.records.empty());
    CHECK(back.report.outcome == verdict::torn_tail);
}

// T2: a later batch proves that the bad one was durable.

TEST_CASE(
    "log reader: T2 damage in the middle is corruption with file and offset and range",
    "[log][reader]"
) {
    log_files files;
    fill(files, 10);
    const bool header = GENERATE(true, false);
    header ? spoil_header(files, 4) : spoil_body(files, 4);
    const recovery_options options = GENERATE(recovery_options{}, strictly());
    const read_back back = read_log(files, options);
    CHECK(back.report.outcome == verdict::corrupt);
    CHECK(back.zxids() == numbers(1, 3));
    REQUIRE(back.report.damage.has_value());
    CHECK(back.report.damage->file == segment_name(1));
    CHECK(back.report.damage->offset == block_offset(4));
    CHECK(back.report.damage->first_sequence == 4);
    CHECK(back.report.damage->next_sequence == 5);
    CHECK(back.report.damage->above == zxid{3});
    CHECK(back.report.damage->bound == zxid{4});
    CHECK_THAT(
        back.report.explanation,
        Contains("/log/log.0000000000000001 is damaged at offset 9728") &&
            Contains("batches 4 to 4") && Contains("0x3") && Contains("0x4") && Contains("restore")
    );
}

TEST_CASE("log reader: T2 several lost batches in a row are one range", "[log][reader]") {
    log_files files;
    fill(files, 12);
    erase_batch(files, 4);
    spoil_header(files, 5);
    spoil_body(files, 6);
    spoil_header(files, 7);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::corrupt);
    CHECK(back.report.damage->first_sequence == 4);
    CHECK(back.report.damage->next_sequence == 6); // whose header tells its number
    spoil_header(files, 6);
    CHECK(read_log(files).report.damage->next_sequence == 8);
    CHECK(read_log(files).report.damage->bound == zxid{7});
}

TEST_CASE(
    "log reader: T2 a floor written while idle makes rot of the last batch visible", "[log][reader]"
) {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
        REQUIRE_FALSE(append_synced(log, 2));
        REQUIRE_FALSE(log.write_floor());
    }
    const bool header = GENERATE(true, false);
    header ? spoil_header(files, 2) : spoil_body(files, 2);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::corrupt);
    CHECK(back.report.damage->above == zxid{1});
    CHECK(back.report.damage->bound == zxid{2});
}

TEST_CASE(
    "log reader: T2 a following segment proves that the end of the one before was durable",
    "[log][reader]"
) {
    log_files files;
    fill(files, 20);
    spoil_header(files, 16);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::corrupt);
    CHECK(back.zxids() == numbers(1, 15));
    CHECK(back.report.damage->file == segment_name(1));
    CHECK(back.report.damage->first_sequence == 16);
    CHECK(back.report.damage->next_sequence == 17);
    CHECK(back.report.damage->bound == zxid{16});
}

TEST_CASE(
    "log reader: T2 damage is found wherever a bit flips before the last batch", "[log][reader]"
) {
    log_files intact;
    fill(intact, 6);
    const std::uint64_t used = batch_header_size + record_header_size + 7; // "payload"
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
        for (std::uint64_t octet = 0; octet < used; ++octet) {
            const auto files = intact.clone();
            files->flip_bit(first_segment, block_offset(sequence) + octet, octet % 8);
            const read_back back = read_log(*files);
            INFO("batch " << sequence << " octet " << octet);
            REQUIRE(back.report.outcome == verdict::corrupt);
            REQUIRE(back.report.damage->first_sequence == sequence);
            REQUIRE(back.zxids().size() == sequence - 1);
        }
    }
}

// T3: later batches, none of which knew the bad one to be durable.

TEST_CASE(
    "log reader: T3 batches behind a lost one that were never synced go with it", "[log][reader]"
) {
    const recovery_options options = GENERATE(recovery_options{}, strictly());
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
        for (std::int64_t id = 2; id <= 5; ++id) {
            REQUIRE_FALSE(append_entry(log, id));
        }
    }
    SECTION("lost") {
        erase_batch(files, 3);
    }
    SECTION("header torn") {
        spoil_header(files, 3);
    }
    SECTION("body torn") {
        spoil_body(files, 3);
    }
    const read_back back = read_log(files, options);
    CHECK(back.report.outcome == verdict::torn_tail);
    CHECK(back.zxids() == numbers(1, 2));
    CHECK(back.report.cut->offset == block_offset(3));
    CHECK(back.report.cut->end == block_offset(6));
}

// T4: only the last body is bad.

TEST_CASE(
    "log reader: T4 a bad last body is torn by default and corruption if strict", "[log][reader]"
) {
    log_files files;
    fill(files, 5);
    spoil_body(files, 5);
    const read_back standard = read_log(files);
    CHECK(standard.report.outcome == verdict::torn_tail);
    CHECK(standard.report.cut->sequence == 5);
    const read_back strict = read_log(files, strictly());
    CHECK(strict.report.outcome == verdict::corrupt);
    CHECK(strict.report.damage->first_sequence == 5);
    CHECK(strict.report.damage->next_sequence == 0);
    CHECK(strict.report.damage->bound == zxid{5});
    CHECK(strict.report.damage->is_ambiguous);
    CHECK(strict.zxids() == standard.zxids());
}

TEST_CASE("log reader: T4 what looks like a header inside a body is no evidence", "[log][reader]") {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
        // The payload has, on a block boundary, a header of this segment that claims to know batch
        // 2 to be durable.
        segment_head head;
        REQUIRE(decode_segment_head(files.content(first_segment), head) == head_state::valid);
        batch_header forged;
        forged.segment_mark = segment_mark(head.segment);
        forged.sequence = 3;
        forged.floor_sequence = 2;
        bytes payload(3 * 512, 'x');
        encode(forged, payload.data() + 512 - batch_header_size - record_header_size);
        REQUIRE_FALSE(append_synced(log, 2, payload));
    }
    files.flip_bit(first_segment, block_offset(2) + 100);
    CHECK(read_log(files).report.outcome == verdict::torn_tail);
}

// T5: heads and files.

TEST_CASE("log reader: one damaged copy of a head changes nothing", "[log][reader]") {
    log_files files;
    fill(files, 20);
    const std::uint64_t copy = GENERATE(0U, segment_head_size);
    files.damage(segment_path(GENERATE(1U, 17U)), copy, bytes(segment_head_size, '\xee'));
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == numbers(1, 20));
}

TEST_CASE("log reader: T5 a segment without any head is corruption", "[log][reader]") {
    log_files files;
    fill(files, 40);
    const std::uint64_t first = GENERATE(1U, 17U, 33U);
    files.damage(segment_path(first), 0, bytes(batches_offset, '\0'));
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::corrupt);
    CHECK(back.records.size() == first - 1);
    CHECK(back.report.damage->file == segment_name(first));
    CHECK(back.report.damage->first_sequence == first);
    CHECK(back.report.damage->next_sequence == (first == 33 ? 0 : first + 16));
    CHECK(
        back.report.damage->bound ==
        (first == 33 ? no_bound : zxid{static_cast<std::int64_t>(first) + 15})
    );
    CHECK_THAT(back.report.explanation, Contains("neither copy of its head"));
}

TEST_CASE("log reader: T5 a segment under a wrong name is corruption", "[log][reader]") {
    log_files files;
    fill(files, 5);
    REQUIRE_FALSE(files.rename(first_segment, segment_path(2)));
    CHECK(read_log(files).report.outcome == verdict::corrupt);
}

TEST_CASE("log reader: T5 a missing file in the middle is told as such", "[log][reader]") {
    log_files files;
    fill(files, 60);
    files.erase(segment_path(17));
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::missing_segment);
    CHECK(back.zxids() == numbers(1, 16));
    CHECK(back.report.damage->file == segment_name(33));
    CHECK(back.report.damage->first_sequence == 17);
    CHECK(back.report.damage->next_sequence == 33);
    CHECK(back.report.damage->above == zxid{16});
    CHECK(back.report.damage->bound == zxid{32});
}

TEST_CASE("log reader: a missing file at the end is told as such", "[log][reader]") {
    log_files files;
    fill(files, 60);
    const bool is_read_in_part = GENERATE(false, true);
    recovery_options options;
    if (is_read_in_part) {
        options.above = zxid{20};
    }
    files.erase(segment_path(49));
    const read_back back = read_log(files, options);
    REQUIRE(back.report.outcome == verdict::missing_segment);
    REQUIRE(back.report.damage.has_value());
    CHECK(back.report.damage->file == segment_name(49));
    CHECK(back.report.damage->first_sequence == 49);
    CHECK(back.report.damage->above == zxid{48});
    CHECK(back.records.back().id == zxid{48});
    CHECK(
        back.report.explanation.find(
            "/log/" + segment_name(49) + " is missing: " + segment_name(33) + " says"
        ) != std::string::npos
    );
}

TEST_CASE("log reader: a sealed segment has no torn tail", "[log][reader]") {
    log_files files;
    fill(files, 20);
    files.erase(segment_path(17));
    erase_batch(files, 16);
    const read_back back = read_log(files);
    REQUIRE(back.report.outcome == verdict::corrupt);
    CHECK(back.report.damage->first_sequence == 16);
}

TEST_CASE(
    "log reader: a damaged seal changes nothing while its successor is there", "[log][reader]"
) {
    log_files files;
    fill(files, 20);
    files.flip_bit(segment_path(1), segment_seal_offset + 17);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.records.size() == 20);
}

TEST_CASE("log reader: a segment that comes while the log is read is not missed", "[log][reader]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 16; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
    bool has_grown = false;
    files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::open && operation.path == segment_path(1) &&
            !has_grown) {
            has_grown = true;
            CHECK_FALSE(append_synced(log, 17));
        }
        return std::error_code{};
    });
    const read_back back = read_log(files);
    CHECK(has_grown);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.records.size() == 16);
}

TEST_CASE(
    "log reader: a file that was cut off is corruption and no end of the log", "[log][reader]"
) {
    log_files files;
    fill(files, 5);
    const bytes whole = files.content(first_segment);
    const std::size_t size = GENERATE(0U, 100U, 4096U, 8192U, 8704U, 9000U, 16383U);
    files.put(first_segment, whole.substr(0, size));
    CHECK(read_log(files).report.outcome == verdict::corrupt);
}

TEST_CASE("log reader: a file that has grown is used as far as its head says", "[log][reader]") {
    log_files files;
    fill(files, 16);
    files.put(first_segment, files.content(first_segment) + bytes(512, 'x'));
    CHECK(read_log(files).report.outcome == verdict::clean);
    log_writer log = std::move(*open_log(files));
    REQUIRE_FALSE(append_synced(log, 17));
    CHECK(log.segment_count() == 2);
    CHECK(read_log(files).zxids() == numbers(1, 17));
}

TEST_CASE("log reader: the wanted part must not begin before the log does", "[log][reader]") {
    log_files files;
    fill(files, 40);
    files.erase(segment_path(1));
    recovery_options options;
    options.above = zxid{15};
    const read_back back = read_log(files, options);
    CHECK(back.report.outcome == verdict::missing_segment);
    CHECK(back.records.empty());
    CHECK(back.report.damage->above == zxid{15});
    CHECK(back.report.damage->bound == zxid{16});
    options.above = zxid{16};
    CHECK(read_log(files, options).zxids() == numbers(17, 40));
}

TEST_CASE("log reader: segments with only older records are not read", "[log][reader]") {
    log_files files;
    fill(files, 40);
    spoil_body(files, 3);
    files.damage(segment_path(17), 0, bytes(batches_offset, '\0'));
    recovery_options options;
    options.above = zxid{35};
    const read_back back = read_log(files, options);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == numbers(33, 40));
    CHECK(back.report.first_read == 2);
    CHECK(back.report.highest_zxid == zxid{40});
    options.above = zxid{31};
    CHECK(read_log(files, options).report.outcome == verdict::corrupt);
}

TEST_CASE("log reader: reading goes on behind a damaged range if asked to", "[log][reader]") {
    log_files files;
    fill(files, 40);
    spoil_body(files, 3);
    spoil_header(files, 4);
    const read_back damaged = read_log(files);
    REQUIRE(damaged.report.outcome == verdict::corrupt);
    recovery_options options;
    options.from_sequence = damaged.report.damage->next_sequence;
    const read_back rest = read_log(files, options);
    CHECK(rest.report.outcome == verdict::clean);
    CHECK(rest.zxids() == numbers(5, 40));
    options.from_sequence = 20;
    CHECK(read_log(files, options).zxids() == numbers(20, 40));
    options.from_sequence = 41;
    CHECK(read_log(files, options).records.empty());
    files.erase(segment_path(1));
    options.from_sequence = 16;
    CHECK(read_log(files, options).report.outcome == verdict::missing_segment);
}

// Whose log it is, and which version wrote it.

TEST_CASE(
    "log reader: the log of another storage is refused before anything is delivered",
    "[log][reader]"
) {
    log_files files;
    fill(files, 20);
    recovery_options options;
    options.storage = make_id(0x77);
    const read_back back = read_log(files, options);
    CHECK(back.report.outcome == verdict::foreign);
    CHECK(back.records.empty());
    CHECK_THAT(back.report.explanation, Contains("belongs to another data directory"));
    options.storage = small_log().storage;
    CHECK(read_log(files, options).report.outcome == verdict::clean);
}

TEST_CASE("log reader: a newer format is refused before anything is delivered", "[log][reader]") {
    log_files files;
    fill(files, 20);
    bytes head = files.content(segment_path(17)).substr(0, 16);
    head[8] = 2;
    const std::uint32_t checksum = crc32c(bytes_view{head}.substr(0, 12));
    for (std::size_t index = 0; index < 4; ++index) {
        head[12 + index] = static_cast<char>((checksum >> (8 * index)) & 0xff);
    }
    files.damage(segment_path(17), 0, head);
    const auto before = files.image();
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::newer_format);
    CHECK(back.records.empty());
    CHECK(files.image() == before);
    CHECK_THAT(
        back.report.explanation, Contains("newer version") && Contains("nothing was changed")
    );
}

// Errors of the file system while reading.

TEST_CASE(
    "log reader: an error at any step is told and never taken for a torn tail", "[log][reader]"
) {
    log_files files;
    fill(files, 20);
    const std::size_t first = files.operation_count();
    static_cast<void>(read_log(files));
    const std::size_t count = files.operation_count() - first;
    REQUIRE(count >= 8);
    for (std::size_t step = 0; step < count; ++step) {
        files.fail_once(files.operation_count() + step, std::errc::io_error);
        const read_back back = read_log(files);
        INFO("step " << step << ' ' << back.report.explanation);
        // A failed read of one head copy, or of more than was needed, costs nothing.
        REQUIRE(
            (back.report.outcome == verdict::clean || back.report.outcome == verdict::unreadable ||
             back.report.outcome == verdict::corrupt)
        );
        REQUIRE((back.report.outcome == verdict::clean) == (back.records.size() == 20));
        REQUIRE((back.report.outcome == verdict::clean) != static_cast<bool>(back.report.error));
    }
}

TEST_CASE("log reader: unreadable octets in the last segment are corruption", "[log][reader]") {
    log_files files;
    fill(files, 5);
    const std::size_t reads_of_heads = 1;
    std::size_t reads = 0;
    files.set_fault([&](const operation_view& operation) {
        const bool is_body = operation.kind == file_operation::read && ++reads > reads_of_heads;
        return is_body ? std::make_error_code(std::errc::io_error) : std::error_code{};
    });
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::corrupt);
    CHECK(back.report.error == std::errc::io_error);
    CHECK_THAT(back.report.explanation, Contains("Input/output error"));
}

TEST_CASE("log reader: a file that may not be opened makes the log unreadable", "[log][reader]") {
    log_files files;
    fill(files, 20);
    files.set_fault([](const operation_view& operation) {
        return operation.kind == file_operation::open && operation.path == segment_path(17)
                   ? std::make_error_code(std::errc::permission_denied)
                   : std::error_code{};
    });
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::unreadable);
    CHECK(back.records.empty());
    CHECK_THAT(
        back.report.explanation,
        Contains("/log/log.0000000000000011") && Contains("Permission denied")
    );
}

TEST_CASE("log reader: every verdict has a name", "[log][reader]") {
    CHECK(name(verdict::clean) == "clean");
    CHECK(name(verdict::torn_tail) == "torn tail");
    CHECK(name(verdict::corrupt) == "corrupt");
    CHECK(name(verdict::missing_segment) == "missing segment");
    CHECK(name(verdict::newer_format) == "newer format");
    CHECK(name(verdict::foreign) == "foreign");
    CHECK(name(verdict::unreadable) == "unreadable");
}
