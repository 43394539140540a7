#include "server/net/peer_complaints.hpp"
#include "test/support/log_capture.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;

TEST_CASE("peer complaints: the same one is logged once per interval", "[net][peer]") {
    const log_capture captured;
    net::peer_complaints complaints{10s};
    const net::peer_complaints::time_point start{};
    CHECK(complaints.log(log_level::warning, "peer=2 is late", start));
    CHECK_FALSE(complaints.log(log_level::warning, "peer=2 is late", start + 9s));
    CHECK(complaints.log(log_level::warning, "peer=2 is early", start + 9s));
    CHECK(complaints.log(log_level::warning, "peer=3 is late", start + 9s));
    CHECK(complaints.log(log_level::warning, "peer=2 is late", start + 10s));
    CHECK(captured.count("peer=2 is late") == 2);
}

TEST_CASE("peer complaints: only so many are remembered", "[net][peer]") {
    const log_capture captured;
    net::peer_complaints complaints{10s};
    const net::peer_complaints::time_point start{};
    for (std::size_t count = 0; count < 2 * net::peer_complaints::count_max; ++count) {
        complaints.log(log_level::warning, "peer " + std::to_string(count), start);
    }
    CHECK(captured.count("peer ") == net::peer_complaints::count_max);
    CHECK(complaints.log(log_level::warning, "peer again", start + 10s));
}

TEST_CASE("peer complaints: what nobody wants to read is not remembered", "[net][peer]") {
    net::peer_complaints complaints{10s};
    CHECK_FALSE(complaints.log(log_level::warning, "peer=2", {}));
    const log_capture captured;
    CHECK(complaints.log(log_level::warning, "peer=2", {}));
}
