#include "conclave/client/clock.hpp"

#include <ctime>

namespace conclave::client {

session_clock::time_point session_clock::now() noexcept {
    timespec read{};
    ::clock_gettime(CLOCK_BOOTTIME, &read); // cannot fail: Linux has it since 2.6.39
    return time_point{std::chrono::seconds{read.tv_sec} + std::chrono::nanoseconds{read.tv_nsec}};
}

} // namespace conclave::client
