#include "server/configuration/diagnostic.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace conclave::configuration;

TEST_CASE("diagnostic: its text names file and line and severity", "[diagnostic]") {
    CHECK(
        to_string(diagnostic{severity::warning, {"zoo.cfg", 12}, "odd"}) ==
        "zoo.cfg:12: warning: odd"
    );
    CHECK(to_string(diagnostic{severity::error, {"zoo.cfg", 0}, "gone"}) == "zoo.cfg: error: gone");
    CHECK(to_string(diagnostic{severity::note, {"a", 1}, "b"}) == "a:1: note: b");
}

TEST_CASE("diagnostic: printable text has no control characters", "[diagnostic]") {
    CHECK(printable("plain text") == "plain text");
    CHECK(printable("a\nb\x1b\xff") == "a\\x0ab\\x1b\\xff");
}

TEST_CASE("diagnostic: printable text is cut after 120 bytes", "[diagnostic]") {
    CHECK(printable(std::string(120, 'x')) == std::string(120, 'x'));
    CHECK(printable(std::string(121, 'x')) == std::string(120, 'x') + "...");
}

TEST_CASE(
    "diagnostic: a report keeps errors after it has stopped keeping warnings", "[diagnostic]"
) {
    report out;
    for (std::size_t count = 0; count < report::count_max + 10; ++count) {
        out.warn({"f", 1}, "w");
    }
    CHECK(out.entries().size() == report::count_max + 1);
    out.error({"f", 2}, "e");
    CHECK(out.entries().back() == diagnostic{severity::error, {"f", 2}, "e"});
}

TEST_CASE("diagnostic: a report is bounded", "[diagnostic]") {
    report out;
    for (std::size_t count = 0; count < 3 * report::count_max; ++count) {
        out.error({"f", 1}, "e");
    }
    CHECK(out.entries().size() == 2 * report::count_max);
}

TEST_CASE(
    "diagnostic: origins point at the file as a whole for a key that was not given", "[diagnostic]"
) {
    origins given("zoo.cfg");
    given.set("tickTime", {"zoo.cfg", 3});
    CHECK(given.has("tickTime"));
    CHECK(given.of("tickTime") == place{"zoo.cfg", 3});
    CHECK_FALSE(given.has("dataDir"));
    CHECK(given.of("dataDir") == place{"zoo.cfg", 0});
}

} // namespace
