#include "server/log/log_writer.hpp"
#include "server/log/segment_files.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>

#include <numeric>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;

namespace {

constexpr survival keep_nothing{survival::kind::nothing, 0};

std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(last - first + 1));
    std::iota(ids.begin(), ids.end(), first);
    return ids;
}

} // namespace

TEST_CASE("log writer: a new log is one segment without records", "[log][writer]") {
    log_files files;
    log_writer_options options = small_log();
    options.base = zxid{0x700000000};
    options.head_payload = "promise";
    const log_writer log = std::move(*open_log(files, options));
    CHECK(log.last_sequence() == 0);
    CHECK(log.durable_sequence() == 0);
    files.power_loss(keep_nothing);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.records.empty());
    CHECK(back.report.last_zxid == zxid{0x700000000});
    REQUIRE(back.report.segments.size() == 1);
    CHECK(back.report.segments[0].file == "log.0000000000000001");
    CHECK(back.report.segments[0].head_payload == "promise");
    CHECK(back.report.segments[0].base == zxid{0x700000000});
}

TEST_CASE("log writer: the first segment has its own size", "[log][writer]") {
    log_files files;
    log_writer_options options = small_log();
    options.segment_size = 65536;
    log_writer log = std::move(*open_log(files, options));
    CHECK(files.content(segment_path(1)).size() == small_segment_size);
    for (std::int64_t id = 1; id <= 17; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
    CHECK(files.content(segment_path(17)).size() == 65536);
    CHECK(log.size() == small_segment_size + 65536);
}

TEST_CASE("log writer: synced records survive and unsynced ones promise nothing", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    REQUIRE_FALSE(append_entry(log, 1));
    REQUIRE_FALSE(append_entry(log, 2));
    CHECK(log.last_sequence() == 2);
    CHECK(log.durable_sequence() == 0);
    REQUIRE_FALSE(log.sync());
    CHECK(log.durable_sequence() == 2);
    REQUIRE_FALSE(append_entry(log, 3));
    files.power_loss(keep_nothing);
    CHECK(read_log(files).zxids() == numbers(1, 2));
}

TEST_CASE("log writer: records of every size around a block come back unchanged", "[log][writer]") {
    log_files files;
    log_writer_options options = small_log();
    options.segment_size = 1 << 20;
    options.first_segment_size = 1 << 20;
    options.block_size = GENERATE(512U, 4096U);
    log_writer log = std::move(*open_log(files, options));
    std::vector<std::size_t> sizes;
    for (std::size_t boundary :
         {std::size_t{0}, std::size_t{512}, std::size_t{4096}, std::size_t{8192}}) {
        const std::size_t overhead = batch_header_size + record_header_size;
        const std::size_t middle = boundary < overhead ? 0 : boundary - overhead;
        for (std::size_t size = middle < 3 ? 0 : middle - 3; size <= middle + 3; ++size) {
            sizes.push_back(size);
        }
    }
    for (std::size_t index = 0; index < sizes.size(); ++index) {
        const bytes payload(sizes[index], static_cast<char>('a' + index % 26));
        REQUIRE_FALSE(append_synced(log, static_cast<std::int64_t>(index) + 1, payload));
    }
    files.power_loss(keep_nothing);
    const read_back back = read_log(files);
    REQUIRE(back.report.outcome == verdict::clean);
    REQUIRE(back.records.size() == sizes.size());
    for (std::size_t index = 0; index < sizes.size(); ++index) {
        INFO("size " << sizes[index]);
        CHECK(
            back.records[index].payload == bytes(sizes[index], static_cast<char>('a' + index % 26))
        );
        CHECK(back.records[index].position.offset % options.block_size == 0);
    }
}

TEST_CASE(
    "log writer: the largest batch fills a segment and one octet more is refused", "[log][writer]"
) {
    log_files files;
    log_writer log = std::move(*open_log(files));
    const std::size_t largest = log.body_size_max() - record_header_size;
    CHECK(append_synced(log, 1, bytes(largest + 1, 'x')) == std::errc::message_size);
    CHECK_FALSE(log.failed());
    CHECK(log.last_sequence() == 0);
    REQUIRE_FALSE(append_synced(log, 1, bytes(largest, 'x')));
    REQUIRE_FALSE(append_synced(log, 2, bytes(largest, 'y')));
    REQUIRE_FALSE(append_synced(log, 3, "z"));
    files.power_loss(keep_nothing);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == numbers(1, 3));
    CHECK(back.report.segments.size() == 3);
}

