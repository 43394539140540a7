#include "server/log/log_thread.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;
using namespace std::chrono_literals;

namespace {

/// The name under which the first segment was opened, and which the faults therefore see.
const std::string first_segment = "/log/log.next";

/// What the completions have told, to be awaited by the test's own thread.
class answers {
public:
    struct answer {
        std::int64_t id;
        std::error_code error;
        std::uint64_t sequence;
    };

    log_thread::completion expect(std::int64_t id) {
        return [this, id](std::error_code error, std::uint64_t sequence) {
            const std::lock_guard lock{mutex_};
            all_.push_back({id, error, sequence});
            changed_.notify_all();
        };
    }

    std::vector<answer> await(std::size_t count) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return all_.size() >= count; });
        return all_;
    }

    std::vector<answer> now() {
        const std::lock_guard lock{mutex_};
        return all_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<answer> all_;
};

/// Something that happens once and can be waited for; also a gate that holds a thread until it is
/// opened.
class event {
public:
    void set() {
        const std::lock_guard lock{mutex_};
        is_set_ = true;
        changed_.notify_all();
    }

    void wait() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return is_set_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_set_ = false;
};

log_thread_options quick() {
    log_thread_options options;
    options.idle_floor_delay = 1ms;
    options.prepare_retry_interval = 1ms;
    return options;
}

/// A log thread over small segments in memory.
struct running_log {
    explicit running_log(log_thread_options options = quick())
        : thread(files, log_directory, std::move(*open_log(files)), std::move(options)) {}

    /// On a disk that holds so much from the beginning: later a next segment may be there already.
    running_log(log_thread_options options, std::uint64_t capacity)
        : thread(files, log_directory, open_within(capacity), std::move(options)) {}

    std::error_code submit(std::int64_t id, std::size_t size = 10) {
        return thread.submit(entry(id, bytes(size, 'x')), heard.expect(id));
    }

    /// Fills the first segment, so that the next batch needs another one.
    void fill_segment() {
        for (std::int64_t id = 1; id <= 16; ++id) {
            REQUIRE_FALSE(submit(id));
            heard.await(static_cast<std::size_t>(id));
        }
    }

    log_files files;
    answers heard;
    log_thread thread;

private:
    log_writer open_within(std::uint64_t capacity) {
        files.set_capacity(capacity);
        return std::move(*open_log(files));
    }
};

std::vector<std::int64_t> ids(const std::vector<answers::answer>& all) {
    std::vector<std::int64_t> list;
    for (const answers::answer& one : all) {
        list.push_back(one.id);
    }
    return list;
}

} // namespace

TEST_CASE("log thread: a submission is durable when its completion runs", "[log][thread]") {
    running_log log;
    REQUIRE_FALSE(log.submit(1));
    const auto heard = log.heard.await(1);
    CHECK_FALSE(heard[0].error);
    CHECK(heard[0].sequence == 1);
    CHECK(log.thread.durable_sequence() >= 1);
    log.files.power_loss({survival::kind::nothing, 0});
    CHECK(read_log(log.files).zxids() == std::vector<std::int64_t>{1});
}

