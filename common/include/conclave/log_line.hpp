/// What the program tells its operator. The library formats a line and hands it to one sink; the
/// server sets the sink to spdlog, tests to a vector, a program that only links the client library
/// may leave it alone (nothing is printed).
///
/// A line is an event in the past tense with fields: `session expired id=0x1f idle_ms=30012`.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace conclave {

enum class log_level {
    debug,   ///< a life event of a request
    info,    ///< a life event of the server
    warning, ///< will become an error if nobody acts
    error,   ///< somebody must act
};

using log_sink = void (*)(log_level, std::string_view line);

/// Sets where lines go (null: nowhere) and the lowest level that is formatted at all. Thread-safe.
void set_log_sink(log_sink sink, log_level lowest) noexcept;

/// True when a line of this level would reach the sink. Thread-safe.
[[nodiscard]] bool log_enabled(log_level level) noexcept;

/// Hands one finished line to the sink. Thread-safe if the sink is.
void log_line(log_level level, std::string_view line);

template <class... Arguments>
void log(log_level level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (log_enabled(level)) {
        log_line(level, fmt::format(format, std::forward<Arguments>(arguments)...));
    }
}

} // namespace conclave
