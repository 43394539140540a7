/// The promises of the log under crashes at every step, power losses that keep any part of what was
/// not synced, and errors at every step: what was reported durable is found again, nothing is
/// invented, recovery can be repeated.
#include "server/log/segment_files.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;

namespace {

/// What a run of the workload has reached when it ended, well or badly.
struct progress {
    std::int64_t attempted = 0; ///< highest zxid handed to `append`
    std::int64_t durable = 0;   ///< highest zxid reported durable
    std::int64_t purged = 0;    ///< highest zxid that was allowed to go
};

bytes payload_of(std::int64_t id) {
    return bytes(static_cast<std::size_t>(id * 37 % 1500), static_cast<char>('a' + id % 26));
}

/// One step that may fail; the workload ends at the first that does.
bool appended(log_writer& log, progress& done) {
    done.attempted += 1;
    return !append_entry(log, done.attempted, payload_of(done.attempted));
}

bool synced(log_writer& log, progress& done) {
    if (log.sync()) {
        return false;
    }
    done.durable = done.attempted;
    return true;
}

bool purged(log_files& files, log_writer& log, progress& done) {
    std::error_code error;
    done.purged = done.durable;
    remove_segments(files, log_directory, log.take_purgeable(zxid{done.durable}, 0), error);
    return !error;
}

/// Opens the log, appends groups of one to three batches with a sync after each group, writes
/// floors, rolls over several segments and purges. Goes on from what `done` says.
void run_workload(log_files& files, progress& done, std::uint8_t nonce, int groups) {
    io_result<log_writer> opened = open_log(files, small_log(nonce));
    if (!opened) {
        return;
    }
    for (int group = 0; group < groups; ++group) {
        for (int batch = 0; batch <= group % 3; ++batch) {
            if (!appended(*opened, done)) {
                return;
            }
        }
        if (!synced(*opened, done) || (group % 4 == 3 && opened->write_floor())) {
            return;
        }
        if (group % 7 == 6 && !purged(files, *opened, done)) {
            return;
        }
    }
}

/// Everything durable is there, in order, unchanged, without gaps; and nothing that was never
/// written.
void check_recovered(const read_back& back, const progress& done) {
    INFO(
        "attempted " << done.attempted << " durable " << done.durable << " purged " << done.purged
    );
    INFO(back.report.explanation);
    REQUIRE((back.report.outcome == verdict::clean || back.report.outcome == verdict::torn_tail));
    const std::int64_t last = back.report.last_zxid.value;
    REQUIRE(last >= done.durable);
    REQUIRE(last <= done.attempted);
    std::int64_t expected = back.records.empty() ? last + 1 : back.records.front().id.value;
    REQUIRE(expected <= done.purged + 1);
    for (const kept_record& item : back.records) {
        REQUIRE(item.id.value == expected);
        REQUIRE(item.payload == payload_of(expected));
        ++expected;
    }
    REQUIRE(expected == last + 1);
}

/// Recovers twice, and checks that it is the same (I39).
read_back recover_twice(log_files& files, const progress& done) {
    const read_back first = read_log(files);
    const read_back second = read_log(files);
    REQUIRE(first.report == second.report);
    REQUIRE(first.records == second.records);
    check_recovered(first, done);
    return first;
}

const std::vector<survival>& patterns() {
    static const std::vector<survival> all = [] {
        std::vector<survival> list{{survival::kind::nothing, 0}, {survival::kind::everything, 0}};
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            list.push_back({survival::kind::by_chance, seed});
        }
        return list;
    }();
    return all;
}

constexpr int workload_groups = 24;

std::size_t workload_operations() {
    log_files files;
    const std::size_t first = files.operation_count();
    progress done;
    run_workload(files, done, 1, workload_groups);
    REQUIRE(done.durable == done.attempted);
    REQUIRE(read_log(files).report.segments.size() >= 2);
    return files.operation_count() - first;
}

} // namespace

TEST_CASE(
    "log crash: a power loss at any operation loses nothing durable and invents nothing",
    "[log][crash]"
) {
    const std::size_t count = workload_operations();
    std::size_t torn = 0;
    for (std::size_t step = 0; step < count; ++step) {
        for (const survival& pattern : patterns()) {
            log_files files;
            files.crash_at(files.operation_count() + step);
            progress done;
            run_workload(files, done, 1, workload_groups);
            files.power_loss(pattern);
            INFO("step " << step << " seed " << pattern.seed);
            const read_back back = recover_twice(files, done);
            torn += back.report.outcome == verdict::torn_tail ? 1 : 0;
        }
    }
    CHECK(torn > 0); // the schedule reaches what it is for
}

TEST_CASE("log crash: a killed process loses nothing that it had written", "[log][crash]") {
    const std::size_t count = workload_operations();
    for (std::size_t step = 0; step < count; ++step) {
        log_files files;
        files.crash_at(files.operation_count() + step);
        progress done;
        run_workload(files, done, 1, workload_groups);
        files.restart();
        INFO("step " << step);
        // The operation in which it died is the only one whose batch may be missing.
        CHECK(recover_twice(files, done).report.last_zxid.value >= done.attempted - 1);
    }
}

