#include "server/net/admission.hpp"

#include <catch2/catch.hpp>

using boost::asio::ip::make_address;
using conclave::net::admission;
using verdict = admission::verdict;

TEST_CASE("admission: each address has its own limit", "[net]") {
    admission counted{0, 2};
    const auto one = make_address("10.0.0.1");
    const auto other = make_address("::1");
    CHECK(counted.admit(one) == verdict::admitted);
    CHECK(counted.admit(one) == verdict::admitted);
    CHECK(counted.admit(one) == verdict::too_many_from_address);
    CHECK(counted.admit(other) == verdict::admitted);
    counted.release(one);
    CHECK(counted.admit(one) == verdict::admitted);
    CHECK(counted.count() == 3);
}

TEST_CASE("admission: the total is limited over all addresses", "[net]") {
    admission counted{2, 0};
    CHECK(counted.admit(make_address("10.0.0.1")) == verdict::admitted);
    CHECK(counted.admit(make_address("10.0.0.2")) == verdict::admitted);
    CHECK(counted.admit(make_address("10.0.0.3")) == verdict::too_many);
    counted.release(make_address("10.0.0.1"));
    CHECK(counted.admit(make_address("10.0.0.3")) == verdict::admitted);
}

TEST_CASE("admission: zero means no limit", "[net]") {
    admission counted{0, 0};
    for (int count = 0; count < 1000; ++count) {
        REQUIRE(counted.admit(make_address("10.0.0.1")) == verdict::admitted);
    }
}
