#include "server/replica/latency_histogram.hpp"

#include <catch2/catch.hpp>

using conclave::replica::latency_histogram;
using std::chrono::microseconds;

TEST_CASE("latency_histogram: without measurements everything is zero", "[latency]") {
    const latency_histogram empty;
    CHECK(empty.count() == 0);
    CHECK(empty.percentile(0.99) == microseconds{0});
}

TEST_CASE("latency_histogram: percentiles are right to an eighth", "[latency]") {
    latency_histogram measured;
    for (int us = 1; us <= 10'000; ++us) {
        measured.add(microseconds{us});
    }
    CHECK(measured.count() == 10'000);
    CHECK(measured.least() == microseconds{1});
    CHECK(measured.most() == microseconds{10'000});
    CHECK(measured.sum() == microseconds{50'005'000});
    for (const double share : {0.5, 0.95, 0.99}) {
        const double exact = share * 10'000;
        const auto found = static_cast<double>(measured.percentile(share).count());
        CHECK(found >= exact);
        CHECK(found <= exact * 1.13);
    }
    CHECK(measured.percentile(1.0) == microseconds{10'000});
}

TEST_CASE("latency_histogram: durations beyond the range count as the longest", "[latency]") {
    latency_histogram measured;
    measured.add(microseconds{-5});
    measured.add(std::chrono::hours{1000});
    CHECK(measured.count() == 2);
    CHECK(measured.percentile(0.0) == microseconds{0});
}

TEST_CASE("latency_histogram: what surely lies within a bound is counted", "[latency]") {
    latency_histogram measured;
    for (int us = 1; us <= 1000; ++us) {
        measured.add(microseconds{us});
    }
    CHECK(measured.count_within(microseconds{0}) == 0);
    CHECK(measured.count_within(microseconds{5}) == 5);
    const auto half = measured.count_within(microseconds{500});
    CHECK(half <= 500);
    CHECK(half >= 430);
    CHECK(measured.count_within(std::chrono::hours{2}) == 1000);
}
