/// The clock by which a session's life is counted.
#pragma once

#include <chrono>

namespace conclave::client {

/// Monotonic, and goes on while the machine is suspended, as servers' clocks do meanwhile:
/// `std::chrono::steady_clock` stands still then, and would show time left that has passed.
/// CLOCK_BOOTTIME. Its time points mean nothing to other clocks.
struct session_clock {
    using duration = std::chrono::nanoseconds;                 ///< see the standard's Clock
    using rep = duration::rep;                                 ///< see the standard's Clock
    using period = duration::period;                           ///< see the standard's Clock
    using time_point = std::chrono::time_point<session_clock>; ///< see the standard's Clock

    static constexpr bool is_steady = true; ///< it never goes back

    /// Does not fail.
    [[nodiscard]] static time_point now() noexcept;
};

} // namespace conclave::client
