#include "test/bench/start_time.hpp"

#include "test/bench/connection.hpp"
#include "test/bench/failure.hpp"
#include "test/bench/process_statistics.hpp"

#include <conclave/jute.hpp>

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>

namespace conclave::bench {

namespace {

using clock = std::chrono::steady_clock;

/// Between two attempts to connect. Bounds the error of the result and costs the starting server
/// almost nothing.
constexpr std::chrono::microseconds retry_interval{200};

constexpr std::chrono::seconds patience{120};

/// How long one attempt waits for an answer. ZooKeeper, while it starts, may accept a connection
/// and never serve it.
constexpr std::chrono::milliseconds attempt_patience{500};

constexpr int exec_failed_status = 127;

/// Kills a process and waits until it is gone, be it our child or anyone's.
void kill_and_wait(pid_t pid) {
    const descriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    if (handle.get() < 0 || ::kill(pid, SIGKILL) != 0) {
        throw failure(fmt::format("cannot kill process {}: {}", pid, std::strerror(errno)));
    }
    pollfd gone{.fd = handle.get(), .events = POLLIN, .revents = 0};
    ::poll(&gone, 1, static_cast<int>(std::chrono::milliseconds{patience}.count()));
}

pid_t spawn(const options& asked) {
    std::vector<char*> arguments;
    for (const std::string& argument : asked.command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    const descriptor log{
        ::open(asked.server_log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    const pid_t child = ::fork();
    if (child < 0) {
        throw failure(fmt::format("cannot fork: {}", std::strerror(errno)));
    }
    if (child == 0) {
        ::dup2(log.get(), STDOUT_FILENO);
        ::dup2(log.get(), STDERR_FILENO);
        ::execvp(arguments.front(), arguments.data());
        ::_exit(exec_failed_status);
    }
    return child;
}

struct start_times {
    clock::time_point connected_at;
    clock::time_point session_at;
    clock::time_point read_at;
};

/// One attempt; nothing when the server does not serve yet. An error code in the reply ends the
/// run.
std::optional<start_times> try_read(const options& asked, const endpoint& server) {
    std::optional<connection> link = connection::try_dial(server, attempt_patience);
    if (!link) {
        return std::nullopt;
    }
    start_times times;
    times.connected_at = clock::now();
    link->start_handshake(std::chrono::milliseconds{asked.session_timeout_ms});
    link->finish_handshake();
    times.session_at = clock::now();
    {
        const jute::frame_scope frame{link->outgoing()};
        const read_request request{asked.read_path, false};
        jute::writer{link->outgoing()}(request_header{xid{1}, opcode::get_data}, request);
    }
    link->send();
    jute::reader reader{link->read_frame()};
    times.read_at = clock::now();
    reply_header header;
    reader(header);
    if (!reader.ok() || header.error != errc::ok) {
        throw failure(fmt::format("getData {} answered {}", asked.read_path, name(header.error)));
    }
    close_sessions({&*link, 1});
    return times;
}

/// Retries as long as the server is alive. It may accept connections before it serves, and then
/// closes them.
start_times wait_for_read(const options& asked, const endpoint& server, pid_t child) {
    const auto give_up_at = clock::now() + patience;
    while (clock::now() < give_up_at) {
        try {
            if (const auto times = try_read(asked, server)) {
                return *times;
            }
        } catch (const connection_failure&) {
            // Not serving yet: the same as a refused connection.
        }
        siginfo_t ended{};
        ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
        if (ended.si_pid == child) {
            throw failure(fmt::format(
                "{} ended with status {}, see {}",
                asked.command.front(),
                ended.si_status,
                asked.server_log
            ));
        }
        std::this_thread::sleep_for(retry_interval);
    }
    throw failure(fmt::format("no answer within {} s of the start", patience.count()));
}

/// Ends the server when the run ends, however it ends, unless the server is released first.
class spawned_server {
public:
    explicit spawned_server(pid_t pid) : pid_(pid) {}

    spawned_server(const spawned_server&) = delete;
    spawned_server& operator=(const spawned_server&) = delete;

    ~spawned_server() {
        if (!released_) {
            ::kill(pid_, SIGTERM);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    void release() { released_ = true; }

    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_;
    bool released_ = false;
};

} // namespace

report measure_start(const options& asked) {
    const endpoint server = resolve_servers(asked.servers).front();
    if (asked.kill_pid != 0) {
        kill_and_wait(asked.kill_pid);
    }
    const auto started_at = clock::now();
    spawned_server child{spawn(asked)};
    const start_times times = wait_for_read(asked, server, child.pid());
    const std::array<pid_t, 1> pids{child.pid()};
    const process_sample sample = sample_processes(pids);
    if (asked.keep) {
        child.release();
    }
    const auto in_ms = [&](clock::time_point at) {
        return std::chrono::duration<double, std::milli>{at - started_at}.count();
    };
    report result;
    result.add("operation", name(asked.operation));
    result.add("pid", std::int64_t{child.pid()});
    result.add("connected_ms", in_ms(times.connected_at));
    result.add("session_ms", in_ms(times.session_at));
    result.add("first_read_ms", in_ms(times.read_at));
    result.add("server_rss_kb", sample.rss_kb);
    return result;
}

} // namespace conclave::bench
