#include "server/admin/values.hpp"

#include <catch2/catch.hpp>

using namespace conclave::admin;

TEST_CASE("values: decimals are as few as needed and four at most", "[admin]") {
    CHECK(decimal(0) == "0.0");
    CHECK(decimal(12) == "12.0");
    CHECK(decimal(1.5) == "1.5");
    CHECK(decimal(1.48387) == "1.4839");
    CHECK(decimal(0.00004) == "0.0");
    CHECK(decimal(1e6) == "1000000.0");
}

TEST_CASE("values: a date is written as ZooKeeper does in UTC", "[admin]") {
    CHECK(date(0) == "Thu Jan 01 00:00:00 UTC 1970");
    CHECK(date(1795244786999) == "Sat Nov 21 07:06:26 UTC 2026");
}

TEST_CASE("values: a negative number shows its two's complement", "[admin]") {
    CHECK(hex(0x1f) == "0x1f");
    CHECK(hex(-1) == "0xffffffffffffffff");
}

TEST_CASE("values: a zxid may be given in both ways", "[admin]") {
    CHECK(parse_zxid("0x100000001") == conclave::zxid{0x100000001});
    CHECK(parse_zxid("4294967297") == conclave::zxid{0x100000001});
    for (const char* const none : {"", "0x", "-1", "0x-1", "1 ", "100000001x"}) {
        CHECK_FALSE(parse_zxid(none));
    }
}

TEST_CASE("values: an IPv6 address stands in brackets", "[admin]") {
    CHECK(address({"10.0.0.1", 2181}) == "/10.0.0.1:2181");
    CHECK(address({"::1", 2181}) == "/[::1]:2181");
}
