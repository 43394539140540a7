#include "server/maintenance/child_process.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <sys/wait.h>
#include <unistd.h>

namespace conclave::maintenance {

namespace {

constexpr std::size_t answer_size_max = std::size_t{1} << 20;
constexpr int exit_thrown = 3;

void write_all(int to, bytes_view octets) {
    while (!octets.empty()) {
        const ssize_t count = ::write(to, octets.data(), octets.size());
        if (count < 0 && errno != EINTR) {
            return; // the parent is gone
        }
        octets.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
}

bytes read_all(int from) {
    bytes gathered;
    std::array<char, 4096> portion{};
    while (gathered.size() < answer_size_max) {
        const ssize_t count = ::read(from, portion.data(), portion.size());
        if (count == 0 || (count < 0 && errno != EINTR)) {
            break;
        }
        gathered.append(portion.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return gathered;
}

[[noreturn]] void work_in_child(const std::function<bytes()>& work, int answer) {
    try {
        write_all(answer, work());
    } catch (const std::exception& problem) {
        write_all(answer, problem.what());
        ::_exit(exit_thrown);
    }
    ::_exit(EXIT_SUCCESS); // without what the parent's own exit has to do
}

} // namespace

result<bytes, std::string> run_in_child(const std::function<bytes()>& work) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        return unexpected{fmt::format("no pipe: {}", std::strerror(errno))};
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        work_in_child(work, ends[1]);
    }
    const int failed = errno;
    ::close(ends[1]);
    bytes answer = child < 0 ? bytes{} : read_all(ends[0]);
    ::close(ends[0]);
    if (child < 0) {
        return unexpected{fmt::format("no process: {}", std::strerror(failed))};
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        return unexpected{fmt::format("reading it ended with signal {}", WTERMSIG(status))};
    }
    if (WEXITSTATUS(status) != EXIT_SUCCESS) {
        return unexpected{std::string{answer}};
    }
    return answer;
}

} // namespace conclave::maintenance
