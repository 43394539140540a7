#include "server/replica/top_talkers.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace conclave;
using conclave::replica::top_talkers;

TEST_CASE("top talkers: requests are counted by the first component of their path", "[talkers]") {
    top_talkers seen;
    seen.add("/app/x/y", true, 10);
    seen.add("/app", false, 5);
    seen.add("/other/z", false, 1);
    seen.add("/", false, 1);
    const auto listed = seen.list();
    REQUIRE(listed.size() == 3);
    CHECK(listed[0].name == "/app");
    CHECK(listed[0].count == 2);
    CHECK(listed[0].writes == 1);
    CHECK(listed[0].octets == 15);
    CHECK(listed[0].overestimate == 0);
    CHECK(listed[1].name == "/");
}

TEST_CASE("top talkers: names are text, also where they are shortened", "[talkers]") {
    top_talkers seen;
    const bytes accents =
        "/" + bytes(45, 'x') + "\xc3\xa9\xc3\xa9"; // the limit is within the first
    seen.add(accents, false, 1);
    seen.add(accents + "/below", false, 1);
    seen.add("/" + bytes(46, 'x') + "yz", false, 1);
    seen.add("/\xff", false, 1);
    seen.add("/\xf0\x9f\x98", false, 1);
    const auto listed = seen.list();
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].name == "/" + bytes(45, 'x'));
    CHECK(listed[0].count == 2);
    CHECK(listed[1].name == "/" + bytes(46, 'x'));
}

TEST_CASE("top talkers: who talks much is found among very many", "[talkers]") {
    top_talkers seen;
    for (int round = 0; round < 20'000; ++round) {
        seen.add("/n" + std::to_string(round), false, 1);
        if (round % 10 == 0) {
            seen.add("/busy", true, 1);
        }
    }
    const auto listed = seen.list();
    REQUIRE(listed.size() == top_talkers::capacity);
    CHECK(listed.front().name == "/busy");
    CHECK(listed.front().count >= 2000);
    CHECK(listed.front().count - listed.front().overestimate <= 2000);
}

TEST_CASE("top talkers: counts are never too low and together those of all", "[talkers]") {
    top_talkers seen;
    for (int round = 0; round < 1000; ++round) {
        seen.add("/n" + std::to_string(round % 100), false, 1);
    }
    std::uint64_t sum = 0;
    for (const auto& each : seen.list()) {
        sum += each.count;
        CHECK(each.count >= each.overestimate);
    }
    CHECK(sum == 1000);
}

TEST_CASE("top talkers: long names are shortened and told apart by their beginning", "[talkers]") {
    top_talkers seen;
    const std::string name = "/" + std::string(200, 'x');
    seen.add(name + "/a", false, 1);
    seen.add(name, false, 1);
    REQUIRE(seen.list().size() == 1);
    CHECK(seen.list().front().name.size() == top_talkers::name_size_max);
}