TEST_CASE("log thread: everything that waits becomes durable with one sync", "[log][thread]") {
    event first_sync_began;
    event go_on;
    std::atomic<int> syncs = 0;
    std::mutex mutex;
    std::vector<commit_sample> samples;
    log_thread_options options = quick();
    options.idle_floor_delay = 1h;
    std::atomic<std::thread::id> writer; // another thread prepares the next segment meanwhile
    options.on_commit = [&](const commit_sample& sample) {
        writer = std::this_thread::get_id();
        const std::lock_guard lock{mutex};
        samples.push_back(sample);
    };
    running_log log{options};
    REQUIRE_FALSE(log.submit(1));
    log.heard.await(1);
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::sync_data && std::this_thread::get_id() == writer &&
            syncs++ == 0) {
            first_sync_began.set();
            go_on.wait();
        }
        return std::error_code{};
    });
    REQUIRE_FALSE(log.submit(2));
    first_sync_began.wait();
    for (std::int64_t id = 3; id <= 51; ++id) {
        REQUIRE_FALSE(log.submit(id));
    }
    CHECK(log.thread.queue_size() == 49 * (10 + record_header_size));
    go_on.set();
    const auto heard = log.heard.await(51);
    CHECK(syncs == 2);
    CHECK(heard[1].sequence == 2);
    CHECK(heard[2].sequence == 3); // 49 submissions in one batch
    CHECK(heard[50].sequence == 3);
    const std::lock_guard lock{mutex};
    REQUIRE(samples.size() == 3);
    CHECK(samples[2].submission_count == 49);
    CHECK(samples[2].record_count == 49);
    CHECK(samples[2].size == 49 * (10 + record_header_size));
}

TEST_CASE(
    "log thread: a group too large for one batch is written as several in order", "[log][thread]"
) {
    event began;
    event go_on;
    std::atomic<bool> first = true;
    running_log log;
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::sync_data && first.exchange(false)) {
            began.set();
            go_on.wait();
        }
        return std::error_code{};
    });
    REQUIRE_FALSE(log.submit(1));
    began.wait();
    for (std::int64_t id = 2; id <= 30; ++id) {
        REQUIRE_FALSE(log.submit(id, 2000));
    }
    go_on.set();
    log.heard.await(30);
    log.thread.stop();
    const read_back back = read_log(log.files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.records.size() == 30);
    CHECK(back.records.back().id == zxid{30});
    CHECK(back.report.segments.size() > 4);
}

TEST_CASE("log thread: many submitters each see their order and nothing is lost", "[log][thread]") {
    constexpr std::int64_t submitters = 4;
    constexpr std::int64_t each = 300;
    running_log log;
    std::vector<std::thread> threads;
    for (std::int64_t submitter = 0; submitter < submitters; ++submitter) {
        threads.emplace_back([&log, submitter] {
            for (std::int64_t number = 0; number < each; ++number) {
                const std::int64_t id = submitter * each + number;
                while (log.submit(id, static_cast<std::size_t>(id % 700))) {
                    std::this_thread::yield(); // the queue is full
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    log.thread.stop();
    const auto heard = log.heard.now();
    REQUIRE(heard.size() == submitters * each);
    std::vector<std::int64_t> next(submitters);
    for (const answers::answer& one : heard) {
        REQUIRE_FALSE(one.error);
        REQUIRE(one.id % each == next[static_cast<std::size_t>(one.id / each)]++);
    }
    log.files.power_loss({survival::kind::nothing, 0});
    const read_back back = read_log(log.files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.zxids() == ids(heard)); // the completions run in the order of the log
}

TEST_CASE(
    "log thread: stopping makes durable what was submitted and accepts nothing more",
    "[log][thread]"
) {
    running_log log;
    for (std::int64_t id = 1; id <= 100; ++id) {
        REQUIRE_FALSE(log.submit(id));
    }
    log.thread.stop();
    CHECK(log.heard.now().size() == 100);
    CHECK(log.submit(101) == std::errc::operation_canceled);
    log.thread.stop();
    log.files.power_loss({survival::kind::nothing, 0});
    const read_back back = read_log(log.files);
    CHECK(back.records.size() == 100);
    // The last words are a durable floor: damage to the last records could not be taken for a torn
    // write.
    CHECK(back.report.last_sequence == back.report.floor_sequence + 1);
}

TEST_CASE("log thread: a floor is written after a quiet moment", "[log][thread]") {
    event floor_written;
    std::atomic<int> writes = 0;
    running_log log;
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::write && operation.path == first_segment &&
            ++writes == 2) {
            floor_written.set();
        }
        return std::error_code{};
    });
    REQUIRE_FALSE(log.submit(1));
    log.heard.await(1);
    floor_written.wait();
    log.thread.stop();
    CHECK(writes == 2);
    CHECK(read_log(log.files).report.floor_sequence == 1);
}

TEST_CASE("log thread: the queue is bounded by count", "[log][thread]") {
    event began;
    event go_on;
    std::atomic<bool> first = true;
    log_thread_options options = quick();
    options.queue_count_max = 3;
    running_log log{options};
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::sync_data && first.exchange(false)) {
            began.set();
            go_on.wait();
        }
        return std::error_code{};
    });
    REQUIRE_FALSE(log.submit(1));
    began.wait();
    CHECK_FALSE(log.submit(2));
    CHECK_FALSE(log.submit(3));
    CHECK_FALSE(log.submit(4));
    record_batch refused = entry(5, "kept");
    log_thread::completion done = log.heard.expect(5);
    CHECK(
        log.thread.submit(std::move(refused), std::move(done)) ==
        std::errc::resource_unavailable_try_again
    );
    go_on.set();
    log.heard.await(4);
    CHECK_FALSE(log.thread.submit(std::move(refused), std::move(done))); // it was left as it was
    CHECK(log.heard.await(5).back().id == 5);
}

