#include "client/shell/signal_reader.hpp"

#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <system_error>

namespace conclave::shell {

namespace {

sigset_t ending_signals() {
    sigset_t signals{};
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&signals, number);
    }
    return signals;
}

} // namespace

/// Blocking in this thread is enough: the only other one, Asio's for names, blocks all signals.
signal_reader::signal_reader(event_loop& loop, std::function<void(received)> told)
    : told_(std::move(told)), descriptor_(loop.context()) {
    const sigset_t signals = ending_signals();
    const int descriptor = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) {
        throw std::system_error{errno, std::generic_category(), "signals cannot be read"};
    }
    descriptor_.assign(descriptor);
    pthread_sigmask(SIG_BLOCK, &signals, &earlier_mask_);
    await_signal();
}

signal_reader::~signal_reader() {
    pthread_sigmask(SIG_SETMASK, &earlier_mask_, nullptr);
}

void signal_reader::await_signal() {
    descriptor_.async_read_some(
        boost::asio::buffer(&buffer_, sizeof buffer_),
        [this, alive = std::weak_ptr{lives_}](boost::system::error_code stopped, std::size_t) {
            if (!stopped && !alive.expired()) {
                told_({static_cast<int>(buffer_.ssi_signo), buffer_.ssi_code == SI_KERNEL});
                await_signal();
            }
        }
    );
}

} // namespace conclave::shell