TEST_CASE("log writer: many records of one batch keep their order and position", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    REQUIRE_FALSE(append_entry(log, 1));
    record_batch batch;
    batch.add(record_type::truncate, zxid{0}, "t");
    batch.add(record_type::promise, zxid{0}, "p");
    batch.add(record_type::entry, zxid{0x100000000}, "e");
    CHECK(*log.append(batch) == 2);
    REQUIRE_FALSE(log.sync());
    const read_back back = read_log(files);
    REQUIRE(back.records.size() == 4);
    CHECK(back.records[1].type == static_cast<std::uint8_t>(record_type::truncate));
    CHECK(back.records[2].payload == "p");
    CHECK(back.records[3].position == record_position{2, 1, block_offset(2)});
    CHECK(back.report.last_zxid == zxid{0x100000000});
}

TEST_CASE("log writer: a log goes on in the next segment without a gap", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 100; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
    CHECK(log.segment_count() == 7);
    files.power_loss(keep_nothing);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == numbers(1, 100));
    CHECK(back.report.segments.size() == 7);
    CHECK(back.report.segments[1].first_sequence == 17);
    CHECK(back.report.segments[1].base == zxid{16});
}

TEST_CASE("log writer: a log is continued after each restart where it ended", "[log][writer]") {
    log_files files;
    for (std::int64_t id = 1; id <= 40; ++id) {
        log_writer log = std::move(*open_log(files, small_log(static_cast<std::uint8_t>(id))));
        CHECK(log.last_sequence() == static_cast<std::uint64_t>(id) - 1);
        REQUIRE_FALSE(append_synced(log, id));
        files.power_loss(keep_nothing);
    }
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == numbers(1, 40));
}

TEST_CASE(
    "log writer: it asks for a segment when a quarter of the current one is used", "[log][writer]"
) {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 3; ++id) {
        record_batch batch = entry(id, "x");
        REQUIRE(log.append(batch).has_value());
        CHECK_FALSE(log.wants_segment());
    }
    record_batch batch = entry(4, "x");
    REQUIRE(log.append(batch).has_value());
    CHECK(log.wants_segment());
    REQUIRE_FALSE(log.prepare_next());
    CHECK_FALSE(log.wants_segment());
}

TEST_CASE(
    "log writer: it asks for a segment while the room that must be left is there", "[log][writer]"
) {
    log_files files;
    log_writer_options options = small_log();
    options.room_min = small_segment_size - batches_offset - 512;
    log_writer log = std::move(*open_log(files, options));
    REQUIRE_FALSE(append_synced(log, 1));
    CHECK_FALSE(log.wants_segment());
    REQUIRE_FALSE(append_synced(log, 2));
    CHECK(log.wants_segment());
}

TEST_CASE(
    "log writer: the room is that of the current segment or of the next one", "[log][writer]"
) {
    log_files files;
    log_writer_options options = small_log();
    options.segment_size = 65536;
    log_writer log = std::move(*open_log(files, options));
    const std::uint64_t whole = small_segment_size - batches_offset;
    CHECK(log.guaranteed_room() == whole);
    REQUIRE_FALSE(append_synced(log, 1));
    CHECK(log.guaranteed_room() == whole - 512);
    log.note_reserved(true);
    CHECK(log.guaranteed_room() == 65536 - batches_offset);
    log.note_reserved(false);
    CHECK(log.guaranteed_room() == whole - 512);
    REQUIRE_FALSE(log.prepare_next());
    CHECK(log.guaranteed_room() == 65536 - batches_offset);
    REQUIRE_FALSE(append_synced(log, 2, bytes(40000, 'x'))); // the first of the next segment
    REQUIRE(log.segment_count() == 2);
    CHECK(log.guaranteed_room() == 65536 - batches_offset - padded_batch_size(40016, 512));
}

