#include "server/log/history_reader.hpp"
#include "server/log/log_thread.hpp"
#include "server/log/segment_files.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;
using namespace std::chrono_literals;

namespace conclave::txnlog {

static std::ostream& operator<<(std::ostream& out, history_error::kind of) {
    return out << static_cast<int>(of);
}

} // namespace conclave::txnlog

namespace {

using kind = history_error::kind;

constexpr std::size_t no_limit = std::size_t{1} << 30;

bytes payload_of(std::int64_t id, int version = 0) {
    return fmt::format("{} {} ", id, version) + bytes(static_cast<std::size_t>(id * 37 % 300), 'p');
}

/// A log in memory that is written by hand, and what of it is valid.
struct written_log {
    explicit written_log(log_writer_options options = small_log())
        : writer(std::move(*open_log(files, options))) {}

    void add_entry(std::int64_t id, int version = 0) {
        batch.add(record_type::entry, zxid{id}, payload_of(id, version));
        valid[id] = payload_of(id, version);
    }

    void add_entries(std::int64_t first, std::int64_t last, int version = 0) {
        for (std::int64_t id = first; id <= last; ++id) {
            add_entry(id, version);
            write();
        }
    }

    void add_truncation(std::int64_t keep) {
        batch.add(record_type::truncate, zxid{keep}, "opaque");
        valid.erase(valid.upper_bound(keep), valid.end());
    }

    void add_base(std::int64_t at) {
        batch.add(record_type::base, zxid{at}, "opaque");
        valid.clear();
    }

    void add_other(record_type type, std::int64_t id) { batch.add(type, zxid{id}, "other"); }

    /// Writes what was added as one batch, durably.
    void write() {
        if (writer.wants_segment()) {
            REQUIRE_FALSE(writer.prepare_next());
        }
        io_result<std::uint64_t> sequence = writer.append(batch);
        if (!sequence && sequence.error() == std::errc::no_space_on_device) {
            REQUIRE_FALSE(writer.prepare_next());
            sequence = writer.append(batch);
        }
        REQUIRE(sequence.has_value());
        REQUIRE_FALSE(writer.sync());
        batch.clear();
    }

    void purge(std::int64_t up_to) {
        std::error_code error;
        remove_segments(files, log_directory, writer.take_purgeable(zxid{up_to}, 0), error);
        REQUIRE_FALSE(error);
    }

    result<history_reader, history_error> open(std::int64_t after) {
        return history_reader::open(files, log_directory, zxid{after}, writer.durable_sequence());
    }

    history_reader must_open(std::int64_t after) {
        auto opened = open(after);
        if (!opened) {
            FAIL(opened.error().text);
        }
        return *std::move(opened);
    }

    [[nodiscard]] std::map<std::int64_t, bytes> valid_behind(std::int64_t after) const {
        return {valid.upper_bound(after), valid.end()};
    }

    log_files files;
    log_writer writer;
    record_batch batch;
    std::map<std::int64_t, bytes> valid;
};

/// Everything behind `after`, in pieces.
std::map<std::int64_t, bytes>
read_all(history_reader& reader, std::int64_t after, std::size_t size_max = no_limit) {
    std::map<std::int64_t, bytes> found;
    for (zxid last{after};;) {
        const std::size_t count = found.size();
        const auto next = reader.read(last, size_max, [&](const record& item) {
            REQUIRE((found.empty() || found.rbegin()->first < item.id.value));
            REQUIRE(item.id.value > after);
            found[item.id.value] = bytes{item.payload};
        });
        if (!next) {
            FAIL(next.error().text);
        }
        REQUIRE(next.value() == (found.empty() ? zxid{after} : zxid{found.rbegin()->first}));
        last = next.value();
        if (found.size() == count) {
            return found;
        }
    }
}

std::map<std::int64_t, bytes> read_behind(written_log& log, std::int64_t after) {
    history_reader reader = log.must_open(after);
    return read_all(reader, after);
}

template <class Value>
kind failed(const result<Value, history_error>& outcome) {
    REQUIRE_FALSE(outcome.has_value());
    CHECK_FALSE(outcome.error().text.empty());
    return outcome.error().of;
}

kind failed_read(history_reader& reader, std::int64_t after) {
    return failed(reader.read(zxid{after}, no_limit, [](const record&) {}));
}

} // namespace

