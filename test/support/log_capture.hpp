/// The log lines of a test.
#pragma once

#include <conclave/log_line.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace conclave::test {

/// Collects log lines while it lives. One at a time. Thread-safe.
class log_capture {
public:
    log_capture() {
        const std::lock_guard lock{state().mutex};
        state().lines.clear();
        set_log_sink(&take, log_level::debug);
    }

    ~log_capture() { set_log_sink(nullptr, log_level::error); }

    log_capture(const log_capture&) = delete;
    log_capture& operator=(const log_capture&) = delete;

    [[nodiscard]] static std::size_t count(std::string_view part) {
        const std::lock_guard lock{state().mutex};
        return count_locked(part);
    }

    /// Waits for a line that contains `part`; false if it takes too long.
    [[nodiscard]] static bool await(std::string_view part) {
        std::unique_lock lock{state().mutex};
        return state().changed.wait_for(lock, std::chrono::seconds{60}, [&] {
            return count_locked(part) != 0;
        });
    }

private:
    struct shared_state {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<std::string> lines;
    };

    static shared_state& state() {
        static shared_state only;
        return only;
    }

    static std::size_t count_locked(std::string_view part) {
        const std::vector<std::string>& lines = state().lines;
        return static_cast<std::size_t>(std::count_if(
            lines.begin(),
            lines.end(),
            [part](const std::string& line) { return line.find(part) != std::string::npos; }
        ));
    }

    static void take(log_level, std::string_view line) {
        const std::lock_guard lock{state().mutex};
        state().lines.emplace_back(line);
        state().changed.notify_all();
    }
};

} // namespace conclave::test
