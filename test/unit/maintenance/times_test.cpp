#include "server/maintenance/times.hpp"

#include <catch2/catch.hpp>

using namespace conclave::maintenance;

TEST_CASE("times: written and read alike", "[times]") {
    CHECK(iso_time(0) == "1970-01-01T00:00:00.000Z");
    CHECK(iso_time(1700000001500) == "2023-11-14T22:13:21.500Z");
    CHECK(parse_time("2023-11-14T22:13:21.500Z") == 1700000001500);
    CHECK(parse_time("2023-11-14T22:13:21Z") == 1700000001000);
    CHECK(parse_time("2023-11-14T22:13:21.5Z") == 1700000001500);
    CHECK(parse_time("1700000001500") == 1700000001500);
}

TEST_CASE("times: what is no time is refused", "[times]") {
    for (const char* text :
         {"",
          "yesterday",
          "2023-11-14",
          "2023-11-14T22:13:21",
          "2023-13-14T22:13:21Z",
          "2023-02-30T22:13:21Z",
          "2023-11-14T24:00:00Z",
          "2023-11-14T22:13:21.Z",
          "2023-11-14T22:13:21Z ",
          "+023-11-14T22:13:21Z"}) {
        INFO(text);
        CHECK_FALSE(parse_time(text).has_value());
    }
}
