/// The log of a running server: a thread that gathers what many have submitted and makes it durable
/// at once.
#pragma once

#include "server/log/log_writer.hpp"
#include "server/log/segment_worker.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace conclave::txnlog {

/// One group commit, for statistics.
struct commit_sample {
    std::chrono::nanoseconds write_time{}; ///< of all writes of the group
    std::chrono::nanoseconds sync_time{};  ///< of its one sync
    std::size_t submission_count = 0;
    std::size_t record_count = 0;
    std::size_t size = 0; ///< octets of records
};

struct log_thread_options {
    std::size_t queue_count_max = 4096;                 ///< submissions that wait
    std::size_t queue_size_max = std::size_t{64} << 20; ///< octets of records that wait
    std::size_t batch_size_max =
        std::size_t{1} << 20; ///< of what is merged: a reader has to take a batch as a whole
    std::chrono::milliseconds idle_floor_delay{50}; ///< quiet time after which a floor is written
    std::chrono::milliseconds prepare_retry_interval{1000};

    /// Called on the log thread after each group commit, before its completions. May be empty.
    std::function<void(const commit_sample&)> on_commit;

    /// Called on the log thread when the answer of `nearly_full` changes. May be empty.
    std::function<void(bool)> on_nearly_full;

    /// Called on the log thread when `log_writer::guaranteed_room` has changed, before the
    /// completions of the group that changed it: so many octets of batches behind what is reported
    /// durable. May be empty.
    std::function<void(std::uint64_t)> on_room;

    /// Called once on the log thread, before the completions that hear the same error: the log has
    /// failed and the process must stop. May be empty.
    std::function<void(std::error_code)> on_failed;
};

/// Owns a `log_writer` and the thread on which alone it is used; a second thread prepares and
/// removes segment files. Everything that waits when the thread is free becomes one group: its
/// writes follow each other, one sync makes them durable, then the completions run in the order of
/// submission.
///
/// All public methods may be called from any thread, none of them waits for the disk (`stop`
/// apart). The mutex guards the queue, which is the one thing that both sides touch: submitting
/// appends to it, the log thread takes all of it; neither does anything else while holding the
/// mutex. A lock-free queue would save nothing next to an fdatasync.
///
/// Full disk: while the next segment cannot be prepared, `nearly_full` is true, and the rest of the
/// current segment is for what was submitted already, and for closing sessions and promises. A
/// group that does not fit any more waits, unacknowledged and in order, until there is room or the
/// log is stopped. An owner that never has more in flight than `on_room` told last, counted with
/// headers and padding, never sees that: it counts what was submitted and not completed, the room
/// is told before the completions, and so both shrink together.
class log_thread {
public:
    /// Runs on the log thread, exactly once per accepted submission, in order. Without error: all
    /// records of the submission, and all batches up to `sequence`, are durable. With one: they may
    /// or may not be found by the next recovery, and nothing will be accepted any more
    /// (`std::errc::operation_canceled`: the log was stopped while it waited for room on the disk).
    /// Must not throw or wait, nor stop or destroy the log.
    using completion = std::function<void(std::error_code, std::uint64_t sequence)>;

    log_thread(
        file_system& files, std::string directory, log_writer writer, log_thread_options options
    );

    log_thread(const log_thread&) = delete;
    log_thread& operator=(const log_thread&) = delete;

    /// As `stop`.
    ~log_thread();

    /// Queues records. On success `records` is moved from; otherwise it and `done` are untouched,
    /// and the answer is `resource_unavailable_try_again` (the queue is full), `message_size`
    /// (larger than `body_size_max`), `operation_canceled` (stopped) or the error with which the
    /// log has failed. An empty batch is a bug.
    std::error_code submit(record_batch&& records, completion&& done);

    /// Removes old segments in the background (`log_writer::take_purgeable`), between two groups.
    void purge(zxid up_to, std::uint64_t retained_size);

    /// Makes durable what was submitted, tells it, and ends both threads. What cannot be made
    /// durable for lack of room completes with `operation_canceled`. May be called again, but not
    /// by two threads at once.
    void stop();

    /// True while the next segment cannot be prepared: refuse new writes, keep serving reads.
    [[nodiscard]] bool nearly_full() const { return nearly_full_; }

    [[nodiscard]] std::uint64_t body_size_max() const { return body_size_max_; }

    /// Octets of records that wait.
    [[nodiscard]] std::size_t queue_size() const { return queue_size_; }

    /// Octets of all segment files.
    [[nodiscard]] std::uint64_t size() const { return size_; }

    [[nodiscard]] std::uint64_t durable_sequence() const { return durable_sequence_; }

private:
    struct submission {
        record_batch records;
        completion done;
    };

    struct purge_order {
        zxid up_to;
        std::uint64_t retained_size;
    };

    void run();
    bool wait_for_work(std::unique_lock<std::mutex>& lock);
    void look_after_segments();
    void tell_room();
    void carry_out(const std::optional<purge_order>& order);
    void commit(std::vector<submission>& group);
    std::error_code write(std::vector<submission>& group);
    std::error_code append(record_batch& batch);
    bool await_segment();
    void complete(std::vector<submission>& group, std::error_code error);
    void finish();
    void fail(std::error_code error);
    void wake();

    const log_thread_options options_;
    const std::uint64_t body_size_max_;

    // The log thread's own.
    log_writer writer_;
    record_batch merged_;
    bool floor_is_due_ = false;
    std::uint64_t told_room_ = 0;
    std::error_code
        refusal_; ///< of the first group that was not made durable: no later one may overtake it

    // Guarded by the mutex.
    std::mutex mutex_;
    std::condition_variable work_;
    std::vector<submission> queue_;
    std::optional<purge_order> purge_order_;
    bool news_of_worker_ = false;
    bool stopping_ = false;
    std::error_code failure_;

    std::atomic<std::size_t> queue_size_ = 0;
    std::atomic<bool> nearly_full_ = false;
    std::atomic<std::uint64_t> size_ = 0;
    std::atomic<std::uint64_t> durable_sequence_ = 0;

    segment_worker worker_;
    std::thread thread_; ///< last: it uses everything above
};

} // namespace conclave::txnlog
