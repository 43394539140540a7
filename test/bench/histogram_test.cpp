#include "test/bench/histogram.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>

using conclave::bench::histogram;

TEST_CASE("histogram: an empty one answers zero", "[bench][histogram]") {
    const histogram empty;
    CHECK(empty.count() == 0);
    CHECK(empty.max() == 0);
    CHECK(empty.percentile(0.99) == 0);
}

TEST_CASE("histogram: small values are exact", "[bench][histogram]") {
    histogram values;
    for (std::uint64_t value = 1; value <= 100; ++value) {
        values.record(value);
    }
    CHECK(values.count() == 100);
    CHECK(values.percentile(0) == 1);
    CHECK(values.percentile(0.50) == 50);
    CHECK(values.percentile(0.99) == 99);
    CHECK(values.percentile(0.999) == 100);
    CHECK(values.percentile(1) == 100);
}

TEST_CASE("histogram: a percentile is at most one part in 128 too high", "[bench][histogram]") {
    for (unsigned bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t offset : {0ULL, 1ULL, 12345ULL}) {
            const std::uint64_t value = (std::uint64_t{1} << bit) + offset;
            histogram values;
            values.record(value);
            values.record(std::numeric_limits<std::uint64_t>::max());
            CAPTURE(value);
            CHECK(values.percentile(0.5) >= value);
            CHECK(values.percentile(0.5) - value <= value / 128);
        }
    }
}

TEST_CASE("histogram: the largest 64-bit value has a slot", "[bench][histogram]") {
    histogram values;
    values.record(std::numeric_limits<std::uint64_t>::max());
    CHECK(values.max() == std::numeric_limits<std::uint64_t>::max());
    CHECK(values.percentile(0.5) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("histogram: a percentile never exceeds the maximum", "[bench][histogram]") {
    histogram values;
    values.record(1'000'001);
    CHECK(values.percentile(0.99) == 1'000'001);
}

TEST_CASE("histogram: the rank is rounded up", "[bench][histogram]") {
    histogram values;
    for (int i = 0; i < 99; ++i) {
        values.record(10);
    }
    values.record(1000);
    CHECK(values.percentile(0.99) == 10);
    CHECK(values.percentile(0.991) == 1000);
}

TEST_CASE("histogram: merging adds counts and keeps the larger maximum", "[bench][histogram]") {
    histogram fast;
    histogram slow;
    fast.record(5);
    fast.record(6);
    slow.record(700);
    fast.merge(slow);
    CHECK(fast.count() == 3);
    CHECK(fast.max() == 700);
    CHECK(fast.percentile(0.5) == 6);
}

TEST_CASE("histogram: a reset forgets everything", "[bench][histogram]") {
    histogram values;
    values.record(123456);
    values.reset();
    values.record(7);
    CHECK(values.count() == 1);
    CHECK(values.max() == 7);
    CHECK(values.percentile(1) == 7);
}