TEST_CASE("history reader: it hands out what stands behind a zxid, in order", "[log][history]") {
    written_log log;
    log.add_entries(1, 100);
    REQUIRE(log.writer.segment_count() > 5);
    const std::int64_t after = GENERATE(0, 1, 16, 17, 50, 99);
    CHECK(read_behind(log, after) == log.valid_behind(after));
    CHECK(log.must_open(after).end() == zxid{100});
}

TEST_CASE("history reader: behind the last entry there is nothing", "[log][history]") {
    written_log log;
    CHECK(read_behind(log, 0).empty());
    log.add_entries(1, 40);
    CHECK(read_behind(log, 40).empty());
    CHECK(read_behind(log, 1000).empty());
}

TEST_CASE(
    "history reader: a piece has the size asked for, but one entry at least", "[log][history]"
) {
    written_log log;
    log.add_entries(1, 60);
    const std::size_t size_max = GENERATE(0U, 1U, 300U, 1000U, 10000U);
    history_reader reader = log.must_open(3);
    std::size_t size = 0;
    std::size_t count = 0;
    const auto last = reader.read(zxid{3}, size_max, [&](const record& item) {
        size += item.payload.size();
        ++count;
    });
    REQUIRE(last.has_value());
    CHECK((size <= size_max || count == 1));
    CHECK(last.value() == zxid{3 + static_cast<std::int64_t>(count)});
    // One more would have been too much.
    const std::int64_t next = last.value().value + 1;
    CHECK((next > 60 || size + payload_of(next).size() > size_max));
    CHECK(read_all(reader, 3, size_max) == log.valid_behind(3));
}

TEST_CASE("history reader: other records are passed over", "[log][history]") {
    written_log log;
    log.add_other(record_type::promise, 0x100000000);
    for (std::int64_t id = 0x100000000; id < 0x100000020; ++id) {
        log.add_entry(id);
        log.add_other(record_type::commit_hint, id - 1);
        log.write();
        REQUIRE_FALSE(log.writer.write_floor());
    }
    CHECK(read_behind(log, 0x100000004) == log.valid_behind(0x100000004));
}

TEST_CASE("history reader: nothing is handed out that is not durable", "[log][history]") {
    written_log log;
    log.add_entries(1, 20);
    record_batch unsynced = entry(21, "unsynced");
    REQUIRE(log.writer.append(unsynced).has_value());
    history_reader reader = log.must_open(0);
    CHECK(read_all(reader, 0) == log.valid);
    CHECK(reader.end() == zxid{20});
    REQUIRE_FALSE(log.writer.sync());
    CHECK(read_all(reader, 0) == log.valid); // it was not told
    REQUIRE(reader.advance(log.writer.durable_sequence()).has_value());
    CHECK(reader.end() == zxid{21});
    CHECK(read_all(reader, 20) == std::map<std::int64_t, bytes>{{21, "unsynced"}});
}

TEST_CASE("history reader: what becomes durable is learned, across segments", "[log][history]") {
    written_log log;
    log.add_entries(1, 5);
    history_reader reader = log.must_open(2);
    std::int64_t last = 5;
    while (log.writer.segment_count() < 4) {
        log.add_entries(last + 1, last + 3);
        last += 3;
        REQUIRE(reader.advance(log.writer.durable_sequence()).has_value());
        REQUIRE(read_all(reader, 2, 500) == log.valid_behind(2));
    }
}

TEST_CASE("history reader: it opens files for reading only and changes none", "[log][history]") {
    written_log log;
    log.add_entries(1, 50);
    const std::map<std::string, bytes> before = log.files.image();
    log.files.set_fault([](const operation_view& operation) {
        const bool is_harmless = operation.kind == file_operation::open ||
                                 operation.kind == file_operation::read ||
                                 operation.kind == file_operation::list;
        return is_harmless ? std::error_code{} : std::make_error_code(std::errc::io_error);
    });
    CHECK(read_behind(log, 7) == log.valid_behind(7));
    CHECK(log.files.image() == before);
}

