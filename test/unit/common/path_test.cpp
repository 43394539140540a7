#include <catch2/catch.hpp>

#include "conclave/path.hpp"

using namespace conclave;

TEST_CASE("path: valid paths", "[path]") {
    const bytes text = GENERATE(
        as<bytes>{}, "/", "/a", "/a/b", "/...", "/.x", "/a.", "/\xc2\xa0", "/\xef\xa4\x80", "/ b "
    );
    CAPTURE(text);
    CHECK(path::is_valid(text));
}

TEST_CASE("path: refused paths", "[path]") {
    const bytes text = GENERATE(
        as<bytes>{},
        "",
        "a",
        "/a/",
        "//",
        "//a",
        "/a//b",
        "/.",
        "/..",
        "/a/./b",
        "/a/..",
        "/\x01",
        "/\x1f",
        "/\x7f",
        "/\xc2\x80",
        "/\xc2\x9f",
        "/\xee\x80\x80",     // U+E000
        "/\xef\xbf\xb0",     // U+FFF0
        "/\xef\xbf\xbd",     // U+FFFD, what invalid UTF-8 decodes to
        "/\xf0\x9f\x98\x80", // U+1F600
        "/\xff",
        "/\xc0\xaf"
    );
    CAPTURE(text);
    CHECK_FALSE(path::is_valid(text));
    CHECK_FALSE(path::is_valid(bytes{"/a\0b", 4}));
}

TEST_CASE("path: the parent is what stands before the last slash", "[path]") {
    CHECK(path::parent_of("/a") == "/");
    CHECK(path::parent_of("/a/b") == "/a");
    CHECK(path::parent_of("/a/") == "/a");
    CHECK(path::parent_of("/a//b") == "/a/");
    CHECK(path::parent_of("/").empty());
    CHECK(path::parent_of("a").empty());
    CHECK(path::name_of("/a/b") == "b");
    CHECK(path::name_of("/a") == "a");
}

TEST_CASE("path: join does not double the slash of the root", "[path]") {
    CHECK(path::join("/", "a") == "/a");
    CHECK(path::join("/a", "b") == "/a/b");
}

TEST_CASE("path: below is meant by component", "[path]") {
    CHECK(path::is_at_or_below("/a", "/a"));
    CHECK(path::is_at_or_below("/a/b", "/a"));
    CHECK_FALSE(path::is_at_or_below("/ab", "/a"));
    CHECK(path::is_at_or_below("/ab", "/"));
}

TEST_CASE("utf8: malformed sequences become U+FFFD", "[utf8]") {
    CHECK(
        utf8::replace_invalid("a\xff"
                              "b") == "a\xef\xbf\xbd"
                                      "b"
    );
    CHECK(utf8::replace_invalid("\xed\xa0\x80").find("\xef\xbf\xbd") == 0);
    CHECK(utf8::replace_invalid("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
    CHECK_FALSE(utf8::is_valid("\xe2\x82"));
    CHECK(utf8::is_valid("\xe2\x82\xac"));
}
