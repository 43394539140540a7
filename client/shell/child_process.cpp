#include "client/shell/child_process.hpp"

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <optional>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conclave::shell {

namespace {

int exit_code_of_status(int status) {
    constexpr int signal_base = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
}

/// Waits for the end of one process, told by SIGCHLD.
class child_watch {
public:
    child_watch(event_loop& loop, pid_t child)
        : loop_(loop), ended_(loop.context(), SIGCHLD), child_(child) {}

    int wait(const std::function<bool()>& must_end) {
        collect();
        await_signal();
        static_cast<void>(loop_.run_until([&] {
            if (!status_ && !is_told_to_end_ && must_end()) {
                is_told_to_end_ = true;
                kill(child_, SIGTERM);
            }
            return status_.has_value();
        }));
        return exit_code_of_status(*status_);
    }

private:
    void await_signal() {
        ended_.async_wait([this](boost::system::error_code stopped, int) {
            if (!stopped) {
                collect();
                if (!status_) {
                    await_signal();
                }
            }
        });
    }

    void collect() {
        int status = 0;
        if (!status_ && waitpid(child_, &status, WNOHANG) == child_) {
            status_ = status;
        }
    }

    event_loop& loop_;
    boost::asio::signal_set ended_;
    pid_t child_;
    std::optional<int> status_;
    bool is_told_to_end_ = false;
};

} // namespace

outcome<int> run_in_foreground(
    event_loop& loop, const std::vector<std::string>& words, const std::function<bool()>& must_end
) {
    std::vector<char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int failed =
        posix_spawnp(&child, arguments.front(), nullptr, nullptr, arguments.data(), environ);
    if (failed != 0) {
        return failed_because(
            fmt::format("{} cannot be run: {}", words.front(), std::strerror(failed))
        );
    }
    loop.forget_interrupt();
    loop.set_interrupts_ignored(true);
    const int code = child_watch{loop, child}.wait(must_end);
    loop.set_interrupts_ignored(false);
    return code;
}

} // namespace conclave::shell
