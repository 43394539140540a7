#include <catch2/catch.hpp>

#include "conclave/printable.hpp"

using namespace conclave;

TEST_CASE("printable: control characters are written out and nothing else", "[printable]") {
    CHECK(printable("a b\xc3\xa4~") == "a b\xc3\xa4~");
    CHECK(printable("/x\nT12:00 error forged") == "/x\\x0aT12:00 error forged");
    CHECK(printable({"\0\x1b[2J\x7f\r", 7}) == "\\x00\\x1b[2J\\x7f\\x0d");
    CHECK(printable("operation=create\tznode=/a") == "operation=create\tznode=/a");
    CHECK(printable("").empty());
}
