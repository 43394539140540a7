#include "server/log/segment_worker.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <mutex>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;
using namespace std::chrono_literals;

namespace {

/// Counts what happens on another thread, to be awaited.
class counter {
public:
    void add() {
        const std::lock_guard lock{mutex_};
        ++count_;
        changed_.notify_all();
    }

    void await(int count) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return count_ >= count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

} // namespace

TEST_CASE("segment worker: an order is filled once", "[log][thread]") {
    log_files files;
    counter news;
    segment_worker worker{files, log_directory, 1h, [&] {
                              news.add();
                          }};
    CHECK_FALSE(worker.take_segment());
    worker.order_segment(small_segment_size);
    news.await(2);                            // its room, and then the whole of it
    worker.order_segment(small_segment_size); // while the first waits to be taken: no second one
    CHECK(worker.take_segment());
    CHECK_FALSE(worker.take_segment());
    CHECK(files.content("/log/log.next") == bytes(small_segment_size, '\0'));
}

TEST_CASE("segment worker: the room is told while the zeros are still written", "[log][thread]") {
    log_files files;
    counter news;
    std::mutex gate;
    std::unique_lock closed{gate};
    files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::write) {
            const std::lock_guard wait{gate};
        }
        return std::error_code{};
    });
    segment_worker worker{files, log_directory, 1h, [&] {
                              news.add();
                          }};
    worker.order_segment(small_segment_size);
    news.await(1);
    CHECK(worker.has_reserved());
    CHECK_FALSE(worker.take_segment());
    closed.unlock();
    news.await(2);
    CHECK(worker.take_segment());
    CHECK_FALSE(worker.has_reserved());
}

TEST_CASE("segment worker: room that comes to nothing is not told any more", "[log][thread]") {
    log_files files;
    counter news;
    files.fail_every(file_operation::sync_data, std::errc::io_error);
    segment_worker worker{files, log_directory, 1h, [&] {
                              news.add();
                          }};
    worker.order_segment(small_segment_size);
    news.await(2);
    CHECK(worker.last_attempt_failed());
    CHECK_FALSE(worker.has_reserved());
}

TEST_CASE("segment worker: a failing order is tried again until it succeeds", "[log][thread]") {
    log_files files;
    counter news;
    files.set_capacity(100);
    segment_worker worker{files, log_directory, 1ms, [&] {
                              news.add();
                          }};
    worker.order_segment(small_segment_size);
    news.await(3);
    CHECK(worker.last_attempt_failed());
    CHECK_FALSE(worker.take_segment());
    files.set_capacity(small_segment_size);
    while (!worker.take_segment()) {
        std::this_thread::yield();
    }
    CHECK_FALSE(worker.last_attempt_failed());
}

TEST_CASE(
    "segment worker: what cannot be removed is tried again before anything later", "[log][thread]"
) {
    log_files files;
    for (const std::uint64_t first : {1U, 2U, 3U}) {
        files.put(segment_path(first), "");
    }
    counter attempts;
    counter directory_syncs;
    std::atomic<bool> refuses = true;
    files.set_fault([&](const operation_view& operation) {
        if (operation.kind == file_operation::remove) {
            const bool is_refused = refuses;
            attempts.add();
            return is_refused ? std::make_error_code(std::errc::permission_denied)
                              : std::error_code{};
        }
        if (operation.kind == file_operation::sync_directory) {
            directory_syncs.add();
        }
        return std::error_code{};
    });
    segment_worker worker{files, log_directory, 1h, [] {
                          }};
    worker.remove({segment_name(1), segment_name(2)});
    attempts.await(1);
    CHECK(files.exists(segment_path(1)));
    CHECK(files.exists(segment_path(2)));
    refuses = false;
    worker.remove({segment_name(3)});
    directory_syncs.await(3);
    worker.stop();
    CHECK(files.list(log_directory)->empty());
}

TEST_CASE("segment worker: it can be stopped while it waits to try again", "[log][thread]") {
    log_files files;
    counter news;
    files.set_capacity(0);
    segment_worker worker{files, log_directory, 1h, [&] {
                              news.add();
                          }};
    worker.order_segment(small_segment_size);
    news.await(1);
    worker.stop();
    CHECK_FALSE(worker.take_segment());
}
