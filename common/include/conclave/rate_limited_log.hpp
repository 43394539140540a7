/// Log lines that a stranger can cause as often as they like.
#pragma once

#include <conclave/log_line.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace conclave {

/// Lets `burst` lines per interval through and counts the others; what was left out is told in one
/// line when the interval is over. Time is given, never read. One thread.
class rate_limited_log {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit rate_limited_log(
        std::size_t burst = 10, std::chrono::milliseconds interval = std::chrono::seconds{1}
    )
        : burst_(burst), interval_(interval) {}

    template <class... Arguments>
    void line(
        time_point now,
        log_level level,
        fmt::format_string<Arguments...> format,
        Arguments&&... arguments
    ) {
        if (admits(now)) {
            log(level, format, std::forward<Arguments>(arguments)...);
        }
    }

    /// Tells how many lines were left out, if the interval in which that happened is over.
    void summarize(time_point now);

    /// True while lines were left out that nobody was told about.
    [[nodiscard]] bool has_suppressed() const { return suppressed_ != 0; }

private:
    bool admits(time_point now);

    std::size_t burst_;
    std::chrono::milliseconds interval_;
    time_point interval_start_{};
    std::size_t admitted_ = 0;
    std::size_t suppressed_ = 0;
};

} // namespace conclave
