#include "server/log/log_thread.hpp"

#include <conclave/assert.hpp>
#include <conclave/log_line.hpp>

#include <algorithm>
#include <utility>

namespace conclave::txnlog {

namespace {

using clock = std::chrono::steady_clock;

} // namespace

log_thread::log_thread(
    file_system& files, std::string directory, log_writer writer, log_thread_options options
)
    : options_(std::move(options))
    , body_size_max_(writer.body_size_max())
    , writer_(std::move(writer))
    , size_(writer_.size())
    , durable_sequence_(writer_.durable_sequence())
    , worker_(files, std::move(directory), options_.prepare_retry_interval, [this] { wake(); })
    , thread_([this] { run(); }) {}

log_thread::~log_thread() {
    stop();
}

std::error_code log_thread::submit(record_batch&& records, completion&& done) {
    CONCLAVE_ASSERT(!records.empty());
    if (records.body_size() > body_size_max_) {
        return std::make_error_code(std::errc::message_size);
    }
    const std::lock_guard lock{mutex_};
    if (failure_) {
        return failure_;
    }
    if (stopping_) {
        return std::make_error_code(std::errc::operation_canceled);
    }
    // One submission is always taken, so that no size within body_size_max can be refused for ever.
    const bool is_full = queue_.size() >= options_.queue_count_max ||
                         queue_size_ + records.body_size() > options_.queue_size_max;
    if (is_full && !queue_.empty()) {
        return std::make_error_code(std::errc::resource_unavailable_try_again);
    }
    queue_size_ += records.body_size();
    queue_.push_back({std::move(records), std::move(done)});
    work_.notify_one();
    return {};
}

void log_thread::purge(zxid up_to, std::uint64_t retained_size) {
    const std::lock_guard lock{mutex_};
    purge_order_ = purge_order{up_to, retained_size};
    work_.notify_one();
}

void log_thread::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        work_.notify_one();
    }
    if (thread_.joinable()) {
        thread_.join();
    }
    worker_.stop();
}

void log_thread::run() {
    look_after_segments();
    std::unique_lock lock{mutex_};
    std::vector<submission> group;
    for (;;) {
        const bool goes_on = wait_for_work(lock);
        group.swap(queue_);
        queue_size_ = 0;
        news_of_worker_ = false;
        const std::optional<purge_order> order = std::exchange(purge_order_, std::nullopt);
        lock.unlock();
        look_after_segments();
        carry_out(order);
        if (!group.empty()) {
            commit(group);
            group.clear();
            look_after_segments();
        }
        if (!goes_on) {
            finish();
            return;
        }
        lock.lock();
    }
}

/// Waits until there is something to do; writes a floor when nothing comes for a while.
/// @return false when the log is to be stopped after what is in the queue now.
bool log_thread::wait_for_work(std::unique_lock<std::mutex>& lock) {
    const auto has_work = [this] {
        return !queue_.empty() || purge_order_ || news_of_worker_ || stopping_;
    };
    if (floor_is_due_ && !work_.wait_for(lock, options_.idle_floor_delay, has_work)) {
        floor_is_due_ = false;
        lock.unlock();
        if (const std::error_code error = writer_.write_floor()) {
            fail(error);
        }
        lock.lock();
    }
    work_.wait(lock, has_work);
    return !stopping_;
}

/// Takes a segment that has become ready, orders the next one when it is time, and tells whether
/// the disk is full.
void log_thread::look_after_segments() {
    if (worker_.take_segment()) {
        writer_.adopt_prepared();
    }
    if (writer_.wants_segment() && !writer_.failed()) {
        worker_.order_segment(writer_.next_segment_size());
    }
    writer_.note_reserved(worker_.has_reserved());
    tell_room();
    const bool is_nearly_full = writer_.wants_segment() && worker_.last_attempt_failed();
    if (nearly_full_.exchange(is_nearly_full) != is_nearly_full && options_.on_nearly_full) {
        options_.on_nearly_full(is_nearly_full);
    }
}