TEST_CASE("log writer: what the room tells can be written in pieces of any size", "[log][writer]") {
    const std::size_t piece = GENERATE(1U, 400U, 900U, 2500U, 6000U);
    const int before = GENERATE(0, 1, 5, 9, 14);
    const bool has_next = GENERATE(false, true);
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (int id = 1; id <= before; ++id) {
        record_batch batch = entry(id, "x");
        REQUIRE(log.append(batch).has_value());
    }
    if (has_next) {
        REQUIRE_FALSE(log.prepare_next());
    }
    const std::uint64_t cost = padded_batch_size(piece + record_header_size, 512);
    INFO("piece " << piece << " before " << before << " next " << has_next);
    for (std::uint64_t room = log.guaranteed_room(); room >= cost; room -= cost) {
        record_batch batch = entry(100, bytes(piece, 'x'));
        REQUIRE(log.append(batch).has_value());
    }
}

TEST_CASE("log writer: a segment that is left says which one follows", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 17; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
    files.power_loss(keep_nothing);
    const read_back back = read_log(files);
    REQUIRE(back.report.segments.size() == 2);
    CHECK(back.report.segments[0].next_first_sequence == 17);
    CHECK_FALSE(back.report.segments[1].next_first_sequence.has_value());
}

TEST_CASE("log writer: a segment is not sealed before the next one is durable", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 16; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
    const auto is_sealed = [&] {
        return files.content(segment_path(1)).substr(segment_seal_offset, 4) == "CLS1";
    };
    std::optional<bool> was_sealed;
    files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::sync_directory) {
            was_sealed = is_sealed();
        }
        return std::error_code{};
    });
    REQUIRE_FALSE(append_synced(log, 17));
    CHECK(was_sealed == false);
    CHECK(is_sealed());
    CHECK(files.durable_content(segment_path(1)).substr(segment_seal_offset, 4) == "CLS1");
}

TEST_CASE(
    "log writer: a seal that a crash has prevented is written at the next start", "[log][writer]"
) {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        for (std::int64_t id = 1; id <= 17; ++id) {
            REQUIRE_FALSE(append_synced(log, id));
        }
    }
    files.damage(segment_path(1), segment_seal_offset, bytes(segment_seal_size, '\0'));
    REQUIRE_FALSE(read_log(files).report.segments[0].next_first_sequence.has_value());
    REQUIRE(open_log(files).has_value());
    files.power_loss(keep_nothing);
    const read_back back = read_log(files);
    CHECK(back.report.segments[0].next_first_sequence == 17);
    CHECK(back.zxids() == numbers(1, 17));
}

TEST_CASE(
    "log writer: without a next segment a batch that does not fit is refused and may be tried "
    "again",
    "[log][writer]"
) {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 16; ++id) {
        record_batch batch = entry(id, "x");
        REQUIRE(log.append(batch).has_value());
    }
    record_batch batch = entry(17, "x");
    CHECK(log.append(batch).error() == std::errc::no_space_on_device);
    CHECK_FALSE(log.failed());
    CHECK_FALSE(log.sync());
    REQUIRE_FALSE(log.prepare_next());
    CHECK(*log.append(batch) == 17);
    REQUIRE_FALSE(log.sync());
    CHECK(read_log(files).zxids() == numbers(1, 17));
}

