#include "server/admin/background_worker.hpp"

namespace conclave::admin {

void background_worker::submit(std::function<void()> job) {
    const std::lock_guard lock{mutex_};
    if (is_stopping_) {
        return;
    }
    jobs_.push_back(std::move(job));
    if (!thread_.joinable()) {
        thread_ = std::thread{[this] {
            work();
        }};
    }
    wakes_.notify_one();
}

void background_worker::work() {
    std::unique_lock lock{mutex_};
    for (;;) {
        wakes_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
        if (is_stopping_) {
            return;
        }
        std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        job = nullptr;
        lock.lock();
    }
}

void background_worker::complete(std::uint64_t number, void* told) {
    auto waiting = waiting_.extract(number);
    if (!waiting.empty()) {
        waiting.mapped()(told);
    }
}

void background_worker::stop() {
    {
        const std::lock_guard lock{mutex_};
        is_stopping_ = true;
        wakes_.notify_one();
    }
    if (thread_.joinable()) {
        thread_.join();
    }
    jobs_.clear();
    waiting_.clear();
}

} // namespace conclave::admin