TEST_CASE(
    "history reader: a place in the middle is found without reading all before", "[log][history]"
) {
    log_writer_options options = small_log();
    options.segment_size = options.first_segment_size = 8U << 20;
    written_log log{options};
    for (std::int64_t id = 1; id <= 3500; ++id) {
        log.batch.add(record_type::entry, zxid{id}, bytes(1000, 'x'));
        log.write();
    }
    REQUIRE(log.writer.segment_count() == 1);
    history_reader reader = log.must_open(0);
    std::atomic<std::size_t> reads = 0;
    log.files.set_fault([&](const operation_view& operation) {
        reads += operation.kind == file_operation::read ? 1 : 0;
        return std::error_code{};
    });
    std::vector<std::int64_t> ids;
    const auto last =
        reader.read(zxid{3000}, 2500, [&](const record& item) { ids.push_back(item.id.value); });
    REQUIRE(last.has_value());
    CHECK(ids == std::vector<std::int64_t>{3001, 3002});
    CHECK(reads <= 2); // of 256 KiB each, not of 3 MiB
}

// Truncations

TEST_CASE("history reader: what was truncated is not handed out", "[log][history]") {
    written_log log;
    log.add_entries(1, 30);
    log.add_truncation(10);
    log.write();
    CHECK(read_behind(log, 5) == log.valid_behind(5));
    CHECK(log.must_open(5).end() == zxid{10});
    log.add_entries(11, 20, 1);
    const std::int64_t after = GENERATE(0, 5, 9, 10, 11, 15, 20, 25);
    CHECK(read_behind(log, after) == log.valid_behind(after));
}

TEST_CASE("history reader: the last of several entries with one zxid counts", "[log][history]") {
    written_log log;
    log.add_entries(1, 20);
    for (int version = 1; version <= 4; ++version) {
        log.add_truncation(20 - version * 3);
        log.write();
        log.add_entries(21 - version * 3, 22, version);
    }
    for (std::int64_t after = 0; after <= 22; ++after) {
        REQUIRE(read_behind(log, after) == log.valid_behind(after));
    }
}

TEST_CASE("history reader: a truncation may reach back over earlier ones", "[log][history]") {
    written_log log;
    log.add_entries(1, 20);
    log.add_truncation(15);
    log.write();
    log.add_entries(16, 25, 1);
    log.add_truncation(20);
    log.write();
    log.add_entries(21, 30, 2);
    log.add_truncation(8);
    log.write();
    log.add_truncation(6);
    log.write();
    log.add_entries(7, 9, 3);
    for (std::int64_t after = 0; after <= 30; ++after) {
        REQUIRE(read_behind(log, after) == log.valid_behind(after));
    }
}

TEST_CASE("history reader: a truncation counts within its own batch", "[log][history]") {
    written_log log;
    log.add_entries(1, 5);
    log.add_entry(6);
    log.add_entry(7);
    log.add_truncation(5);
    log.add_entry(6, 1);
    log.add_entry(7, 1);
    log.add_truncation(6);
    log.add_entry(7, 2);
    log.add_entry(8, 2);
    log.write();
    log.add_entries(9, 10);
    for (std::int64_t after = 0; after <= 10; ++after) {
        REQUIRE(read_behind(log, after) == log.valid_behind(after));
    }
}

TEST_CASE("history reader: a truncation that withdraws nothing changes nothing", "[log][history]") {
    written_log log;
    log.add_entries(1, 10);
    log.add_truncation(10);
    log.add_truncation(500);
    log.write();
    log.add_entries(11, 20);
    CHECK(read_behind(log, 3) == log.valid_behind(3));
}

TEST_CASE("history reader: what is kept need not end with an entry", "[log][history]") {
    written_log log;
    log.add_entries(1, 10);
    log.add_entries(20, 30);
    log.add_truncation(15);
    log.write();
    log.add_entries(16, 22, 1);
    const std::int64_t after = GENERATE(0, 9, 10, 12, 15, 16);
    CHECK(read_behind(log, after) == log.valid_behind(after));
    history_reader reader = log.must_open(0);
    CHECK(read_all(reader, 0, 1) == log.valid);
}

