#include "server/tree/ip_range.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::tree::ip_range;

namespace {

bool contains(bytes_view range, bytes_view address) {
    return ip_range::parse(range).value().contains(ip_range::parse(address).value());
}

} // namespace

TEST_CASE("ip range: what ZooKeeper 3.8.0 accepts", "[tree][acl]") {
    for (const bytes_view text :
         {"1.2.3.4", "1.2.3.4/0", "1.2.3.4/32", "01.2.3.4", "1.2.3.4/+8", "1.2.3.4/08"}) {
        INFO(text);
        CHECK(ip_range::parse(text));
    }
}

TEST_CASE("ip range: what it refuses", "[tree][acl]") {
    for (const bytes_view text :
         {"",
          "1.2.3",
          "1.2.3.4.5",
          "1.2.3.4.",
          "1.2.3.256",
          "1.2.3.4/",
          "1.2.3.4/33",
          "1.2.3.4/-1",
          "1.2.3.4/8/9",
          " 1.2.3.4",
          "1.2.3.x",
          "1..3.4",
          "::1/129",
          "::g",
          ":",
          "1:2"}) {
        INFO(text);
        CHECK_FALSE(ip_range::parse(text));
    }
    CHECK_FALSE(ip_range::parse(bytes_view{"::1\0x", 5}));
}

TEST_CASE("ip range: the bits decide", "[tree][acl]") {
    CHECK(contains("10.1.2.3", "10.1.2.3"));
    CHECK_FALSE(contains("10.1.2.3", "10.1.2.4"));
    CHECK(contains("10.1.2.3/8", "10.200.200.200"));
    CHECK_FALSE(contains("10.1.2.3/8", "11.1.2.3"));
    CHECK(contains("10.1.2.0/23", "10.1.3.255"));
    CHECK_FALSE(contains("10.1.2.0/23", "10.1.4.0"));
    CHECK(contains("1.2.3.4/0", "200.200.200.200"));
    CHECK(contains("10.0.0.1/31", "10.0.0.0"));
    CHECK_FALSE(contains("10.0.0.1/31", "10.0.0.2"));
}

TEST_CASE("ip range: IPv6", "[tree][acl]") {
    CHECK(contains("::1", "::1"));
    CHECK(contains("2001:db8::/32", "2001:db8:1::5"));
    CHECK_FALSE(contains("2001:db8::/32", "2001:db9::5"));
    CHECK(contains("2001:db8::/33", "2001:db8:7fff::"));
    CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::"));
    CHECK(contains("::/0", "fe80::1%eth0"));
    CHECK_FALSE(contains("::/0", "10.0.0.1"));
    CHECK_FALSE(contains("0.0.0.0/0", "::1"));
    CHECK(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
}
