#include "server/configuration/properties.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace conclave;
using namespace conclave::configuration;

struct reading {
    std::vector<property> entries;
    std::vector<diagnostic> problems;
};

reading read(bytes_view text) {
    report problems;
    auto entries = read_properties(text, "test.cfg", problems);
    return {std::move(entries), problems.entries()};
}

property only_entry(bytes_view text) {
    reading outcome = read(text);
    REQUIRE(outcome.problems.empty());
    REQUIRE(outcome.entries.size() == 1);
    return outcome.entries.front();
}

TEST_CASE("properties: equals sign and colon and blank separate key and value", "[properties]") {
    const property expected{"key", "value", 1};
    for (const bytes_view text :
         {"key=value", "key:value", "key value", "key = value", "key\t:\tvalue", "  key=value"}) {
        CAPTURE(text);
        CHECK(only_entry(text) == expected);
    }
}

TEST_CASE("properties: only the first separator counts", "[properties]") {
    CHECK(only_entry("server.1=h:2888:3888;2181") == property{"server.1", "h:2888:3888;2181", 1});
    CHECK(only_entry("a = = b").value == "= b");
}

TEST_CASE("properties: a key without a separator has an empty value", "[properties]") {
    CHECK(only_entry("key") == property{"key", "", 1});
    CHECK(only_entry("key=") == property{"key", "", 1});
}

TEST_CASE("properties: values are trimmed at both ends", "[properties]") {
    CHECK(only_entry("key =  some value \t ").value == "some value");
}

TEST_CASE("properties: comments and empty lines count as lines only", "[properties]") {
    const reading outcome = read("# one\n\n  ! three\n\t\nkey=value # not a comment\n");
    REQUIRE(outcome.entries.size() == 1);
    CHECK(outcome.entries[0] == property{"key", "value # not a comment", 5});
}

TEST_CASE("properties: each kind of line end separates entries", "[properties]") {
    const std::vector<property> expected{{"a", "1", 1}, {"b", "2", 2}, {"c", "3", 3}};
    for (const bytes_view text : {"a=1\nb=2\nc=3", "a=1\r\nb=2\r\nc=3\r\n", "a=1\rb=2\rc=3\r"}) {
        CAPTURE(text);
        CHECK(read(text).entries == expected);
    }
}

TEST_CASE("properties: a backslash at the end continues the line", "[properties]") {
    const reading outcome = read("a=one,\\\n    two,\\\r\n\tthree\nb=4");
    CHECK(outcome.entries == std::vector<property>{{"a", "one,two,three", 1, 3}, {"b", "4", 4}});
}

TEST_CASE("properties: two backslashes at the end are one and continue nothing", "[properties]") {
    const reading outcome = read("a=one\\\\\nb=2");
    CHECK(outcome.entries == std::vector<property>{{"a", "one\\", 1}, {"b", "2", 2}});
}

TEST_CASE("properties: a continued line may begin with a comment sign", "[properties]") {
    CHECK(only_entry("a=one\\\n#two").value == "one#two");
}

TEST_CASE("properties: a comment is not continued", "[properties]") {
    CHECK(read("# comment \\\na=1").entries == std::vector<property>{{"a", "1", 2}});
}

TEST_CASE("properties: a backslash at the end of the file is dropped", "[properties]") {
    CHECK(only_entry("a=one\\").value == "one");
}

TEST_CASE("properties: an escaped separator belongs to the key", "[properties]") {
    CHECK(only_entry("a\\=b\\:c\\ d=value") == property{"a=b:c d", "value", 1});
}

TEST_CASE("properties: escapes stand for their characters", "[properties]") {
    CHECK(only_entry("a=x\\ty").value == "x\ty");
    CHECK(only_entry("a=C:\\\\data").value == "C:\\data");
    CHECK(only_entry("a=\\q\\#").value == "q#");
}

TEST_CASE("properties: unicode escapes become UTF-8 of every length", "[properties]") {
    CHECK(only_entry("a=\\u0041").value == "A");
    CHECK(only_entry("a=\\u00e9").value == "\xc3\xa9");
    CHECK(only_entry("a=\\u20AC").value == "\xe2\x82\xac");
    CHECK(only_entry("a=\\ud83d\\ude00").value == "\xf0\x9f\x98\x80");
}

TEST_CASE("properties: a broken unicode escape is an error of its line", "[properties]") {
    for (const bytes_view broken :
         {"\\u12",
          "\\u12g4",
          "\\u",
          "\\ud83d",
          "\\ud83dx",
          "\\ude00",
          "\\ud83d\\u0041",
          "\\u-123"}) {
        CAPTURE(broken);
        const reading outcome = read("\na=" + bytes(broken) + "\nb=2");
        CHECK(outcome.entries == std::vector<property>{{"b", "2", 3}});
        REQUIRE(outcome.problems.size() == 1);
        CHECK(outcome.problems[0].level == severity::error);
        CHECK(outcome.problems[0].where == place{"test.cfg", 2});
    }
}

TEST_CASE("properties: a control character is an error", "[properties]") {
    using namespace std::string_view_literals;
    for (const bytes_view text : {"a=x\0y"sv, "a=x\\u0007y"sv, "a=x\\ny"sv, "a\x7f=1"sv}) {
        const reading outcome = read(text);
        CHECK(outcome.entries.empty());
        CHECK(outcome.problems.size() == 1);
    }
}

TEST_CASE("properties: bytes above ASCII are kept as they are", "[properties]") {
    CHECK(only_entry("a=caf\xc3\xa9").value == "caf\xc3\xa9");
}

TEST_CASE("properties: a byte order mark is skipped", "[properties]") {
    CHECK(
        only_entry("\xef\xbb\xbf"
                   "a=1") == property{"a", "1", 1}
    );
}

TEST_CASE("properties: a key given twice appears twice", "[properties]") {
    CHECK(read("a=1\na=2").entries == std::vector<property>{{"a", "1", 1}, {"a", "2", 2}});
}

TEST_CASE("properties: nothing gives nothing", "[properties]") {
    for (const bytes_view text : {"", "\n", "\r\n\r", "#", "   "}) {
        CHECK(read(text).entries.empty());
        CHECK(read(text).problems.empty());
    }
}

TEST_CASE(
    "properties: a file at the size limit is read and one byte more is refused", "[properties]"
) {
    const bytes entry = "a=1\n";
    const bytes text = entry + bytes(properties_size_bytes_max - entry.size(), '#');
    CHECK(read(text).entries.size() == 1);
    CHECK(read(text).problems.empty());

    const reading refused = read(text + "#");
    CHECK(refused.entries.empty());
    REQUIRE(refused.problems.size() == 1);
    CHECK(refused.problems[0].level == severity::error);
}

TEST_CASE("properties: entries beyond the limit are refused", "[properties]") {
    bytes text;
    for (std::size_t count = 0; count < properties_count_max; ++count) {
        text += "a=1\n";
    }
    CHECK(read(text).problems.empty());

    const reading refused = read(text + "b=2\nc=3\n");
    CHECK(refused.entries.size() == properties_count_max);
    REQUIRE(refused.problems.size() == 1);
    CHECK(refused.problems[0].where.line == properties_count_max + 1);
}

} // namespace
