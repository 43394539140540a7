/// The clock of sessions in a process whose machine was suspended.
#include <catch2/catch.hpp>

#include <chrono>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "conclave/client/clock.hpp"

using namespace conclave::client;
using namespace std::chrono_literals;

namespace {

constexpr int is_ahead = 0;
constexpr int is_not_ahead = 1;
constexpr int is_not_possible = 2;

int status_of(pid_t child) {
    int status = 0;
    const bool has_ended = ::waitpid(child, &status, 0) == child && WIFEXITED(status);
    return has_ended ? WEXITSTATUS(status) : is_not_possible;
}

/// As after a suspension of that length: a time namespace in which CLOCK_BOOTTIME is ahead, and
/// CLOCK_MONOTONIC, that of std::chrono::steady_clock, is not.
bool enter_suspended_time() {
    constexpr int new_time_namespace = 0x00000080; // CLONE_NEWTIME
    if (::unshare(new_time_namespace) != 0) {
        return false;
    }
    const int offsets = ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    constexpr std::string_view ahead = "boottime 1000 0\n";
    const bool is_set =
        ::write(offsets, ahead.data(), ahead.size()) == static_cast<ssize_t>(ahead.size());
    ::close(offsets);
    return is_set;
}

/// Its children are those in the namespace.
[[noreturn]] void look_at_clock() {
    const auto before = session_clock::now();
    if (!enter_suspended_time()) {
        ::_exit(is_not_possible);
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(session_clock::now() - before >= 900s ? is_ahead : is_not_ahead);
    }
    ::_exit(status_of(child));
}

} // namespace

TEST_CASE("clock: the time of a suspension counts", "[client]") {
    const pid_t child = ::fork();
    if (child == 0) {
        look_at_clock();
    }
    const int outcome = status_of(child);
    if (outcome == is_not_possible) {
        WARN("not tried: this system does not let the test make a time namespace");
    }
    CHECK(outcome != is_not_ahead);
}

TEST_CASE("clock: goes on and never back", "[client]") {
    const auto first = session_clock::now();
    auto next = first;
    while (next == first) {
        next = session_clock::now();
        REQUIRE(next >= first);
    }
}
