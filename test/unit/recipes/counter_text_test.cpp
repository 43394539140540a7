/// Numbers as the nodes of counters hold them.
#include "client/recipes/src/counter_text.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace conclave;
using namespace conclave::recipes;
using namespace conclave::recipes::detail;

TEST_CASE("counter: each format reads what it writes", "[recipes][counter]") {
    for (const auto format :
         {counter_format::text, counter_format::binary_32bit, counter_format::binary_64bit}) {
        for (const std::int64_t number : {0, 1, -1, 255, 256, -256, 2147483647}) {
            const auto data = format_number(number, format);
            REQUIRE(data);
            CHECK(parse_number(*data, format) == number);
        }
        CHECK(parse_number("", format) == 0);
    }
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    CHECK(parse_number(*format_number(least, counter_format::text), counter_format::text) == least);
    CHECK(
        parse_number(
            *format_number(least, counter_format::binary_64bit), counter_format::binary_64bit
        ) == least
    );
}

TEST_CASE("counter: octets are in network order", "[recipes][counter]") {
    CHECK(format_number(258, counter_format::binary_32bit) == bytes{"\0\0\1\2", 4});
    CHECK(format_number(-2, counter_format::binary_64bit) == bytes(7, '\xff') + "\xfe");
    CHECK(format_number(-12, counter_format::text) == "-12");
}

TEST_CASE("counter: what is no number is refused", "[recipes][counter]") {
    for (const char* text : {"x", "1x", " 1", "1 ", "+1", "1.5", "9223372036854775808"}) {
        INFO(text);
        CHECK_FALSE(parse_number(text, counter_format::text));
    }
    CHECK_FALSE(parse_number("123", counter_format::binary_32bit));
    CHECK_FALSE(parse_number("12345", counter_format::binary_32bit));
    CHECK_FALSE(parse_number("1234", counter_format::binary_64bit));
}

TEST_CASE("counter: what does not fit is refused", "[recipes][counter]") {
    CHECK_FALSE(format_number(2147483648, counter_format::binary_32bit));
    CHECK_FALSE(format_number(-2147483649, counter_format::binary_32bit));
    constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    CHECK(sum(greatest, 0) == greatest);
    CHECK_FALSE(sum(greatest, 1));
    CHECK(sum(greatest, least) == -1);
    CHECK_FALSE(sum(least, -1));
    CHECK_FALSE(sum(-1, least));
}
