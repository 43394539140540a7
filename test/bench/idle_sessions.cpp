#include "test/bench/idle_sessions.hpp"

#include "test/bench/connection.hpp"
#include "test/bench/failure.hpp"
#include "test/bench/process_statistics.hpp"

#include <conclave/jute.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/resource.h>
#include <thread>

namespace conclave::bench {

namespace {

using clock = std::chrono::steady_clock;

/// Descriptors that are not sessions.
constexpr rlim_t spare_descriptors = 64;

void raise_descriptor_limit(std::uint32_t sessions) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t needed = sessions + spare_descriptors;
    limit.rlim_cur = std::max(limit.rlim_cur, needed);
    limit.rlim_max = std::max(limit.rlim_max, needed);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        throw failure(fmt::format(
            "cannot raise the limit of open files to {}: {}", needed, std::strerror(errno)
        ));
    }
}

void ping_all(std::span<connection> sessions) {
    for (connection& each : sessions) {
        {
            const jute::frame_scope frame{each.outgoing()};
            jute::writer{each.outgoing()}(request_header{ping_xid, opcode::ping});
        }
        each.send();
    }
    for (connection& each : sessions) {
        each.read_frame();
    }
}

/// A client pings when a third of its session timeout has passed in silence.
void hold(std::span<connection> sessions, std::chrono::milliseconds timeout, double seconds) {
    const auto end = clock::now() + std::chrono::duration<double>{seconds};
    while (clock::now() < end) {
        ping_all(sessions);
        std::this_thread::sleep_until(
            std::min<std::chrono::time_point<clock, std::chrono::duration<double>>>(
                end, clock::now() + timeout / 3
            )
        );
    }
}

double kilobytes_per_session(const options& asked, std::int64_t before_kb, std::int64_t after_kb) {
    return static_cast<double>(after_kb - before_kb) / static_cast<double>(asked.connections);
}

} // namespace

report measure_idle_sessions(const options& asked) {
    raise_descriptor_limit(asked.connections);
    const auto servers = resolve_servers(asked.servers);
    const process_sample before = sample_processes(asked.pids);
    const auto started_at = clock::now();
    std::chrono::milliseconds timeout{};
    auto sessions = open_sessions(
        servers, asked.connections, std::chrono::milliseconds{asked.session_timeout_ms}, &timeout
    );
    const std::chrono::duration<double> opening = clock::now() - started_at;
    const process_sample opened = sample_processes(asked.pids);
    hold(sessions, timeout, asked.seconds);
    const process_sample held = sample_processes(asked.pids);
    close_sessions(sessions);
    report result;
    result.add("operation", name(asked.operation));
    result.add("sessions", std::uint64_t{asked.connections});
    result.add("open_seconds", opening.count());
    result.add("hold_seconds", asked.seconds);
    result.add("server_rss_kb_before", before.rss_kb);
    result.add("server_rss_kb_opened", opened.rss_kb);
    result.add("server_rss_kb_held", held.rss_kb);
    result.add("session_rss_kb", kilobytes_per_session(asked, before.rss_kb, held.rss_kb));
    result.add(
        "session_rss_anon_kb", kilobytes_per_session(asked, before.rss_anon_kb, held.rss_anon_kb)
    );
    return result;
}

} // namespace conclave::bench
