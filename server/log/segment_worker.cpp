#include "server/log/segment_worker.hpp"

#include "server/log/segment_files.hpp"

#include <conclave/log_line.hpp>

namespace conclave::txnlog {

segment_worker::segment_worker(
    file_system& files,
    std::string directory,
    std::chrono::milliseconds retry_interval,
    std::function<void()> on_news
)
    : files_(files)
    , directory_(std::move(directory))
    , retry_interval_(retry_interval)
    , on_news_(std::move(on_news))
    , thread_([this] { run(); }) {}

segment_worker::~segment_worker() {
    stop();
}

void segment_worker::order_segment(std::uint64_t size) {
    const std::lock_guard lock{mutex_};
    if (!order_ && !segment_is_there_) {
        order_ = size;
        changed_.notify_one();
    }
}

bool segment_worker::take_segment() {
    const std::lock_guard lock{mutex_};
    if (segment_is_there_) {
        has_reserved_ = false;
    }
    return std::exchange(segment_is_there_, false);
}

void segment_worker::remove(std::vector<std::string> names) {
    const std::lock_guard lock{mutex_};
    garbage_.insert(garbage_.end(), names.begin(), names.end());
    removal_is_due_ = !garbage_.empty();
    changed_.notify_one();
}

void segment_worker::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        changed_.notify_one();
    }
    if (thread_.joinable()) {
        thread_.join();
    }
}

void segment_worker::run() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        if (removal_is_due_) { // first: it may make the room that the order needs
            remove_next(lock);
        } else if (order_) {
            fill_order(lock);
        } else {
            changed_.wait(lock);
        }
    }
}

void segment_worker::fill_order(std::unique_lock<std::mutex>& lock) {
    const std::uint64_t size = *order_;
    lock.unlock();
    const std::error_code error = prepare_segment(files_, directory_, size, [this] {
        has_reserved_ = true;
        on_news_();
    });
    if (error && !attempt_failed_) {
        log(log_level::error,
            "next log segment could not be prepared directory={} size={} error=\"{}\"",
            directory_,
            size,
            error.message());
    } else if (!error && attempt_failed_) {
        log(log_level::info, "next log segment prepared after failures directory={}", directory_);
    }
    lock.lock();
    attempt_failed_ = static_cast<bool>(error);
    if (error) {
        has_reserved_ = false;
    } else {
        order_.reset();
        segment_is_there_ = true;
    }
    lock.unlock();
    on_news_();
    lock.lock();
    if (error) {
        changed_.wait_for(lock, retry_interval_, [this] { return stopping_ || removal_is_due_; });
    }
}

void segment_worker::remove_next(std::unique_lock<std::mutex>& lock) {
    const std::vector<std::string> names{garbage_.front()};
    removal_is_due_ =
        false; // after a failure: until more is purged, which may be while the mutex is free
    lock.unlock();
    std::error_code error;
    remove_segments(files_, directory_, names, error);
    lock.lock();
    if (error) {
        log(log_level::warning,
            "old log segment could not be removed file={} error=\"{}\"",
            join_path(directory_, names.front()),
            error.message());
        return;
    }
    garbage_.pop_front();
    removal_is_due_ = !garbage_.empty();
}

} // namespace conclave::txnlog