TEST_CASE(
    "log writer: a large batch asks for a segment before a quarter of the current one is used",
    "[log][writer]"
) {
    log_files files;
    log_writer_options options = small_log();
    options.segment_size = 65536;
    options.first_segment_size = 65536;
    log_writer log = std::move(*open_log(files, options));
    REQUIRE_FALSE(append_synced(log, 1, bytes(13000, 'x')));
    CHECK_FALSE(log.wants_segment());
    record_batch batch = entry(2, bytes(45000, 'y'));
    CHECK(log.append(batch).error() == std::errc::no_space_on_device);
    CHECK(log.wants_segment());
    REQUIRE_FALSE(log.prepare_next());
    CHECK(log.append(batch).has_value());
}

TEST_CASE("log writer: a full disk fails the preparation but not the log", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    files.set_capacity(small_segment_size);
    CHECK(log.prepare_next() == std::errc::no_space_on_device);
    CHECK_FALSE(log.failed());
    for (std::int64_t id = 1; id <= 16; ++id) {
        record_batch batch = entry(id, "x");
        REQUIRE(log.append(batch).has_value());
        REQUIRE_FALSE(log.sync());
    }
    CHECK(log.wants_segment());
    files.set_capacity(small_segment_size * 2);
    CHECK_FALSE(log.prepare_next());
    CHECK_FALSE(append_synced(log, 17));
    CHECK(read_log(files).zxids() == numbers(1, 17));
}

TEST_CASE("log writer: the newest head payload goes into the next segment", "[log][writer]") {
    log_files files;
    log_writer_options options = small_log();
    options.head_payload = "initial";
    log_writer log = std::move(*open_log(files, options));
    for (std::int64_t id = 1; id <= 34; ++id) {
        if (log.wants_segment()) {
            REQUIRE_FALSE(log.prepare_next());
        }
        record_batch batch = entry(id, "x");
        if (id == 17) { // the first batch of the second segment: its head is written before
            batch.set_head_payload("after 17");
        }
        REQUIRE(log.append(batch).has_value());
    }
    const read_back back = read_log(files);
    REQUIRE(back.report.segments.size() == 3);
    CHECK(back.report.segments[0].head_payload == "initial");
    CHECK(back.report.segments[1].head_payload == "initial");
    CHECK(back.report.segments[2].head_payload == "after 17");
}

TEST_CASE(
    "log writer: after a failed sync everything is refused and no file is touched", "[log][writer]"
) {
    log_files files;
    log_writer log = std::move(*open_log(files));
    REQUIRE_FALSE(append_entry(log, 1));
    files.fail_once(files.operation_count(), std::errc::io_error);
    CHECK(log.sync() == std::errc::io_error);
    CHECK(log.failed() == std::errc::io_error);
    CHECK(log.durable_sequence() == 0);
    const std::size_t operations = files.operation_count();
    record_batch batch = entry(2, "x");
    CHECK(log.append(batch).error() == std::errc::io_error);
    CHECK(log.sync() == std::errc::io_error);
    CHECK(log.write_floor() == std::errc::io_error);
    CHECK(log.prepare_next() == std::errc::io_error);
    CHECK(files.operation_count() == operations);
}

TEST_CASE("log writer: a failed write is as final as a failed sync", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    files.fail_once(files.operation_count(), std::errc::no_space_on_device);
    record_batch batch = entry(1, "x");
    CHECK(log.append(batch).error() == std::errc::no_space_on_device);
    CHECK(log.failed() == std::errc::no_space_on_device);
    CHECK(log.append(batch).error() == std::errc::no_space_on_device);
}

TEST_CASE("log writer: an error at any step of starting a segment is final", "[log][writer]") {
    const auto fill = [](log_files& files) {
        log_writer log = std::move(*open_log(files));
        for (std::int64_t id = 1; id <= 16; ++id) {
            REQUIRE_FALSE(append_entry(log, id));
        }
        return log;
    };
    log_files dry_run;
    log_writer complete = fill(dry_run);
    const std::size_t first = dry_run.operation_count();
    REQUIRE_FALSE(append_synced(complete, 17));
    const std::size_t count = dry_run.operation_count() - first;
    REQUIRE(count >= 11); // sync, open, two heads, sync, rename, directory, seal, sync, batch, sync
    for (std::size_t step = 0; step < count; ++step) {
        log_files files;
        log_writer log = fill(files);
        files.fail_once(files.operation_count() + step, std::errc::io_error);
        INFO("step " << step);
        CHECK(append_synced(log, 17) == std::errc::io_error);
        CHECK(log.failed() == std::errc::io_error);
        CHECK(append_synced(log, 17) == std::errc::io_error);
    }
}