TEST_CASE("history reader: a truncation is learned while reading goes on", "[log][history]") {
    written_log log;
    log.add_entries(1, 40);
    history_reader reader = log.must_open(0);
    REQUIRE(read_all(reader, 30) == log.valid_behind(30));
    log.add_truncation(20);
    log.write();
    log.add_entries(21, 60, 1);
    REQUIRE(reader.advance(log.writer.durable_sequence()).has_value());
    CHECK(read_all(reader, 10) == log.valid_behind(10));
}

TEST_CASE(
    "history reader: the begin of a purged log may be below its base after a truncation",
    "[log][history]"
) {
    written_log log;
    log.add_entries(1, 20);
    log.add_truncation(5);
    log.write();
    log.add_entries(6, 40, 1);
    const read_back back = read_log(log.files);
    for (const segment_info& segment : back.report.segments) {
        if (segment.first_sequence < back.records[20].position.segment) {
            log.files.erase(segment_path(segment.first_sequence));
        }
    }
    REQUIRE(back.records[20].type == static_cast<std::uint8_t>(record_type::truncate));
    REQUIRE(read_log(log.files).report.segments[0].base >= zxid{15});
    CHECK(failed(log.open(4)) == kind::gone);
    history_reader reader = log.must_open(5);
    CHECK(reader.begin() == zxid{5});
    CHECK(read_all(reader, 5) == log.valid_behind(5));
}

TEST_CASE("history reader: a promise does not hide entries of an older epoch", "[log][history]") {
    written_log log;
    log.add_entries(1, 10);
    log.add_other(record_type::promise, 0x200000000);
    log.write();
    log.add_entries(11, 60);
    log.add_entry(0x200000000);
    log.write();
    REQUIRE(read_log(log.files).report.segments[2].base == zxid{0x200000000});
    const std::int64_t after = GENERATE(3, 10, 30, 55, 60, 0x1fffffff);
    CHECK(read_behind(log, after) == log.valid_behind(after));
}

// Snapshots

TEST_CASE("history reader: what stands before a base is void", "[log][history]") {
    written_log log;
    log.add_entries(1, 30);
    log.add_base(50);
    log.write();
    CHECK(read_behind(log, 50).empty());
    log.add_entries(51, 70);
    CHECK(read_behind(log, 50) == log.valid);
    CHECK(read_behind(log, 60) == log.valid_behind(60));
    CHECK(failed(log.open(49)) == kind::gone);
    CHECK(failed(log.open(10)) == kind::gone);
    history_reader reader = log.must_open(50);
    CHECK(reader.begin() == zxid{50});
    CHECK(failed_read(reader, 49) == kind::gone);
}

TEST_CASE("history reader: a base may be below what stands before it", "[log][history]") {
    written_log log;
    log.add_entries(1, 30);
    log.add_base(20);
    log.add_entry(21, 1);
    log.write();
    log.add_entries(22, 25, 1);
    CHECK(read_behind(log, 20) == log.valid);
    CHECK(failed(log.open(19)) == kind::gone);
}

TEST_CASE("history reader: a base that comes while reading goes on is learned", "[log][history]") {
    written_log log;
    log.add_entries(1, 30);
    history_reader reader = log.must_open(10);
    log.add_base(100);
    log.add_entry(101);
    log.write();
    REQUIRE(reader.advance(log.writer.durable_sequence()).has_value());
    CHECK(failed_read(reader, 10) == kind::gone);
    CHECK(read_all(reader, 100) == log.valid);
}

// Purging

TEST_CASE("history reader: purged entries are told as gone", "[log][history]") {
    written_log log;
    log.add_entries(1, 100);
    log.purge(50);
    const std::int64_t begin = read_log(log.files).report.segments[0].base.value;
    REQUIRE(begin > 10);
    CHECK(failed(log.open(begin - 1)) == kind::gone);
    CHECK(read_behind(log, begin) == log.valid_behind(begin));
}

TEST_CASE("history reader: a directory without a log has nothing", "[log][history]") {
    log_files files;
    CHECK(failed(history_reader::open(files, log_directory, zxid{}, 0)) == kind::gone);
    CHECK(failed(history_reader::open(files, "/nowhere", zxid{}, 0)) == kind::gone);
}

