#include "server/net/event_loops.hpp"

#include <boost/asio/executor_work_guard.hpp>

namespace conclave::net {

namespace {

/// Tells a context that one thread runs it, so that posting from within wakes nobody.
constexpr int one_thread = 1;

} // namespace

event_loops::event_loops(std::size_t io_thread_count) : core_(one_thread) {
    for (std::size_t index = 0; index < io_thread_count; ++index) {
        io_.push_back(std::make_unique<asio::io_context>(one_thread));
    }
}

event_loops::~event_loops() {
    stop_io_threads();
}

asio::io_context& event_loops::tls() {
    if (tls_ == nullptr) {
        tls_ = std::make_unique<asio::io_context>(one_thread);
    }
    return *tls_;
}

void event_loops::start_io_threads() {
    for (const std::unique_ptr<asio::io_context>& each : io_) {
        start_thread(*each);
    }
    if (tls_ != nullptr) {
        start_thread(*tls_);
    }
}

void event_loops::start_thread(asio::io_context& context) {
    threads_.emplace_back([&context, work = asio::make_work_guard(context)] { context.run(); });
}

void event_loops::stop_io_threads() {
    for (const std::unique_ptr<asio::io_context>& each : io_) {
        each->stop();
    }
    if (tls_ != nullptr) {
        tls_->stop();
    }
    for (std::thread& each : threads_) {
        each.join();
    }
    threads_.clear();
}

} // namespace conclave::net