TEST_CASE(
    "log writer: what a dead process left unsynced is durable once the log is open again",
    "[log][writer]"
) {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
        REQUIRE_FALSE(append_entry(log, 2));
        SECTION("killed before the sync") {}
        SECTION("stopped by a failed sync whose pages look clean now") {
            files.fail_once(files.operation_count(), std::errc::io_error);
            CHECK(log.sync() == std::errc::io_error);
        }
    }
    files.restart();
    const read_back found = read_log(files);
    REQUIRE(found.zxids() == numbers(1, 2));
    const log_writer log = std::move(*open_log(files));
    CHECK(log.durable_sequence() == 2);
    files.power_loss(keep_nothing);
    CHECK(read_log(files).zxids() == numbers(1, 2));
}

TEST_CASE("log writer: a floor tells that the last batch was durable", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    REQUIRE_FALSE(log.write_floor());
    CHECK(log.last_sequence() == 0); // nothing to tell yet
    REQUIRE_FALSE(append_entry(log, 1));
    REQUIRE_FALSE(log.write_floor());
    CHECK(log.last_sequence() == 1); // not durable: nothing to tell
    REQUIRE_FALSE(log.sync());
    REQUIRE_FALSE(log.write_floor());
    CHECK(log.last_sequence() == 2);
    REQUIRE_FALSE(log.write_floor());
    CHECK(log.last_sequence() == 2); // told already
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.report.floor_sequence == 1);
    CHECK(back.report.last_sequence == 2);
    CHECK(back.report.last_zxid == zxid{1});
    CHECK(back.zxids() == numbers(1, 1));
    REQUIRE_FALSE(append_synced(log, 2));
    CHECK(read_log(files).zxids() == numbers(1, 2));
}

TEST_CASE("log writer: a floor never starts a segment", "[log][writer]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 16; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
    REQUIRE_FALSE(log.write_floor());
    CHECK(log.last_sequence() == 16);
    CHECK(log.segment_count() == 1);
}

TEST_CASE("log writer: without forced sync nothing is synced nor claimed to be", "[log][writer]") {
    log_files files;
    log_writer_options options = small_log();
    options.force_sync = false;
    log_writer log = std::move(*open_log(files, options));
    files.fail_every(file_operation::sync_data, std::errc::io_error);
    for (std::int64_t id = 1; id <= 4; ++id) { // up to where the next segment would be prepared
        REQUIRE_FALSE(append_entry(log, id));
        REQUIRE_FALSE(log.sync());
        REQUIRE_FALSE(log.write_floor());
    }
    CHECK(log.durable_sequence() == 0);
    files.clear_fault();
    CHECK(read_log(files).report.floor_sequence == 0);
    files.power_loss({survival::kind::by_chance, 3});
    CHECK(read_log(files).report.outcome != verdict::corrupt);
}

TEST_CASE(
    "log writer: the leftover of an interrupted preparation is removed at the next start",
    "[log][writer]"
) {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
    }
    files.put("/log/log.next", bytes(5000, 'x'));
    log_writer log = std::move(*open_log(files));
    CHECK_FALSE(files.exists("/log/log.next"));
    CHECK_FALSE(append_synced(log, 2));
}