TEST_CASE(
    "log thread: the queue is bounded by size but takes any one submission", "[log][thread]"
) {
    event began;
    event go_on;
    std::atomic<bool> first = true;
    log_thread_options options = quick();
    options.queue_size_max = 100;
    running_log log{options};
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::sync_data && first.exchange(false)) {
            began.set();
            go_on.wait();
        }
        return std::error_code{};
    });
    REQUIRE_FALSE(log.submit(1));
    began.wait();
    CHECK_FALSE(log.submit(2, 5000));
    CHECK(log.submit(3, 1) == std::errc::resource_unavailable_try_again);
    CHECK(log.submit(4, log.thread.body_size_max()) == std::errc::message_size);
    go_on.set();
    log.heard.await(2);
    CHECK_FALSE(log.submit(3, 1));
    log.heard.await(3);
}

TEST_CASE(
    "log thread: a failing sync is told once to each that waits and nothing is accepted after it",
    "[log][thread]"
) {
    event began;
    event go_on;
    std::atomic<int> failures = 0;
    std::atomic<bool> first = true;
    log_thread_options options = quick();
    options.on_failed = [&](std::error_code error) {
        failures += error == std::errc::io_error ? 1 : 100;
    };
    running_log log{options};
    REQUIRE_FALSE(log.submit(1));
    log.heard.await(1);
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind != file_operation::sync_data) {
            return std::error_code{};
        }
        if (first.exchange(false)) {
            began.set();
            go_on.wait();
            return std::make_error_code(std::errc::io_error);
        }
        return std::error_code{}; // a second try would succeed: it must not be made
    });
    REQUIRE_FALSE(log.submit(2));
    began.wait();
    REQUIRE_FALSE(log.submit(3));
    REQUIRE_FALSE(log.submit(4));
    go_on.set();
    const auto heard = log.heard.await(4);
    CHECK(failures == 1);
    CHECK(ids(heard) == std::vector<std::int64_t>{1, 2, 3, 4});
    for (std::size_t index = 1; index < heard.size(); ++index) {
        CHECK(heard[index].error == std::errc::io_error);
        CHECK(heard[index].sequence == log.thread.durable_sequence());
    }
    CHECK(log.submit(5) == std::errc::io_error);
    const std::size_t operations = log.files.operation_count();
    log.thread.stop();
    CHECK(log.files.operation_count() == operations);
    CHECK(log.heard.now().size() == 4);
    CHECK(failures == 1);
    log.files.clear_fault();
    log.files.power_loss({survival::kind::nothing, 0});
    CHECK(read_log(log.files).zxids() == std::vector<std::int64_t>{1});
}

