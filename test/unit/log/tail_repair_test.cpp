#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;

namespace {

/// Two durable batches and a torn tail: batch 3 is damaged, batches 4 and 5 are whole but were
/// never synced.
void make_torn_log(log_files& files) {
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
        REQUIRE_FALSE(append_synced(log, 2));
        for (std::int64_t id = 3; id <= 5; ++id) {
            REQUIRE_FALSE(append_entry(log, id));
        }
    }
    files.flip_bit(segment_path(1), block_offset(3) + 90);
    files.power_loss({survival::kind::everything, 0});
    files.flip_bit(segment_path(1), block_offset(3) + 91);
}

} // namespace

TEST_CASE("tail repair: the cut is durably zero and the log is clean", "[log][repair]") {
    log_files files;
    make_torn_log(files);
    recovery_report report = read_log(files).report;
    REQUIRE(report.outcome == verdict::torn_tail);
    REQUIRE_FALSE(repair_tail(files, log_directory, report));
    CHECK(report.outcome == verdict::clean);
    files.power_loss({survival::kind::nothing, 0});
    const bytes content = files.content(segment_path(1));
    CHECK(content.substr(block_offset(3)).find_first_not_of('\0') == bytes::npos);
    CHECK(content.size() == small_segment_size);
    recovery_report again = read_log(files).report;
    CHECK(again.outcome == verdict::clean);
    CHECK(again.end == report.end);
    CHECK(again.last_sequence == 2);
}

TEST_CASE("tail repair: a clean log is left alone", "[log][repair]") {
    log_files files;
    {
        log_writer log = std::move(*open_log(files));
        REQUIRE_FALSE(append_synced(log, 1));
    }
    recovery_report report = read_log(files).report;
    const std::size_t operations = files.operation_count();
    CHECK_FALSE(repair_tail(files, log_directory, report));
    CHECK(files.operation_count() == operations);
}

TEST_CASE(
    "tail repair: an error at any step is reported and the report stays torn", "[log][repair]"
) {
    std::size_t failed = 0;
    for (std::size_t step = 0; step < 20; ++step) {
        log_files files;
        make_torn_log(files);
        recovery_report report = read_log(files).report;
        files.fail_once(files.operation_count() + step, std::errc::io_error);
        const std::error_code error = repair_tail(files, log_directory, report);
        failed += error ? 1 : 0;
        CHECK((report.outcome == verdict::torn_tail) == static_cast<bool>(error));
    }
    CHECK(failed == 5); // open, header, sync, rest, sync
}

TEST_CASE(
    "tail repair: the log goes on with the sequence numbers of what was cut", "[log][repair]"
) {
    log_files files;
    make_torn_log(files);
    log_writer log = std::move(*open_log(files));
    CHECK(log.last_sequence() == 2);
    REQUIRE_FALSE(append_synced(log, 30));
    files.power_loss({survival::kind::nothing, 0});
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == std::vector<std::int64_t>{1, 2, 30});
}

TEST_CASE("tail repair: a crash inside it cannot make the cut batch whole again", "[log][repair]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        for (std::size_t step = 0; step < 6; ++step) {
            log_files files;
            {
                log_writer log = std::move(*open_log(files));
                REQUIRE_FALSE(append_synced(log, 1));
                REQUIRE_FALSE(append_synced(log, 2, bytes(2000, '\0')));
            }
            // The only wrong octet is one that should be zero: clearing it first would heal the
            // batch.
            files.flip_bit(segment_path(1), block_offset(2) + 1200);
            recovery_report report = read_log(files).report;
            REQUIRE(report.outcome == verdict::torn_tail);
            files.crash_at(files.operation_count() + step);
            static_cast<void>(repair_tail(files, log_directory, report)
            ); // dies somewhere inside, or is done
            files.power_loss({survival::kind::by_chance, seed});
            INFO("seed " << seed << " step " << step);
            REQUIRE(read_log(files).zxids() == std::vector<std::int64_t>{1});
        }
    }
}
