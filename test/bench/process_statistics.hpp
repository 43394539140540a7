/// What the kernel says about the servers under test, from /proc.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <sys/types.h>

namespace conclave::bench {

/// Sums over a set of processes, all threads included. The kernel counts CPU time in ticks of 10
/// ms: measure over seconds.
struct process_sample {
    std::chrono::microseconds cpu_time{};
    std::int64_t rss_kb = 0;      ///< everything resident
    std::int64_t rss_anon_kb = 0; ///< heap and stacks
    std::int64_t rss_file_kb = 0; ///< code and mapped files, which the kernel can drop again
};

/// Throws `failure` when a process is gone: its server has crashed.
process_sample sample_processes(std::span<const pid_t> pids);

/// CPU time that this process has used.
std::chrono::microseconds own_cpu_time();

/// CPU time that everything on the machine has used, this process and the servers included. What
/// exceeds those is interference, and the report says how much there was.
std::chrono::microseconds machine_cpu_time();

} // namespace conclave::bench