void log_thread::tell_room() {
    const std::uint64_t room = writer_.guaranteed_room();
    if (std::exchange(told_room_, room) != room && options_.on_room) {
        options_.on_room(room);
    }
}

void log_thread::carry_out(const std::optional<purge_order>& order) {
    if (order && !writer_.failed()) {
        worker_.remove(writer_.take_purgeable(order->up_to, order->retained_size));
        size_ = writer_.size();
    }
}

void log_thread::commit(std::vector<submission>& group) {
    const clock::time_point begin = clock::now();
    std::error_code error = refusal_ ? refusal_ : write(group);
    const clock::time_point written = clock::now();
    if (!error) {
        error = writer_.sync();
    }
    if (error) {
        refusal_ = error;
        if (writer_.failed()) {
            fail(error);
        }
        complete(group, error);
        return;
    }
    size_ = writer_.size();
    durable_sequence_ = writer_.last_sequence();
    floor_is_due_ = true;
    tell_room();
    if (options_.on_commit) {
        commit_sample sample;
        sample.write_time = written - begin;
        sample.sync_time = clock::now() - written;
        sample.submission_count = group.size();
        for (const submission& item : group) {
            sample.record_count += item.records.record_count();
            sample.size += item.records.body_size();
        }
        options_.on_commit(sample);
    }
    complete(group, {});
}

/// Appends the group in as few batches as their size allows.
std::error_code log_thread::write(std::vector<submission>& group) {
    if (group.size() == 1) {
        return append(group.front().records);
    }
    const std::uint64_t batch_size_max =
        std::min<std::uint64_t>(options_.batch_size_max, body_size_max_);
    merged_.clear();
    for (const submission& item : group) {
        if (!merged_.empty() && merged_.body_size() + item.records.body_size() > batch_size_max) {
            if (const std::error_code error = append(merged_)) {
                return error;
            }
            merged_.clear();
        }
        merged_.add(item.records);
    }
    return append(merged_);
}

std::error_code log_thread::append(record_batch& batch) {
    for (;;) {
        const io_result<std::uint64_t> sequence = writer_.append(batch);
        if (sequence) {
            return {};
        }
        if (writer_.failed() || sequence.error() != std::errc::no_space_on_device) {
            return sequence.error();
        }
        if (!await_segment()) {
            return std::make_error_code(std::errc::operation_canceled);
        }
    }
}

/// Waits for the segment without which nothing more can be written.
/// @return false if the log is stopped while there is no room for one.
bool log_thread::await_segment() {
    for (;;) {
        look_after_segments();
        if (!writer_.wants_segment()) {
            return true;
        }
        std::unique_lock lock{mutex_};
        const auto is_hopeless = [this] {
            return stopping_ && worker_.last_attempt_failed();
        };
        // Purging goes on: it may be what makes the room. The worker brings news of each of its
        // attempts.
        work_.wait(lock, [&] { return news_of_worker_ || purge_order_ || is_hopeless(); });
        if (is_hopeless()) {
            return false;
        }
        news_of_worker_ = false;
        const std::optional<purge_order> order = std::exchange(purge_order_, std::nullopt);
        lock.unlock();
        carry_out(order);
    }
}

void log_thread::complete(std::vector<submission>& group, std::error_code error) {
    for (submission& item : group) {
        item.done(error, durable_sequence_);
    }
}

/// The last words of a clean stop: a durable floor, so that the next start finds nothing ambiguous.
void log_thread::finish() {
    if (writer_.failed()) {
        return;
    }
    std::error_code error = writer_.write_floor();
    if (!error) {
        error = writer_.sync();
    }
    if (error) {
        fail(error);
    }
}

void log_thread::fail(std::error_code error) {
    {
        const std::lock_guard lock{mutex_};
        if (failure_) {
            return;
        }
        failure_ = error;
    }
    if (options_.on_failed) {
        options_.on_failed(error);
    }
}

void log_thread::wake() {
    const std::lock_guard lock{mutex_};
    news_of_worker_ = true;
    work_.notify_one();
}

} // namespace conclave::txnlog