TEST_CASE(
    "history reader: a segment that is purged while it is read can be read on", "[log][history]"
) {
    written_log log;
    log.add_entries(1, 100);
    history_reader reader = log.must_open(0);
    std::vector<std::int64_t> ids;
    const auto keep = [&](const record& item) {
        ids.push_back(item.id.value);
    };
    zxid last = *reader.read(zxid{}, 1, keep);
    REQUIRE(ids.size() == 1);
    log.purge(100);
    REQUIRE(log.writer.segment_count() == 1);
    const std::uint64_t first_kept = read_log(log.files).report.segments[0].first_sequence;
    while (true) {
        const auto next = reader.read(last, 200, keep);
        if (!next) {
            CHECK(next.error().of == kind::gone);
            break;
        }
        REQUIRE(next.value() > last);
        last = next.value();
    }
    // The rest of the first segment came, the second one was gone.
    CHECK(ids.size() > 10);
    CHECK(ids.size() < first_kept);
    CHECK(ids.back() == static_cast<std::int64_t>(ids.size()));
    CHECK(failed_read(reader, last.value) == kind::gone);
    CHECK(
        read_all(reader, static_cast<std::int64_t>(first_kept) - 1) ==
        log.valid_behind(static_cast<std::int64_t>(first_kept) - 1)
    );
}

TEST_CASE("history reader: a log that is purged away behind a reader is gone", "[log][history]") {
    written_log log;
    log.add_entries(1, 20);
    history_reader reader = log.must_open(0);
    log.add_entries(21, 100);
    log.purge(100);
    CHECK(failed(reader.advance(log.writer.durable_sequence())) == kind::gone);
}

TEST_CASE("history reader: a purge while the log is opened does not disturb", "[log][history]") {
    written_log log;
    log.add_entries(1, 100);
    bool is_purged = false;
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::open && !is_purged) {
            is_purged = true; // the names were listed
            log.purge(40);
        }
        return std::error_code{};
    });
    CHECK(failed(log.open(0)) == kind::gone);
    CHECK(is_purged);
    CHECK(read_behind(log, 40) == log.valid_behind(40));
}

// Damage

TEST_CASE("history reader: a durable batch that cannot be read is damage", "[log][history]") {
    written_log log;
    log.add_entries(1, 60);
    history_reader reader = log.must_open(0);
    const read_back back = read_log(log.files);
    const record_position at = back.records[20].position;
    log.files.flip_bit(segment_path(at.segment), at.offset + batch_header_size + 20);
    CHECK(failed(log.open(0)) == kind::damaged);
    std::int64_t last = 0;
    const auto read =
        reader.read(zxid{}, no_limit, [&](const record& item) { last = item.id.value; });
    CHECK(failed(read) == kind::damaged);
    CHECK(read.error().text.find(segment_path(at.segment)) == 0);
    CHECK(last == 20);
    CHECK(read_behind(log, 50) == log.valid_behind(50)); // it is not needed for that
}

TEST_CASE("history reader: a missing file in the middle is damage", "[log][history]") {
    written_log log;
    log.add_entries(1, 100);
    history_reader reader = log.must_open(0);
    log.files.erase(segment_path(read_log(log.files).report.segments[1].first_sequence));
    CHECK(failed_read(reader, 0) == kind::damaged);
    CHECK(failed(log.open(0)) == kind::damaged);
}

TEST_CASE("history reader: one damaged copy of a head is no damage, both are", "[log][history]") {
    written_log log;
    log.add_entries(1, 60);
    const std::string path = segment_path(read_log(log.files).report.segments[1].first_sequence);
    log.files.flip_bit(path, 70);
    CHECK(read_behind(log, 0) == log.valid);
    log.files.flip_bit(path, segment_head_size + 70);
    CHECK(failed(log.open(0)) == kind::damaged);
}

