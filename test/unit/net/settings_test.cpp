#include "server/net/settings.hpp"

#include <catch2/catch.hpp>

using conclave::net::io_thread_count;

TEST_CASE("network settings: few cores serve sockets on the core's own thread", "[net]") {
    CHECK(io_thread_count(-1, 0) == 0);
    CHECK(io_thread_count(-1, 4) == 0);
    CHECK(io_thread_count(-1, 5) == 1);
    CHECK(io_thread_count(-1, 16) == 4);
    CHECK(io_thread_count(-1, 128) == 8);
}

TEST_CASE("network settings: a number of threads that was asked for is taken", "[net]") {
    CHECK(io_thread_count(0, 64) == 0);
    CHECK(io_thread_count(3, 1) == 3);
}
