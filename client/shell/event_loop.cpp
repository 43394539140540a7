#include "client/shell/event_loop.hpp"

#include <csignal>

namespace conclave::shell {

event_loop::event_loop() : interrupts_(context_, SIGINT), resizes_(context_) {
    await_interrupt();
}

wait_end event_loop::run_until(const std::function<bool()>& is_done) {
    while (!is_done()) {
        if (is_interrupted_) {
            return wait_end::interrupted;
        }
        context_.run_one();
    }
    return wait_end::done;
}

wait_end
event_loop::run_for(std::chrono::milliseconds limit, const std::function<bool()>& is_done) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!is_done()) {
        if (is_interrupted_) {
            return wait_end::interrupted;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            return wait_end::timed_out;
        }
        context_.run_one_until(deadline);
    }
    return wait_end::done;
}

void event_loop::run_ready() {
    context_.poll();
}

void event_loop::on_resize(std::function<void()> callback) {
    resized_ = std::move(callback);
    resizes_.add(SIGWINCH);
    await_resize();
}

/// Waiting for signals is also what keeps the context from running out of work.
void event_loop::await_interrupt() {
    interrupts_.async_wait([this](boost::system::error_code stopped, int) {
        if (!stopped) {
            is_interrupted_ = is_interrupted_ || !ignores_interrupts_;
            await_interrupt();
        }
    });
}

void event_loop::await_resize() {
    resizes_.async_wait([this](boost::system::error_code stopped, int) {
        if (!stopped) {
            resized_();
            await_resize();
        }
    });
}

} // namespace conclave::shell
