#include "server/replica/connection_throttle.hpp"
#include "test/support/replica_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::replica;
using namespace std::chrono_literals;

TEST_CASE("connection_throttle: without tokens there is no limit", "[throttle]") {
    connection_throttle off{{}, 1};
    for (int count = 0; count < 10'000; ++count) {
        CHECK(off.admit(false, 0ns));
    }
}

TEST_CASE("connection_throttle: the bucket empties and fills with time", "[throttle]") {
    connection_throttle_settings settings;
    settings.tokens_max = 3;
    settings.fill_time = 100ms;
    connection_throttle throttle{settings, 1};
    const session::time_point start = 1h;
    CHECK(throttle.admit(false, start));
    CHECK(throttle.admit(false, start));
    CHECK(throttle.admit(true, start));
    CHECK_FALSE(throttle.admit(false, start));
    CHECK_FALSE(throttle.admit(false, start + 99ms));
    CHECK(throttle.admit(false, start + 100ms));
    CHECK_FALSE(throttle.admit(false, start + 100ms));
    CHECK(throttle.admit(false, start + 10h));
    CHECK(throttle.admit(false, start + 10h));
    CHECK(throttle.admit(false, start + 10h));
    CHECK_FALSE(throttle.admit(false, start + 10h));
}

TEST_CASE("connection_throttle: weights make new sessions dearer than resumed ones", "[throttle]") {
    connection_throttle_settings settings;
    settings.tokens_max = 5;
    settings.fill_time = 1h;
    settings.has_weights = true;
    connection_throttle throttle{settings, 1};
    CHECK(throttle.admit(false, 1ns));
    CHECK(throttle.admit(true, 1ns));
    CHECK_FALSE(throttle.admit(true, 1ns));
}

TEST_CASE(
    "connection_throttle: while the bucket is empty refusals become likely and fade afterwards",
    "[throttle]"
) {
    connection_throttle_settings settings;
    settings.tokens_max = 1;
    settings.fill_time = 1h;
    settings.freeze_time = 10ms;
    settings.drop_increase = 0.25;
    settings.drop_decrease = 0.5;
    connection_throttle throttle{settings, 1};
    session::time_point now = 1s;
    CHECK(throttle.admit(false, now));
    for (int count = 0; count < 6; ++count) {
        now += 11ms;
        CHECK_FALSE(throttle.admit(false, now));
    }
    CHECK(throttle.drop_probability() == 1.0);
    now += 10h;
    static_cast<void>(throttle.admit(false, now));
    CHECK(throttle.drop_probability() == 0.5);
}

TEST_CASE(
    "connection_throttle: a handshake over the limit is closed without a reply",
    "[throttle][handshake]"
) {
    replica::settings configured;
    configured.connection_throttle.tokens_max = 1;
    configured.connection_throttle.fill_time = 1h;
    test::replica_disk disk;
    test::replica_driver server{disk, configured};
    const auto first = server.open();
    const auto second = server.open();
    CHECK(server.log_of(first).handshake);
    CHECK_FALSE(server.log_of(second).handshake);
    CHECK(server.log_of(second).closed);
}
