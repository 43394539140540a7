/// Access control lists, quotas, data, paths: texts that are read and written.
#include "client/shell/access_text.hpp"
#include "client/shell/data_text.hpp"
#include "client/shell/path_text.hpp"
#include "client/shell/quota_text.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::shell;

TEST_CASE("acl: entries are read and written alike", "[shell][acl]") {
    const auto entries = parse_acl("world:anyone:cdrwa,digest:u:ha:sh=:r,ip:10.0.0.0/8:cw");
    REQUIRE(entries);
    REQUIRE(entries->size() == 3);
    CHECK((*entries)[0] == client::acl_entry{permission::all, "world", "anyone"});
    CHECK((*entries)[1] == client::acl_entry{permission::read, "digest", "u:ha:sh="});
    CHECK(acl_entry_text((*entries)[2]) == "ip:10.0.0.0/8:cw");
}

TEST_CASE("acl: an empty id is one", "[shell][acl]") {
    const auto entries = parse_acl("auth::cdrwa");
    REQUIRE(entries);
    CHECK(entries->front().who == identity{"auth", ""});
}

TEST_CASE("acl: one bad entry spoils the list", "[shell][acl]") {
    CHECK(parse_acl("bad").error().text == "bad does not have the form scheme:id:perm");
    CHECK(parse_acl("bad").error().error == errc::invalid_acl);
    CHECK_FALSE(parse_acl("world:anyone:rx"));
    CHECK_FALSE(parse_acl("world:anyone:r,"));
    CHECK_FALSE(parse_acl(""));
}

TEST_CASE("quota: what ZooKeeper writes is read", "[shell][quota]") {
    const quota_figures figures =
        parse_quota("count=5,bytes=-1=;byteHardLimit=100;countHardLimit=7");
    CHECK(figures == quota_figures{5, -1, 7, 100});
    CHECK(limits_text(figures) == "count=5,bytes=-1=;byteHardLimit=100;countHardLimit=7");
    CHECK(parse_quota("count=2,bytes=3") == quota_figures{2, 3, -1, -1});
}

TEST_CASE("quota: garbage is no limit", "[shell][quota]") {
    CHECK(parse_quota("") == quota_figures{});
    CHECK(parse_quota(";;,=,count=x") == quota_figures{});
}

TEST_CASE("quota: its nodes lie below /zookeeper/quota", "[shell][quota]") {
    CHECK(quota_path("/a/b") == "/zookeeper/quota/a/b");
    CHECK(quota_path("/") == "/zookeeper/quota");
}

TEST_CASE("data: base64 is the reverse of itself", "[shell][data]") {
    for (const std::string_view text : {"", "a", "ab", "abc", "abcd"}) {
        CHECK(parse_base64(base64(text)) == text);
    }
    CHECK(parse_base64("YWI") == "ab");
    CHECK(parse_base64(" YW\nI= ") == "ab");
    CHECK(parse_base64("/w==") == "\xff");
}

TEST_CASE("data: what is no base64 is refused", "[shell][data]") {
    for (const std::string_view text : {"a", "=", "ab=c", "a-b_", "YWI==="}) {
        CAPTURE(text);
        CHECK_FALSE(parse_base64(text).has_value());
    }
}

TEST_CASE("data: a dump shows offsets and octets and letters", "[shell][data]") {
    CHECK(
        hex_dump("hello\x01\xff") ==
        "         +-------------------------------------------------+\n"
        "         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |\n"
        "+--------+-------------------------------------------------+----------------+\n"
        "|00000000| 68 65 6c 6c 6f 01 ff                            |hello..         |\n"
        "+--------+-------------------------------------------------+----------------+"
    );
    CHECK(hex_dump("").empty());
    const std::string two_rows = hex_dump("0123456789abcdef!");
    CHECK(two_rows.find("|00000010| 21 ") != std::string::npos);
}

TEST_CASE("data: what would move a cursor is not shown", "[shell][data]") {
    CHECK(is_presentable("text\nwith\ttabs \xc3\xa4"));
    CHECK_FALSE(is_presentable("\033[2J"));
    CHECK_FALSE(is_presentable("\xff"));
    CHECK_FALSE(is_presentable("\xc2\x9b"
                               "2J")); // CSI in one character
    CHECK_FALSE(is_presentable("\xc2\x80"));
    CHECK(is_presentable("\xc2\xa0\xc3\x9b\xe2\x82\x9b"));
    CHECK(summary_of("one\ntwo", 20) == "one two");
    CHECK(summary_of("\xc3\xa4\xc3\xb6\xc3\xbc", 2) == "\xc3\xa4\xc3\xb6...");
    CHECK(summary_of(std::string_view{"\0\1", 2}, 20) == "<2 bytes>");
}

TEST_CASE("path: what is wrong is said in ZooKeeper's words", "[shell][path]") {
    CHECK_FALSE(path_problem("/"));
    CHECK_FALSE(path_problem("/a/b.c/..d"));
    CHECK(path_problem("") == "Path length must be > 0");
    CHECK(path_problem("a") == "Path must start with / character");
    CHECK(path_problem("/a/") == "Path must not end with / character");
    CHECK(
        path_problem("/a//b") ==
        "Invalid path string \"/a//b\" caused by empty node name specified @3"
    );
    CHECK(
        path_problem("/a/../b") ==
        "Invalid path string \"/a/../b\" caused by relative paths not allowed @4"
    );
    CHECK(path_problem(std::string_view{"/a\1", 3}).has_value());
}
