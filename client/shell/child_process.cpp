#include "client/shell/child_process.hpp"

#include "client/shell/signal_reader.hpp"

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conclave::shell {

namespace {

int exit_code_of_status(int status) {
    constexpr int signal_base = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
}

/// In the new process. Returns only if the program cannot be run.
void become(char* const* words, const sigset_t& mask, pid_t parent) {
    // What runs under a lock must not outlive who holds it, not even if that was killed.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE); // it died before we could ask to be told
    }
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    execvp(words[0], words);
}

/// Starts a program. @return its process, or why it cannot be run as an error number
result<pid_t, int> start(const std::vector<std::string>& words, const sigset_t& mask) {
    std::vector<char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    std::array<int, 2> report{}; // closed by a program that runs; else the reason comes through it
    if (pipe2(report.data(), O_CLOEXEC) != 0) {
        return unexpected{errno};
    }
    const pid_t self = getpid();
    const pid_t child = fork();
    int failed = child < 0 ? errno : 0;
    if (child == 0) {
        become(arguments.data(), mask, self);
        failed = errno;
        static_cast<void>(write(report[1], &failed, sizeof failed) == sizeof failed);
        _exit(EXIT_FAILURE);
    }
    close(report[1]);
    if (child > 0 && read(report[0], &failed, sizeof failed) == sizeof failed) {
        waitpid(child, nullptr, 0);
    }
    close(report[0]);
    return failed == 0 ? result<pid_t, int>{child} : result<pid_t, int>{unexpected{failed}};
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
                tell(SIGTERM);
            }
            return status_.has_value();
        }));
        return exit_code_of_status(*status_);
    }

    void tell(int signal) {
        if (!status_) {
            kill(child_, signal);
        }
    }

private:
    void await_signal() {
        ended_.async_wait([this,
                           alive = std::weak_ptr{lives_}](boost::system::error_code stopped, int) {
            if (!stopped && !alive.expired()) {
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
    std::shared_ptr<bool> lives_ = std::make_shared<bool>(true);
};

} // namespace

outcome<program_end> run_in_foreground(
    event_loop& loop, const std::vector<std::string>& words, const std::function<bool()>& must_end
) {
    std::optional<child_watch> watch;
    program_end end;
    const signal_reader signals{loop, [&](signal_reader::received signal) {
                                    end.must_quit = end.must_quit || signal.number != SIGINT;
                                    if (signal.number != SIGINT || !signal.is_from_terminal) {
                                        watch->tell(signal.number);
                                    }
                                }};
    const auto child = start(words, signals.earlier_mask());
    if (!child) {
        return failed_because(
            fmt::format("{} cannot be run: {}", words.front(), std::strerror(child.error()))
        );
    }
    watch.emplace(loop, *child);
    loop.forget_interrupt();
    loop.set_interrupts_ignored(true);
    end.code = watch->wait(must_end);
    loop.set_interrupts_ignored(false);
    return end;
}

} // namespace conclave::shell