TEST_CASE("log thread: a failing floor is told although nobody waits", "[log][thread]") {
    event failed;
    log_thread_options options = quick();
    options.on_failed = [&](std::error_code) {
        failed.set();
    };
    running_log log{options};
    std::atomic<int> writes = 0;
    log.files.set_fault([&](const operation_view& operation) {
        return operation.kind == file_operation::write && operation.path == first_segment &&
                       ++writes == 2
                   ? std::make_error_code(std::errc::io_error)
                   : std::error_code{};
    });
    REQUIRE_FALSE(log.submit(1));
    CHECK_FALSE(log.heard.await(1)[0].error);
    failed.wait();
    CHECK(log.submit(2) == std::errc::io_error);
}

TEST_CASE("log thread: a full disk is told and passes when there is room again", "[log][thread]") {
    event full;
    event passed;
    log_thread_options options = quick();
    options.on_nearly_full = [&](bool is_full) {
        (is_full ? full : passed).set();
    };
    running_log log{options, small_segment_size};
    log.fill_segment();
    full.wait();
    CHECK(log.thread.nearly_full());
    REQUIRE_FALSE(log.submit(17));
    REQUIRE_FALSE(log.submit(18));
    log.files.set_capacity(small_segment_size * 10);
    passed.wait();
    const auto heard = log.heard.await(18);
    CHECK_FALSE(heard.back().error);
    CHECK_FALSE(log.thread.nearly_full());
    CHECK(heard.back().id == 18);
    log.thread.stop();
    CHECK(read_log(log.files).records.size() == 18);
}

TEST_CASE(
    "log thread: whoever heeds the room that is told is never left waiting on a full disk",
    "[log][thread]"
) {
    // The owner keeps as much in flight as the room that it was told last, and stops at the word of
    // a full disk; the disk becomes full in the middle, and the worker is slow to find out.
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t room = small_segment_size - batches_offset;
    std::uint64_t in_flight = 0;
    bool is_full = false;
    log_thread_options options = quick();
    options.prepare_retry_interval = 1h;
    options.on_room = [&](std::uint64_t told) {
        const std::lock_guard lock{mutex};
        room = told;
        changed.notify_all();
    };
    options.on_nearly_full = [&](bool full) {
        const std::lock_guard lock{mutex};
        is_full = full;
        changed.notify_all();
    };
    running_log log{options};
    const std::int64_t full_after = GENERATE(1, 5, 30, 60);
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::reserve) {
            // Until everything that may be in flight is in flight.
            std::unique_lock lock{mutex};
            changed.wait(lock, [&] { return in_flight + 1536 > room; });
        }
        return std::error_code{};
    });
    std::int64_t id = 0;
    for (;; ++id) {
        if (id == full_after) {
            log.files.set_capacity(0);
        }
        const std::size_t size = static_cast<std::size_t>(id * 37 % 900);
        // Each in a batch of its own, with a floor behind it.
        const std::uint64_t cost = padded_batch_size(size + record_header_size, 512) + 512;
        {
            std::unique_lock lock{mutex};
            changed.wait(lock, [&] { return is_full || in_flight + cost <= room; });
            if (is_full) {
                break;
            }
            in_flight += cost;
            changed.notify_all();
        }
        REQUIRE_FALSE(log.thread.submit(
            entry(id, bytes(size, 'x')),
            [&, id, cost, told = log.heard.expect(id)](std::error_code error, std::uint64_t at) {
                {
                    const std::lock_guard lock{mutex};
                    in_flight -= cost;
                    changed.notify_all();
                }
                told(error, at);
            }
        ));
    }
    REQUIRE(id >= full_after);
    for (const answers::answer& one : log.heard.await(static_cast<std::size_t>(id))) {
        REQUIRE_FALSE(one.error);
    }
}

