#include "server/configuration/values.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace {

using namespace conclave::configuration;

TEST_CASE("values: a number is taken within its bounds", "[values]") {
    CHECK(*parse_integer("5", 5, 10) == 5);
    CHECK(*parse_integer("10", 5, 10) == 10);
    CHECK_FALSE(parse_integer("4", 5, 10));
    CHECK_FALSE(parse_integer("11", 5, 10));
    CHECK(*parse_integer("-1", -1, 10) == -1);
    CHECK(*parse_integer("+7", 5, 10) == 7);
}

TEST_CASE("values: a number in hexadecimal is taken as Java does", "[values]") {
    CHECK(*parse_integer("0xfffff", 0, 0xfffff) == 0xfffff);
    CHECK(*parse_integer("0X10", 0, 100) == 16);
}

TEST_CASE("values: a number must be the whole text", "[values]") {
    for (const std::string_view text :
         {"",
          " ",
          "5 ",
          " 5",
          "5ms",
          "five",
          "5.0",
          "0x",
          "0x-5",
          "+-5",
          "++5",
          "--5",
          "1e3",
          "9223372036854775808"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_integer(text, -100, std::numeric_limits<std::int64_t>::max()));
    }
}

TEST_CASE("values: the sentence about a bad number says what would be right", "[values]") {
    CHECK(parse_integer("x\n", 1, 5).error() == "\"x\\x0a\" is not a whole number");
    CHECK(parse_integer("9", 1, 5).error() == "9 is outside 1 to 5");
}

TEST_CASE("values: a fraction lies between zero and one", "[values]") {
    CHECK(*parse_fraction("0") == 0.0);
    CHECK(*parse_fraction("0.02") == 0.02);
    CHECK(*parse_fraction("1") == 1.0);
    for (const std::string_view text : {"", "-0.1", "1.1", "nan", "inf", "0.5x", "0,5", "1e-3"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_fraction(text));
    }
}

TEST_CASE("values: a choice takes its two words in any case and nothing else", "[values]") {
    CHECK(*parse_choice("TRUE", "true", "false"));
    CHECK_FALSE(*parse_choice("false", "true", "false"));
    for (const std::string_view text : {"", "yes", "1", "on", "truee", "true "}) {
        CAPTURE(text);
        CHECK_FALSE(parse_choice(text, "true", "false"));
    }
}

TEST_CASE("values: a port is 1 to 65535", "[values]") {
    CHECK(*parse_port("1") == 1);
    CHECK(*parse_port("65535") == 65535);
    CHECK_FALSE(parse_port("0"));
    CHECK_FALSE(parse_port("65536"));
    CHECK_FALSE(parse_port(""));
}

TEST_CASE("values: a host loses its brackets", "[values]") {
    CHECK(*parse_host("[::1]") == "::1");
    CHECK(*parse_host("::1") == "::1");
    CHECK(*parse_host("zk-1.example_net") == "zk-1.example_net");
    CHECK(*parse_host("fe80::1%eth0") == "fe80::1%eth0");
}

TEST_CASE("values: a host has no blanks or slashes", "[values]") {
    const std::string longest(255, 'h');
    CHECK(parse_host(longest));
    CHECK_FALSE(parse_host(longest + "h"));
    for (const std::string_view text : {"", "[]", "a b", "http://a", "a/b", "[a", "a]", "*"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_host(text));
    }
}

TEST_CASE("values: a list keeps empty parts and trims the others", "[values]") {
    CHECK(split(" a , b,,c ", ',') == std::vector<std::string_view>{"a", "b", "", "c"});
    CHECK(split("", ',') == std::vector<std::string_view>{""});
}

} // namespace
