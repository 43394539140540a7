/// A thread for what waits for the disk, so that the admin thread never does.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace conclave::admin {

/// One piece of work after the other. Its result goes to a function on the admin thread, which
/// stays there all the time: what it holds is never touched here.
///
/// Admin thread only, but for the construction and `stop`.
class background_worker {
public:
    /// `to_admin` runs a function on the admin thread, soon.
    explicit background_worker(std::function<void(std::function<void()>)> to_admin)
        : to_admin_(std::move(to_admin)) {}

    background_worker(const background_worker&) = delete;
    background_worker& operator=(const background_worker&) = delete;

    ~background_worker() { stop(); }

    /// Calls `then(work())`; never, if it is stopped before. Starts the thread if need be.
    template <class Work, class Then>
    void run(Work work, Then then) {
        using answer = std::invoke_result_t<Work&>;
        const std::uint64_t number = next_++;
        waiting_.emplace(number, [then = std::move(then)](void* told) mutable {
            then(std::move(*static_cast<answer*>(told)));
        });
        submit([this, number, work = std::move(work)]() mutable {
            auto told = std::make_shared<answer>(work());
            to_admin_([this, number, told] { complete(number, told.get()); });
        });
    }

    /// Ends the work in hand and forgets the rest. The admin thread has ended.
    void stop();

private:
    void submit(std::function<void()> job);
    void work();
    void complete(std::uint64_t number, void* told);

    std::function<void(std::function<void()>)> to_admin_;
    std::unordered_map<std::uint64_t, std::function<void(void*)>> waiting_;
    std::uint64_t next_ = 1;

    std::mutex mutex_; ///< of the two below; held for moments
    std::condition_variable wakes_;
    std::deque<std::function<void()>> jobs_;
    bool is_stopping_ = false;
    std::thread thread_;
};

} // namespace conclave::admin
