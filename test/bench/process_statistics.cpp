#include "test/bench/process_statistics.hpp"

#include "test/bench/failure.hpp"

#include <fmt/core.h>

#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace conclave::bench {

namespace {

std::chrono::microseconds from_ticks(std::int64_t ticks) {
    static const std::int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
    return std::chrono::microseconds{ticks * 1'000'000 / ticks_per_second};
}

std::ifstream open_proc(const std::string& path) {
    std::ifstream file{path};
    if (!file) {
        throw failure(fmt::format("cannot read {}: is the server still running?", path));
    }
    return file;
}

/// utime and stime, the 14th and 15th field. The second field, the name of the program in
/// parentheses, may itself contain spaces, so counting starts behind its last parenthesis.
std::chrono::microseconds cpu_time_of(pid_t pid) {
    std::string line;
    std::ifstream file = open_proc(fmt::format("/proc/{}/stat", pid));
    std::getline(file, line);
    std::istringstream fields{line.substr(line.rfind(')') + 1)};
    constexpr int fields_before_utime = 11;
    std::string skipped;
    for (int index = 0; index < fields_before_utime; ++index) {
        fields >> skipped;
    }
    std::int64_t user_ticks = 0;
    std::int64_t system_ticks = 0;
    fields >> user_ticks >> system_ticks;
    return from_ticks(user_ticks + system_ticks);
}

void add_memory_of(pid_t pid, process_sample& sample) {
    std::ifstream file = open_proc(fmt::format("/proc/{}/status", pid));
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream fields{line};
        std::string key;
        std::int64_t kilobytes = 0;
        fields >> key >> kilobytes;
        if (key == "VmRSS:") {
            sample.rss_kb += kilobytes;
        } else if (key == "RssAnon:") {
            sample.rss_anon_kb += kilobytes;
        } else if (key == "RssFile:") {
            sample.rss_file_kb += kilobytes;
        }
    }
}

} // namespace

process_sample sample_processes(std::span<const pid_t> pids) {
    process_sample sample;
    for (const pid_t pid : pids) {
        sample.cpu_time += cpu_time_of(pid);
        add_memory_of(pid, sample);
    }
    return sample;
}

std::chrono::microseconds own_cpu_time() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto to_microseconds = [](const timeval& time) {
        return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
    };
    return to_microseconds(usage.ru_utime) + to_microseconds(usage.ru_stime);
}

std::chrono::microseconds machine_cpu_time() {
    std::ifstream file = open_proc("/proc/stat");
    std::string label;
    std::int64_t user = 0;
    std::int64_t nice = 0;
    std::int64_t system = 0;
    file >> label >> user >> nice >> system;
    return from_ticks(user + nice + system);
}

} // namespace conclave::bench
