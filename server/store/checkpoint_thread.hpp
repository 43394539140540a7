/// The thread on which checkpoints are written.
#pragma once

#include "server/store/checkpoint_store.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace conclave::store {

/// Writes one change set at a time, off the core thread, which never waits for a disk.
///
/// When it had nothing to do for `quiet_time`, and all other threads of the process next to nothing
/// either, it gives heap memory back to the operating system, once: a commit takes up to 4 KiB per
/// row, and the allocator would keep that. Not while there is somebody to serve, because nobody
/// else can allocate in those 20 to 30 ms, and a busy server needs the memory again at once.
///
/// Its priority is low: whoever waits for a reply goes first. It is not the lowest, so that a
/// checkpoint ends also on a machine that is busy with other things.
///
/// The mutex guards the one job that is handed over; it is held for a pointer swap on both sides,
/// once per checkpoint (every few seconds), and the thread sleeps on its condition in between. A
/// lock-free hand-over would save nothing.
class checkpoint_thread {
public:
    using completion = std::function<void(result<void, store_error>)>;

    /// CPU time that the process has used so far, all its threads together.
    using cpu_clock = std::function<std::chrono::microseconds()>;

    /// `store` must outlive the thread. `quiet_time`: see above.
    explicit checkpoint_thread(
        checkpoint_store& store,
        std::chrono::milliseconds quiet_time = std::chrono::seconds{3},
        cpu_clock used = process_cpu_time
    );

    checkpoint_thread(const checkpoint_thread&) = delete;
    checkpoint_thread& operator=(const checkpoint_thread&) = delete;

    /// Finishes what was submitted, completion included, then ends.
    ~checkpoint_thread();

    /// Hands a change set over. `done` is called once, on the checkpoint thread; a next `submit`
    /// may come from there on. Precondition: nothing submitted is unfinished.
    void submit(std::shared_ptr<const tree::change_set> changes, completion done);

    /// Destroys a change set that nobody needs any more: with 100,000 rows that takes milliseconds,
    /// which the core does not have.
    void discard(std::shared_ptr<const tree::change_set> changes);

    /// True from `submit` until just before the completion is called.
    [[nodiscard]] bool is_busy() const;

private:
    struct job {
        std::shared_ptr<const tree::change_set> changes;
        completion done;
    };

    static std::chrono::microseconds process_cpu_time();

    void run();

    checkpoint_store& store_;
    std::chrono::milliseconds quiet_time_;
    cpu_clock time_used_;
    mutable std::mutex mutex_;
    std::condition_variable wakes_;
    std::unique_ptr<job> pending_; ///< handed over, not yet begun
    std::vector<std::shared_ptr<const tree::change_set>> discarded_;
    bool is_busy_ = false;
    bool is_stopping_ = false;
    std::thread thread_; ///< last: it uses everything above
};

} // namespace conclave::store