TEST_CASE("log writer: a segment id is never given twice", "[log][writer]") {
    log_files files;
    {
        log_writer log = std::move(*open_log(files, small_log(1)));
        for (std::int64_t id = 1; id <= 33; ++id) {
            REQUIRE_FALSE(append_synced(log, id));
        }
    }
    std::vector<unique_id> ids;
    for (const std::uint64_t first : {1U, 17U, 33U}) {
        segment_head head;
        REQUIRE(decode_segment_head(files.content(segment_path(first)), head) == head_state::valid);
        CHECK(std::find(ids.begin(), ids.end(), head.segment) == ids.end());
        ids.push_back(head.segment);
    }
}

// Purging

TEST_CASE(
    "log writer: purging removes only segments whose records are all old enough", "[log][purge]"
) {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 40; ++id) { // segments 1 to 16, 17 to 32, 33 to 40
        REQUIRE_FALSE(append_synced(log, id));
    }
    CHECK(log.take_purgeable(zxid{15}, 0).empty());
    CHECK(log.take_purgeable(zxid{16}, 0) == std::vector<std::string>{segment_name(1)});
    CHECK(log.take_purgeable(zxid{31}, 0).empty());
    CHECK(log.take_purgeable(zxid{1000}, 0) == std::vector<std::string>{segment_name(17)});
    CHECK(log.segment_count() == 1); // the last one stays, whatever it has
    CHECK(log.size() == small_segment_size);
}

TEST_CASE("log writer: purging leaves the retained size", "[log][purge]") {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 80; ++id) {
        REQUIRE_FALSE(append_synced(log, id));
    }
    REQUIRE(log.segment_count() == 5);
    CHECK(log.take_purgeable(zxid{80}, small_segment_size * 4 + 1).empty());
    CHECK(log.take_purgeable(zxid{80}, small_segment_size * 4).size() == 1);
    CHECK(log.take_purgeable(zxid{80}, small_segment_size * 2).size() == 2);
    CHECK(log.segment_count() == 2);
}

TEST_CASE(
    "log writer: a withdrawn higher zxid keeps its segment as long as it may matter", "[log][purge]"
) {
    log_files files;
    log_writer log = std::move(*open_log(files));
    for (std::int64_t id = 1; id <= 15; ++id) {
        REQUIRE_FALSE(append_synced(log, 100 + id));
    }
    record_batch batch;
    batch.add(record_type::truncate, zxid{50}, "");
    REQUIRE(log.append(batch).has_value());
    REQUIRE_FALSE(append_synced(log, 116));
    CHECK(log.take_purgeable(zxid{114}, 0).empty());
    CHECK(log.take_purgeable(zxid{115}, 0).size() == 1);
}

TEST_CASE("log writer: a purged log is read from its new beginning", "[log][purge]") {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        for (std::int64_t id = 1; id <= 40; ++id) {
            REQUIRE_FALSE(append_synced(log, id));
        }
        std::error_code error;
        CHECK(remove_segments(files, log_directory, log.take_purgeable(zxid{20}, 0), error) == 1);
        CHECK_FALSE(error);
    }
    files.power_loss(keep_nothing);
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == numbers(17, 40));
    CHECK(back.report.segments[0].base == zxid{16});
    log_writer log = std::move(*open_log(files));
    CHECK_FALSE(append_synced(log, 41));
}

TEST_CASE("log writer: a power loss while purging leaves no gap", "[log][purge]") {
    const std::vector<std::string> names{segment_name(1), segment_name(17), segment_name(33)};
    for (std::size_t step = 0; step < names.size() * 2; ++step) {
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            log_files files;
            {
                log_writer log = std::move(*open_log(files));
                for (std::int64_t id = 1; id <= 60; ++id) {
                    REQUIRE_FALSE(append_synced(log, id));
                }
            }
            files.crash_at(files.operation_count() + step);
            std::error_code error;
            remove_segments(files, log_directory, names, error);
            CHECK(error);
            files.power_loss({survival::kind::by_chance, seed});
            const read_back back = read_log(files);
            INFO("step " << step << " seed " << seed << ' ' << back.report.explanation);
            REQUIRE(back.report.outcome == verdict::clean);
            REQUIRE(back.records.back().id == zxid{60});
        }
    }
}
