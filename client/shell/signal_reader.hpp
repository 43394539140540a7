/// Signals that would end the shell, as events.
#pragma once

#include "client/shell/event_loop.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <csignal>
#include <functional>
#include <memory>
#include <sys/signalfd.h>

namespace conclave::shell {

/// Takes SIGINT, SIGTERM and SIGHUP while it lives, so that they neither end the shell nor count as
/// Ctrl-C, and tells of each while the event loop runs. One at a time, on the thread of the loop.
class signal_reader {
public:
    struct received {
        int number = 0;
        /// A key has sent it: then all programs at the terminal have got it.
        bool is_from_terminal = false;
    };

    signal_reader(event_loop& loop, std::function<void(received)> told);
    ~signal_reader();

    signal_reader(const signal_reader&) = delete;
    signal_reader& operator=(const signal_reader&) = delete;

    /// What was blocked before; a new program starts with it.
    [[nodiscard]] const sigset_t& earlier_mask() const { return earlier_mask_; }

private:
    void await_signal();

    std::function<void(received)> told_;
    sigset_t earlier_mask_{};
    boost::asio::posix::stream_descriptor descriptor_;
    signalfd_siginfo buffer_{};
    std::shared_ptr<bool> lives_ = std::make_shared<bool>(true);
};

} // namespace conclave::shell
