/// The one thread of the shell: it runs while somebody waits for something.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <functional>

namespace conclave::shell {

/// How a wait has ended.
enum class wait_end : std::uint8_t { done, interrupted, timed_out };

/// Runs Asio's handlers on the thread that waits, so that everything in the shell has one owner:
/// replies arrive, watch events are printed and signals are heard whenever a command or the prompt
/// waits, and at no other time.
class event_loop {
public:
    event_loop();

    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    [[nodiscard]] boost::asio::io_context& context() { return context_; }

    /// Runs until `is_done`, which is asked after each handler, or until Ctrl-C.
    wait_end run_until(const std::function<bool()>& is_done);
    /// The same, for `limit` at most.
    wait_end run_for(std::chrono::milliseconds limit, const std::function<bool()>& is_done);
    /// What is ready, without waiting.
    void run_ready();

    /// Ctrl-C has been heard since the last `forget_interrupt`.
    [[nodiscard]] bool is_interrupted() const { return is_interrupted_; }

    void forget_interrupt() { is_interrupted_ = false; }

    /// Ctrl-C is not for the shell, such as while another program has the terminal.
    void set_interrupts_ignored(bool ignored) { ignores_interrupts_ = ignored; }

    /// Called when the terminal has changed its size.
    void on_resize(std::function<void()> callback);

private:
    void await_interrupt();
    void await_resize();

    boost::asio::io_context context_{1};
    boost::asio::signal_set interrupts_;
    boost::asio::signal_set resizes_;
    std::function<void()> resized_;
    bool is_interrupted_ = false;
    bool ignores_interrupts_ = false;
};

} // namespace conclave::shell
