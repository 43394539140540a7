/// The clock by which a session's life is counted.
#pragma once

#include <chrono>

namespace conclave::client {

/// Monotonic, and goes on while the machine is suspended, as servers' clocks do meanwhile:
/// `std::chrono::steady_clock` stands still then, and would show time left that has passed.
/// CLOCK_BOOTTIME. Its time points mean nothing to other clocks.
struct session_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<session_clock>;

    static constexpr bool is_steady = true;

    [[nodiscard]] static time_point now() noexcept;
};

} // namespace conclave::client