TEST_CASE("log crash: a log goes on after each of many power losses", "[log][crash]") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        log_files files;
        progress done;
        for (std::uint8_t life = 0; life < 12; ++life) {
            files.crash_at(files.operation_count() + 5 + (seed * 31 + life * 17U) % 60);
            run_workload(files, done, life, workload_groups);
            files.power_loss({survival::kind::by_chance, seed * 100 + life});
            INFO("seed " << seed << " life " << static_cast<int>(life));
            const read_back back = recover_twice(files, done);
            // What was found has been found for good: the next life continues behind it.
            done.durable = back.report.last_zxid.value;
            done.attempted = done.durable;
            // A found batch is promised only once the log is open; make the promise before the next
            // crash.
            REQUIRE(open_log(files, small_log(static_cast<std::uint8_t>(0x80 + life))).has_value());
        }
    }
}

TEST_CASE(
    "log crash: a second crash anywhere in repair and reopening changes nothing", "[log][crash]"
) {
    std::size_t repaired = 0;
    for (std::uint64_t seed = 1; seed <= 400 && repaired < 25; ++seed) {
        // A life that ends with several unsynced batches of several sectors, so that the tail is
        // torn somehow.
        log_files torn;
        progress done;
        {
            log_writer log = std::move(*open_log(torn));
            done.attempted = 10;
            REQUIRE((appended(log, done) && synced(log, done)));
            REQUIRE((appended(log, done) && appended(log, done) && appended(log, done)));
        }
        torn.power_loss({survival::kind::by_chance, seed});
        const read_back first = read_log(torn);
        if (first.report.outcome != verdict::torn_tail) {
            continue;
        }
        ++repaired;
        for (std::size_t step = 0; step < 30; ++step) {
            for (const survival& pattern : patterns()) {
                log_files files;
                for (const auto& [path, content] : torn.image()) {
                    files.put(path, content);
                }
                files.crash_at(files.operation_count() + step);
                const bool survived = open_log(files).has_value();
                files.power_loss(pattern);
                const read_back again = read_log(files);
                INFO("seed " << seed << " step " << step << " pattern " << pattern.seed);
                INFO(again.report.explanation);
                REQUIRE((again.report.outcome == verdict::clean || !survived));
                REQUIRE(
                    (again.report.outcome == verdict::clean ||
                     again.report.outcome == verdict::torn_tail)
                );
                REQUIRE(again.records == first.records);
            }
        }
    }
    CHECK(repaired == 25);
}

TEST_CASE(
    "log crash: an error at any operation is reported and loses nothing durable", "[log][crash]"
) {
    const std::errc error = GENERATE(std::errc::io_error, std::errc::no_space_on_device);
    const std::size_t count = workload_operations();
    for (std::size_t step = 0; step < count; ++step) {
        log_files files;
        files.fail_once(files.operation_count() + step, error);
        progress done;
        run_workload(files, done, 1, workload_groups);
        files.clear_fault();
        INFO("step " << step);
        files.restart();
        recover_twice(files, done);
        // After the restart the log goes on, and what it had promised stays, power or not.
        progress next = done;
        next.durable = std::max(done.durable, read_log(files).report.last_zxid.value);
        next.attempted = next.durable;
        run_workload(files, next, 2, 6);
        REQUIRE(next.durable == next.attempted);
        files.power_loss({survival::kind::nothing, 0});
        recover_twice(files, next);
    }
}

TEST_CASE(
    "log crash: a segment whose directory entry is lost was never relied upon", "[log][crash]"
) {
    // F7 (B45): the file is synced but its directory is not. The rolling log must not report
    // anything durable in it.
    log_files files;
    log_writer log = std::move(*open_log(files));
    progress done;
    done.attempted = 0;
    for (int batch = 0; batch < 16; ++batch) {
        done.attempted += 1;
        REQUIRE_FALSE(append_synced(log, done.attempted, payload_of(0)));
        done.durable = done.attempted;
    }
    REQUIRE_FALSE(log.wants_segment());
    files.fail_every(file_operation::sync_directory, std::errc::io_error);
    CHECK(append_synced(log, 17) == std::errc::io_error);
    files.clear_fault();
    files.power_loss({survival::kind::nothing, 0});
    const read_back back = read_log(files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.report.last_zxid == zxid{16});
    CHECK(back.report.segments.size() == 1);
}

TEST_CASE("log crash: rot in any octet of a finished log is never silent", "[log][crash]") {
    log_files intact;
    {
        log_writer log = std::move(*open_log(intact));
        for (std::int64_t id = 1; id <= 20; ++id) {
            REQUIRE_FALSE(append_synced(log, id, "rot"));
        }
        REQUIRE_FALSE(log.write_floor());
        REQUIRE_FALSE(log.sync());
    }
    const read_back whole = read_log(intact);
    for (const std::string& path : {segment_path(1), segment_path(17)}) {
        for (std::uint64_t offset = 0; offset < small_segment_size; offset += 11) {
            const auto files = intact.clone();
            files->flip_bit(path, offset, offset % 8);
            const read_back back = read_log(*files);
            INFO(path << " offset " << offset);
            if (back.records != whole.records) {
                REQUIRE(back.report.outcome == verdict::corrupt);
                REQUIRE(back.report.damage->offset <= offset);
                REQUIRE(back.report.damage->above < zxid{20});
            }
        }
    }
}
