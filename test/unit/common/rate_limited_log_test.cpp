#include "test/support/log_capture.hpp"

#include <catch2/catch.hpp>

#include "conclave/rate_limited_log.hpp"

using namespace std::chrono_literals;
using conclave::log_level;
using conclave::rate_limited_log;
using conclave::test::log_capture;

TEST_CASE("rate limited log: lines beyond the burst are counted and told once", "[log]") {
    const log_capture captured;
    rate_limited_log log{3, 1000ms};
    const rate_limited_log::time_point start{10s};
    for (int number = 0; number < 8; ++number) {
        log.line(start + number * 1ms, log_level::warning, "event number={}", number);
    }
    CHECK(captured.count("event") == 3);
    CHECK(log.has_suppressed());
    log.summarize(start + 999ms);
    CHECK(captured.count("suppressed") == 0);
    log.summarize(start + 1000ms);
    CHECK(captured.count("5 more suppressed") == 1);
    CHECK_FALSE(log.has_suppressed());
}

TEST_CASE("rate limited log: a new interval has a new burst", "[log]") {
    const log_capture captured;
    rate_limited_log log{1, 1000ms};
    const rate_limited_log::time_point start{10s};
    log.line(start, log_level::warning, "event");
    log.line(start, log_level::warning, "event");
    log.line(start + 1000ms, log_level::warning, "event");
    CHECK(captured.count("event") == 2);
    CHECK(captured.count("1 more suppressed") == 1);
}
