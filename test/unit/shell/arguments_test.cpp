#include "client/shell/arguments.hpp"

#include <catch2/catch.hpp>

using namespace conclave::shell;
using words = std::vector<std::string>;

namespace {

arguments must_parse(std::string_view rules, const words& given) {
    auto parsed = parse_arguments(rules, given);
    REQUIRE(parsed);
    return *parsed;
}

std::string complaint(std::string_view rules, const words& given) {
    const auto parsed = parse_arguments(rules, given);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == exit_code::usage);
    return parsed.error().text;
}

} // namespace

TEST_CASE("arguments: options may stand before and behind words", "[shell][arguments]") {
    const arguments given = must_parse("s w", {"-s", "/a", "-w"});
    CHECK(given.has("s"));
    CHECK(given.has("w"));
    CHECK(given.words() == words{"/a"});
}

TEST_CASE("arguments: flags of one letter may be written together", "[shell][arguments]") {
    const arguments given = must_parse("s e c t:", {"-se", "/a"});
    CHECK(given.has("s"));
    CHECK(given.has("e"));
    CHECK_FALSE(given.has("c"));
}

TEST_CASE("arguments: a value follows as a word or at once", "[shell][arguments]") {
    CHECK(must_parse("v:", {"-v", "3", "/a"}).value("v") == "3");
    CHECK(must_parse("v:", {"-v3", "/a"}).value("v") == "3");
    CHECK(must_parse("s v:", {"-sv3", "/a"}).value("v") == "3");
    CHECK(must_parse("members:", {"-members", "server.1=h"}).value("members") == "server.1=h");
    CHECK(must_parse("v:", {"-v", "-1", "/a"}).value("v") == "-1");
    CHECK_FALSE(must_parse("v:", {"/a"}).value("v").has_value());
}

TEST_CASE("arguments: a value may follow an equals sign", "[shell][arguments]") {
    CHECK(must_parse("v:", {"-v=3", "/a"}).value("v") == "3");
    CHECK(must_parse("add:", {"-add=server.1=h"}).value("add") == "server.1=h");
    CHECK(complaint("s", {"-s=3"}) == "Unrecognized option: -s=3");
}

TEST_CASE("arguments: of what is repeated all or the last counts", "[shell][arguments]") {
    const arguments given = must_parse("add: v:", {"-add", "1", "-v", "3", "-add", "2,4"});
    CHECK(given.joined("add") == "1,2,4");
    CHECK(given.value("add") == "2,4");
    CHECK(given.joined("v") == "3");
    CHECK(given.joined("remove").empty());
}

TEST_CASE("arguments: what no rule names is refused", "[shell][arguments]") {
    CHECK(complaint("s", {"-x"}) == "Unrecognized option: -x");
    CHECK(complaint("s", {"-sx"}) == "Unrecognized option: -sx");
    CHECK(complaint("s", {"--s"}) == "Unrecognized option: --s");
    CHECK(complaint("v:", {"-v"}) == "Missing argument for option: v");
}

TEST_CASE("arguments: two dashes end the options and one is a word", "[shell][arguments]") {
    CHECK(must_parse("s", {"/a", "--", "-5"}).words() == words{"/a", "-5"});
    CHECK(must_parse("s", {"/a", "-"}).words() == words{"/a", "-"});
}

TEST_CASE("arguments: leading options end at the first word", "[shell][arguments]") {
    const auto given = parse_leading_arguments("t:", {"-t", "5", "/lock", "--", "ls", "-l"});
    REQUIRE(given);
    CHECK(given->value("t") == "5");
    CHECK(given->words() == words{"/lock", "--", "ls", "-l"});
}

TEST_CASE("arguments: numbers are whole and within bounds", "[shell][arguments]") {
    const arguments given = must_parse("b: c:", {"-b", "10", "-c", "ten"});
    CHECK(*given.number("b", 1, 10, "no") == 10);
    CHECK_FALSE(given.number("b", 11, 20, "no"));
    CHECK(given.number("c", 1, 10, "c is a number").error().text == "c is a number");
    REQUIRE(given.number("d", 1, 10, "no"));
    CHECK_FALSE(given.number("d", 1, 10, "no")->has_value());
}
