#include "server/store/resident_windows.hpp"

#include <catch2/catch.hpp>

namespace conclave::store {

namespace {

constexpr std::size_t window = resident_windows::window_size;

/// Addresses are only counted with, never followed.
const char* at(std::uintptr_t address) {
    return reinterpret_cast<const char*>(address);
}

constexpr std::uintptr_t base = std::uintptr_t{1} << 30;

} // namespace

TEST_CASE(
    "resident windows: a window counts once however often it is touched", "[store][resident]"
) {
    resident_windows touched;
    touched.cover(at(base), 10 * window);
    touched.touch(at(base + 3), 5);
    touched.touch(at(base + window - 1), 0);
    CHECK(touched.count() == 1);
    touched.touch(at(base + window), 1);
    CHECK(touched.count() == 2);
}

TEST_CASE("resident windows: a value that spans windows counts all of them", "[store][resident]") {
    resident_windows touched;
    touched.cover(at(base), 100 * window);
    touched.touch(at(base + window / 2), 70 * window);
    CHECK(touched.count() == 71);
}

TEST_CASE(
    "resident windows: a map that begins inside a window is counted by address", "[store][resident]"
) {
    resident_windows touched;
    touched.cover(at(base + window / 2), 2 * window);
    touched.touch(at(base + window / 2), 1);
    touched.touch(at(base + window), 1);
    touched.touch(at(base + 2 * window + window / 2 - 1), 0);
    CHECK(touched.count() == 3);
}

TEST_CASE("resident windows: growing keeps the count and moving forgets it", "[store][resident]") {
    resident_windows touched;
    touched.cover(at(base), window);
    touched.touch(at(base), 1);
    touched.cover(at(base), 1000 * window);
    CHECK(touched.count() == 1);
    touched.touch(at(base + 999 * window), 1);
    CHECK(touched.count() == 2);
    touched.cover(at(base + 5000 * window), window);
    CHECK(touched.count() == 0);
}

TEST_CASE("resident windows: nothing counts after clearing", "[store][resident]") {
    resident_windows touched;
    touched.cover(at(base), 10 * window);
    touched.touch(at(base), 3 * window);
    touched.clear();
    CHECK(touched.count() == 0);
    touched.touch(at(base), 1);
    CHECK(touched.count() == 1);
}

} // namespace conclave::store
