#include "test/simulation/seed_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace conclave::simulation {

namespace {

/// A process that runs every `step`-th seed and tells of each in lines: "begin SEED", then
/// "counter VALUE NAME" and "failure TEXT" as often as there is reason, then "end".
struct worker {
    pid_t process = -1;
    int from = -1;
    std::string unread;
    std::uint64_t seed = 0; ///< that it is at, 0: none
    std::uint64_t next = 0; ///< where another process would go on
    seed_report told;
};

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', '\x01');
    return text;
}

std::string many_lines(std::string text) {
    std::replace(text.begin(), text.end(), '\x01', '\n');
    return text;
}

void write_all(int to, const std::string& text) {
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t count = ::write(to, text.data() + written, text.size() - written);
        if (count <= 0) {
            std::_Exit(3); // whoever wanted to know is gone
        }
        written += static_cast<std::size_t>(count);
    }
}

[[noreturn]] void work(
    int to,
    std::uint64_t first,
    std::uint64_t end,
    std::uint64_t step,
    const std::function<seed_report(std::uint64_t)>& run
) {
    for (std::uint64_t seed = first; seed < end; seed += step) {
        write_all(to, fmt::format("begin {}\n", seed));
        const seed_report report = run(seed);
        std::string lines;
        for (const auto& [name, value] : report.counters) {
            lines += fmt::format("counter {} {}\n", value, name);
        }
        if (!report.failure.empty()) {
            lines += fmt::format("failure {}\n", one_line(report.failure));
        }
        std::cout << std::flush;
        write_all(to, lines + "end\n");
    }
    std::_Exit(0);
}

class runner {
public:
    runner(
        seed_range seeds,
        unsigned jobs,
        const std::function<seed_report(std::uint64_t)>& run,
        std::size_t failures_max
    )
        : end_(seeds.first + seeds.count), run_(run), failures_max_(failures_max) {
        workers_.resize(std::max(1U, jobs));
        for (std::size_t index = 0; index < workers_.size(); ++index) {
            workers_[index].next = seeds.first + index;
            launch(workers_[index]);
        }
    }

    run_summary finish() {
        while (summary_.failures.size() < failures_max_ && read_some()) {
        }
        for (worker& each : workers_) {
            if (each.process > 0) {
                ::kill(each.process, SIGKILL);
                reap(each);
            }
        }
        return std::move(summary_);
    }

private:
    void launch(worker& which) {
        std::array<int, 2> ends{};
        std::cout << std::flush;
        if (which.next >= end_) {
            return;
        }
        if (::pipe(ends.data()) != 0) {
            throw std::runtime_error{"no pipe could be opened"};
        }
        which.process = ::fork();
        if (which.process == 0) {
            ::close(ends[0]);
            work(ends[1], which.next, end_, workers_.size(), run_);
        }
        ::close(ends[1]);
        which.from = ends[0];
        which.unread.clear();
    }

    int reap(worker& which) {
        int status = 0;
        ::close(which.from);
        ::waitpid(which.process, &status, 0);
        which.process = -1;
        return status;
    }

    /// @return false if nobody works any more.
    bool read_some() {
        std::vector<pollfd> waiting;
        for (const worker& each : workers_) {
            if (each.process > 0) {
                waiting.push_back({each.from, POLLIN, 0});
            }
        }
        if (waiting.empty()) {
            return false;
        }
        ::poll(waiting.data(), waiting.size(), -1);
        for (const pollfd& each : waiting) {
            if (each.revents != 0) {
                read_from(*std::find_if(workers_.begin(), workers_.end(), [&](const worker& one) {
                    return one.process > 0 && one.from == each.fd;
                }));
            }
        }
        return true;
    }

    void read_from(worker& which) {
        std::array<char, 4096> buffer{};
        const ssize_t count = ::read(which.from, buffer.data(), buffer.size());
        if (count <= 0) {
            return on_end(which);
        }
        which.unread.append(buffer.data(), static_cast<std::size_t>(count));
        std::size_t begin = 0;
        for (std::size_t line_end = which.unread.find('\n'); line_end != std::string::npos;
             line_end = which.unread.find('\n', begin)) {
            on_line(which, which.unread.substr(begin, line_end - begin));
            begin = line_end + 1;
        }
        which.unread.erase(0, begin);
    }

    void on_line(worker& which, const std::string& line) {
        std::istringstream words{line};
        std::string kind;
        words >> kind;
        if (kind == "begin") {
            words >> which.seed;
            which.next = which.seed + workers_.size();
            which.told = {};
        } else if (kind == "counter") {
            std::uint64_t value = 0;
            words >> value;
            std::string name;
            std::getline(words >> std::ws, name);
            which.told.counters[name] = value;
        } else if (kind == "failure") {
            which.told.failure = many_lines(line.substr(kind.size() + 1));
        } else {
            take(which);
        }
    }

    /// The seed is over.
    void take(worker& which) {
        for (const auto& [name, value] : which.told.counters) {
            summary_.counters[name] += value;
        }
        if (!which.told.failure.empty()) {
            std::cout << fmt::format("seed {}: {}\n", which.seed, which.told.failure) << std::flush;
            summary_.failures.emplace(which.seed, which.told.failure);
        }
        which.seed = 0;
    }

    void on_end(worker& which) {
        const int status = reap(which);
        if (which.seed == 0) {
            return;
        }
        which.told.failure = fmt::format(
            "the process ended with {} {}",
            WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)
        );
        take(which);
        launch(which);
    }

    std::uint64_t end_;
    const std::function<seed_report(std::uint64_t)>& run_;
    std::size_t failures_max_;
    std::vector<worker> workers_;
    run_summary summary_;
};

} // namespace

run_summary run_seeds(
    seed_range seeds,
    unsigned jobs,
    const std::function<seed_report(std::uint64_t)>& run,
    std::size_t failures_max
) {
    return runner{seeds, jobs, run, failures_max}.finish();
}

} // namespace conclave::simulation