TEST_CASE("log thread: the room is told before the completions that change it", "[log][thread]") {
    std::uint64_t told = 0; // the log thread's own, as are the completions
    log_thread_options options = quick();
    options.idle_floor_delay = 1h;
    options.on_room = [&](std::uint64_t room) {
        told = room;
    };
    running_log log{options};
    for (std::int64_t id = 1; id <= 3; ++id) {
        const std::uint64_t left =
            small_segment_size - batches_offset - static_cast<std::uint64_t>(id) * 512;
        REQUIRE_FALSE(log.thread.submit(
            entry(id, "x"),
            [&told, left, done = log.heard.expect(id)](std::error_code error, std::uint64_t at) {
                done(told == left ? error : std::make_error_code(std::errc::invalid_argument), at);
            }
        ));
        CHECK_FALSE(log.heard.await(static_cast<std::size_t>(id)).back().error);
    }
    log.thread.stop();
}

TEST_CASE("log thread: a server that hardly writes needs one segment alone", "[log][thread]") {
    running_log log;
    REQUIRE_FALSE(log.submit(1)); // with its floor, less than a quarter
    log.heard.await(1);
    log.thread.stop();
    CHECK(*log.files.list(log_directory) == std::vector<std::string>{segment_name(1)});
}

TEST_CASE("log thread: purging makes the room that a waiting group needs", "[log][thread]") {
    event full;
    log_thread_options options = quick();
    options.prepare_retry_interval = 1h; // only the purge can end the wait
    options.on_nearly_full = [&](bool is_full) {
        if (is_full) {
            full.set();
        }
    };
    running_log log{options};
    log.fill_segment();
    REQUIRE_FALSE(log.submit(17));
    log.heard.await(17);
    log.files.set_capacity(small_segment_size * 2);
    REQUIRE_FALSE(log.submit(18, 7000)); // the rest of the second segment but one block
    REQUIRE_FALSE(log.submit(19, 5000));
    full.wait();
    log.thread.purge(zxid{16}, 0);
    const auto heard = log.heard.await(19);
    CHECK_FALSE(heard.back().error);
    log.thread.stop();
    CHECK_FALSE(log.files.exists(segment_path(1)));
    CHECK(log.thread.size() == small_segment_size * 2);
    CHECK(read_log(log.files).report.outcome == verdict::clean);
}

TEST_CASE(
    "log thread: stopping on a full disk cancels what does not fit and all behind it",
    "[log][thread]"
) {
    event full;
    log_thread_options options = quick();
    options.idle_floor_delay = 1h;
    options.on_nearly_full = [&](bool) {
        full.set();
    };
    running_log log{options};
    log.files.set_capacity(small_segment_size);
    for (std::int64_t id = 1; id <= 15; ++id) {
        REQUIRE_FALSE(log.submit(id));
        log.heard.await(static_cast<std::size_t>(id));
    }
    full.wait();
    REQUIRE_FALSE(log.submit(16, 1000));
    while (log.thread.queue_size() != 0) {
        std::this_thread::yield(); // until the thread has it, and waits for room
    }
    REQUIRE_FALSE(log.submit(17)); // would fit
    log.thread.stop();
    const auto heard = log.heard.now();
    REQUIRE(heard.size() == 17);
    CHECK(heard[15].error == std::errc::operation_canceled);
    CHECK(heard[16].error == std::errc::operation_canceled);
    CHECK(read_log(log.files).records.size() == 15);
}

TEST_CASE("log thread: segments that may go are removed in the background", "[log][thread]") {
    running_log log;
    for (std::int64_t id = 1; id <= 60; ++id) {
        REQUIRE_FALSE(log.submit(id, 400));
        log.heard.await(static_cast<std::size_t>(id));
    }
    event removed;
    std::atomic<int> removals = 0;
    log.files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::remove && operation.path.starts_with("/log/log.0") &&
            ++removals == 3) {
            removed.set();
        }
        return std::error_code{};
    });
    log.thread.purge(zxid{48}, 0);
    removed.wait();
    log.thread.stop();
    const read_back back = read_log(log.files);
    CHECK(back.report.outcome == verdict::clean);
    CHECK(back.records.front().id.value <= 49);
    CHECK(back.records.back().id == zxid{60});
}