TEST_CASE("history reader: an error of the file system is told as such", "[log][history]") {
    written_log log;
    log.add_entries(1, 60);
    history_reader reader = log.must_open(0);
    REQUIRE(reader.read(zxid{}, 1, [](const record&) {}).has_value());
    log.files.fail_every(file_operation::read, std::errc::io_error);
    CHECK(failed_read(reader, 0) == kind::unreadable);
    log.files.fail_every(file_operation::list, std::errc::io_error);
    CHECK(failed(log.open(0)) == kind::unreadable);
    log.files.fail_every(file_operation::open, std::errc::io_error);
    CHECK(failed(log.open(0)) == kind::unreadable);
    log.files.clear_fault();
    CHECK(read_all(reader, 0) == log.valid); // it may be tried again
}

TEST_CASE("history reader: entries out of order contradict the log", "[log][history]") {
    written_log log;
    log.add_entries(1, 10);
    log.add_entry(10);
    log.write();
    CHECK(failed(log.open(0)) == kind::damaged);
}

// All together

TEST_CASE("history reader: it agrees with a model of random histories", "[log][history]") {
    const unsigned seed = GENERATE(range(1U, 41U));
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](std::int64_t limit) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
    };
    written_log log;
    std::int64_t last = 0;
    std::int64_t begin = 0; ///< of the history, by bases
    std::optional<history_reader> kept;
    for (int step = 1; step <= 400; ++step) {
        const std::int64_t what = below(40);
        if (what < 30) {
            log.add_entry(++last, step);
        } else if (what < 32 && last > begin) {
            last = begin + below(last - begin);
            log.add_truncation(last);
        } else if (what == 32 && below(4) == 0) {
            begin = last = begin + below(last - begin + 20);
            log.add_base(last);
        } else {
            log.add_other(record_type::commit_hint, last);
        }
        if (below(3) != 0) {
            log.write();
        }
        if (step % 40 == 0) {
            if (!log.batch.empty()) {
                log.write();
            }
            const std::int64_t after = begin + below(last - begin + 1);
            const auto size_max = static_cast<std::size_t>(below(3000));
            INFO("step " << step << " after " << after);
            history_reader fresh = log.must_open(after);
            REQUIRE(read_all(fresh, after, size_max) == log.valid_behind(after));
            if (kept && kept->begin() <= zxid{begin}) {
                REQUIRE(kept->advance(log.writer.durable_sequence()).has_value());
                REQUIRE(read_all(*kept, after, size_max) == log.valid_behind(after));
            } else {
                kept = log.must_open(begin);
            }
        }
    }
}

TEST_CASE(
    "history reader: it follows a log that other threads write and purge", "[log][history][thread]"
) {
    constexpr std::int64_t count = 3000;
    log_files files;
    log_thread_options options;
    options.idle_floor_delay = 1ms;
    options.prepare_retry_interval = 1ms;
    log_thread log{files, log_directory, std::move(*open_log(files)), std::move(options)};
    std::mutex mutex;
    std::condition_variable changed;
    std::int64_t sent = 0;
    const auto wait_until_sent = [&](std::int64_t id) {
        std::unique_lock lock{mutex};
        changed.wait(lock, [&] { return sent >= id; });
    };
    std::thread writer{[&] {
        for (std::int64_t id = 1; id <= count; ++id) {
            wait_until_sent(id - 200); // or the purge would overtake the reader
            while (log.submit(entry(id, payload_of(id)), [](std::error_code, std::uint64_t) {})) {
                std::this_thread::yield();
            }
            if (id % 50 == 0) {
                log.purge(zxid{id - 300}, 0);
            }
        }
    }};
    auto opened = history_reader::open(files, log_directory, zxid{}, log.durable_sequence());
    REQUIRE(opened.has_value());
    history_reader reader = *std::move(opened);
    zxid last;
    while (last.value < count) {
        REQUIRE(reader.advance(log.durable_sequence()).has_value());
        const auto next = reader.read(last, 4000, [&](const record& item) {
            REQUIRE(item.id == zxid{last.value + 1});
            REQUIRE(item.payload == payload_of(item.id.value));
            last = item.id;
        });
        if (!next) {
            FAIL(next.error().text);
        }
        const std::lock_guard lock{mutex};
        sent = last.value;
        changed.notify_all();
    }
    writer.join();
    log.stop();
    CHECK_FALSE(files.exists(segment_path(1)));
}
