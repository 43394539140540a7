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

void event_loops::start_io_threads() {
    for (const std::unique_ptr<asio::io_context>& each : io_) {
        threads_.emplace_back([&context = *each, work = asio::make_work_guard(*each)] {
            context.run();
        });
    }
}

void event_loops::stop_io_threads() {
    for (const std::unique_ptr<asio::io_context>& each : io_) {
        each->stop();
    }
    for (std::thread& each : threads_) {
        each.join();
    }
    threads_.clear();
}

} // namespace conclave::net
