#include "server/net/output_queue.hpp"

#include <catch2/catch.hpp>

using conclave::bytes;
using conclave::net::output_queue;

TEST_CASE("output queue: octets leave in the order in which they came", "[net]") {
    output_queue queue;
    queue.push("abc");
    queue.consume(1);
    queue.push("defgh");
    CHECK(queue.front() == "bcdefgh");
    queue.consume(5);
    CHECK(queue.front() == "gh");
    queue.push("i");
    CHECK(queue.size() == 3);
    queue.consume(3);
    CHECK(queue.empty());
}

TEST_CASE("output queue: what is pushed after everything left starts anew", "[net]") {
    output_queue queue;
    queue.push("abc");
    queue.consume(3);
    CHECK(queue.front().empty());
    queue.push("de");
    CHECK(queue.front() == "de");
    queue.clear();
    CHECK(queue.empty());
}
