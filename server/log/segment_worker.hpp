/// The thread that keeps the log thread away from slow work on files: zeros for the next segment,
/// removal of old ones.
#pragma once

#include "server/log/file_system.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace conclave::txnlog {

/// Prepares segments and removes purged ones in the background. All methods may be called from any
/// thread.
///
/// The mutex guards the few words in which work is ordered and reported; it is never held during
/// I/O, and the log thread takes it a handful of times per segment.
class segment_worker {
public:
    /// `on_news` is called on the worker's thread, without the mutex: when the room of a segment is
    /// reserved, and after each attempt to prepare one.
    segment_worker(
        file_system& files,
        std::string directory,
        std::chrono::milliseconds retry_interval,
        std::function<void()> on_news
    );

    segment_worker(const segment_worker&) = delete;
    segment_worker& operator=(const segment_worker&) = delete;

    /// Stops after the work in hand.
    ~segment_worker();

    /// Orders a prepared segment. A failing attempt is repeated every `retry_interval` until it
    /// succeeds. Does nothing while an order is open.
    void order_segment(std::uint64_t size);

    /// True once for each order, when the segment is there.
    [[nodiscard]] bool take_segment();

    /// True while the file system has promised the room of the segment that is ordered and not
    /// taken.
    [[nodiscard]] bool has_reserved() const { return has_reserved_; }

    /// True while the last attempt to fill an open order has failed.
    [[nodiscard]] bool last_attempt_failed() const { return attempt_failed_; }

    /// Removes files, oldest first. What cannot be removed is tried again before the next ones.
    void remove(std::vector<std::string> names);

    void stop();

private:
    void run();
    void fill_order(std::unique_lock<std::mutex>& lock);
    void remove_next(std::unique_lock<std::mutex>& lock);

    file_system& files_;
    const std::string directory_;
    const std::chrono::milliseconds retry_interval_;
    const std::function<void()> on_news_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::uint64_t> order_; ///< size of the segment that is wanted
    bool segment_is_there_ = false;
    std::deque<std::string> garbage_;
    bool removal_is_due_ = false;
    bool stopping_ = false;
    std::atomic<bool> attempt_failed_ = false;
    std::atomic<bool> has_reserved_ = false;

    std::thread thread_; ///< last: it uses everything above
};

} // namespace conclave::txnlog
