#include <catch2/catch.hpp>

#include "conclave/text.hpp"

using conclave::text::without_controls;

TEST_CASE("text: control characters are written out and nothing else", "[text]") {
    CHECK(without_controls("a b\xc3\xa4~\xc2\xa0") == "a b\xc3\xa4~\xc2\xa0");
    CHECK(without_controls("/x\nT12:00 error forged") == "/x\\x0aT12:00 error forged");
    CHECK(without_controls({"\0\x1b[2J\x7f\r", 7}) == "\\x00\\x1b[2J\\x7f\\x0d");
    CHECK(
        without_controls("\xc2\x9b"
                         "2J") == "\\xc2\\x9b2J"
    );
    CHECK(without_controls("operation=create\tznode=/a") == "operation=create\tznode=/a");
    CHECK(without_controls("").empty());
}
