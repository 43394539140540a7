#include "server/store/checkpoint_thread.hpp"

#include <conclave/assert.hpp>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace conclave::store {

namespace {

/// Linux: niceness is a thread's own. Where that cannot be, the thread works at normal priority.
void lower_priority() {
    constexpr int niceness = 10;
    const auto self = static_cast<id_t>(::syscall(SYS_gettid));
    static_cast<void>(::setpriority(PRIO_PROCESS, self, niceness));
}

/// A process that uses more than one in so many parts of a CPU has somebody to serve.
constexpr int busy_divisor = 50;

} // namespace

std::chrono::microseconds checkpoint_thread::process_cpu_time() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto duration = [](const timeval& value) {
        return std::chrono::seconds{value.tv_sec} + std::chrono::microseconds{value.tv_usec};
    };
    return duration(used.ru_utime) + duration(used.ru_stime);
}

checkpoint_thread::checkpoint_thread(
    checkpoint_store& store, std::chrono::milliseconds quiet_time, cpu_clock used
)
    : store_(store)
    , quiet_time_(quiet_time)
    , time_used_(std::move(used))
    , thread_([this] { run(); }) {}

checkpoint_thread::~checkpoint_thread() {
    {
        const std::lock_guard lock{mutex_};
        is_stopping_ = true;
    }
    wakes_.notify_one();
    thread_.join();
}

void checkpoint_thread::submit(std::shared_ptr<const tree::change_set> changes, completion done) {
    auto next = std::make_unique<job>(job{std::move(changes), std::move(done)});
    {
        const std::lock_guard lock{mutex_};
        CONCLAVE_ASSERT(!is_busy_ && !is_stopping_);
        is_busy_ = true;
        pending_ = std::move(next);
    }
    wakes_.notify_one();
}

void checkpoint_thread::discard(std::shared_ptr<const tree::change_set> changes) {
    {
        const std::lock_guard lock{mutex_};
        discarded_.push_back(std::move(changes));
    }
    wakes_.notify_one();
}

bool checkpoint_thread::is_busy() const {
    const std::lock_guard lock{mutex_};
    return is_busy_;
}

void checkpoint_thread::run() {
    lower_priority();
    bool has_heap_to_trim = false;
    const auto is_wanted = [this] {
        return pending_ != nullptr || !discarded_.empty() || is_stopping_;
    };
    std::unique_lock lock{mutex_};
    while (true) {
        while (has_heap_to_trim && !is_wanted()) {
            const std::chrono::microseconds before = time_used_();
            if (wakes_.wait_for(lock, quiet_time_, is_wanted) ||
                (time_used_() - before) * busy_divisor > quiet_time_) {
                continue;
            }
            lock.unlock();
            ::malloc_trim(0);
            has_heap_to_trim = false;
            lock.lock();
        }
        wakes_.wait(lock, is_wanted);
        if (!discarded_.empty()) {
            auto garbage = std::exchange(discarded_, {});
            lock.unlock();
            garbage.clear();
            has_heap_to_trim = true;
            lock.lock();
            continue;
        }
        if (pending_ == nullptr) {
            return;
        }
        const std::unique_ptr<job> current = std::move(pending_);
        lock.unlock();
        auto written = store_.commit(*current->changes);
        current->changes.reset(); // the core may change what it froze again
        lock.lock();
        is_busy_ = false;
        lock.unlock();
        current->done(std::move(written));
        has_heap_to_trim = true;
        lock.lock();
    }
}

} // namespace conclave::store
