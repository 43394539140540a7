#include "server/admin/base64.hpp"
#include "server/admin/http_message.hpp"
#include "server/admin/pretty_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace conclave;
using namespace conclave::admin;

namespace {

http_request parsed(bytes_view target) {
    http_request made;
    const auto outcome = parse_target(target, made);
    INFO(target);
    REQUIRE(outcome);
    return made;
}

bytes refused(bytes_view target) {
    http_request made;
    const auto outcome = parse_target(target, made);
    INFO(target);
    REQUIRE(!outcome);
    return outcome.error();
}

} // namespace

TEST_CASE("http message: a target is a path and parameters", "[admin][http]") {
    const http_request made = parsed("/a%20b/c?limit=5&after=x%26y+z&flag&=odd");
    CHECK(made.path == "/a b/c");
    CHECK(made.parameter("limit") == "5");
    CHECK(made.parameter("after") == "x&y z");
    CHECK(made.has_flag("flag"));
    CHECK(!made.has_flag("limit"));
    CHECK(!made.parameter("nothing"));
}

TEST_CASE("http message: a plus in the path is a plus", "[admin][http]") {
    CHECK(parsed("/a+b").path == "/a+b");
}

TEST_CASE("http message: proxies give the whole URL", "[admin][http]") {
    CHECK(parsed("http://127.0.0.1:2180/v1/status?x=1#y").path == "/v1/status");
}

TEST_CASE("http message: what is no path is refused with a sentence", "[admin][http]") {
    CHECK_THAT(refused("*"), Catch::Contains("no path"));
    CHECK_THAT(refused("http://host"), Catch::Contains("no path"));
    CHECK_THAT(refused("/%4"), Catch::Contains("%"));
    CHECK_THAT(refused("/a?b=%zz"), Catch::Contains("%"));
    CHECK_THAT(refused("/a%00b"), Catch::Contains("NUL"));
    for (const char* const traversal :
         {"/../etc/passwd", "/v1/znodes/..", "/a/%2e%2e/b", "/a/./b", "/.", "/%2E%2e"}) {
        CHECK_THAT(refused(traversal), Catch::Contains("component"));
    }
    CHECK(parsed("/a..b/...").path == "/a..b/...");
}

TEST_CASE("http message: parameters are counted", "[admin][http]") {
    bytes target = "/?a";
    for (int count = 1; count < 64; ++count) {
        target += "&a";
    }
    CHECK(parsed(target).query.size() == 64);
    CHECK_THAT(refused(target + "&a"), Catch::Contains("64"));
}

TEST_CASE("http message: a path survives encoding and decoding", "[admin][http]") {
    bytes every;
    for (int octet = 1; octet < 256; ++octet) {
        every += static_cast<char>(octet);
    }
    CHECK(percent_decoded(percent_encoded(every), false).value() == every);
    CHECK(percent_encoded("/a b") == "/a%20b");
}

TEST_CASE("http message: a problem is JSON that says what is wrong", "[admin][http]") {
    const http_response made = problem(404, "no \"node\" \xff");
    CHECK(made.content_type == "application/problem+json");
    const auto body = nlohmann::json::parse(made.body);
    CHECK(body["status"] == 404);
    CHECK(body["title"] == "Not Found");
    CHECK(body["detail"] == "no \"node\" \xef\xbf\xbd");
}

TEST_CASE("http message: a head says how long the body is", "[admin][http]") {
    const bytes whole = head_of({200, "text/plain", "", {{"X-Other", "y"}}}, 5, false, true, "now");
    CHECK_THAT(whole, Catch::StartsWith("HTTP/1.1 200 OK\r\n") && Catch::EndsWith("\r\n\r\n"));
    CHECK_THAT(
        whole,
        Catch::Contains("\r\nContent-Length: 5\r\n") && Catch::Contains("\r\nX-Other: y\r\n") &&
            Catch::Contains("\r\nConnection: keep-alive\r\n")
    );
    const bytes stream = head_of({}, std::nullopt, true, false, "now");
    CHECK_THAT(
        stream,
        Catch::Contains("\r\nTransfer-Encoding: chunked\r\n") &&
            Catch::Contains("\r\nConnection: close\r\n") && !Catch::Contains("Content-Length")
    );
    CHECK_THAT(head_of({204, "", "", {}}, 0, false, true, "now"), !Catch::Contains("\r\nContent-"));
}

TEST_CASE("base64: what is encoded is decoded", "[admin]") {
    CHECK(base64_decoded("") == "");
    CHECK(base64_decoded("YQ==") == "a");
    CHECK(base64_decoded("YQ") == "a");
    CHECK(base64_decoded("YWI=") == "ab");
    CHECK(base64_decoded("YWJj") == "abc");
    CHECK(base64_decoded("/+8=") == "\xff\xef");
    for (const char* const malformed : {"Y", "YQ=x", "Y Q=", "YR==", "YQ===", "-_8=", "YWJjZ"}) {
        INFO(malformed);
        CHECK(!base64_decoded(malformed));
    }
}

TEST_CASE("pretty json: objects and arrays look as ZooKeeper prints them", "[admin]") {
    const nlohmann::ordered_json told{
        {"b", 1},
        {"a", {{"x", nullptr}}},
        {"list", {"p", "q"}},
        {"none", nlohmann::ordered_json::array()},
        {"empty", nlohmann::ordered_json::object()},
        {"objects", nlohmann::ordered_json::array({{{"k", 0.5}}})}};
    CHECK(
        pretty(told) == "{\n"
                        "  \"b\" : 1,\n"
                        "  \"a\" : {\n"
                        "    \"x\" : null\n"
                        "  },\n"
                        "  \"list\" : [ \"p\", \"q\" ],\n"
                        "  \"none\" : [ ],\n"
                        "  \"empty\" : { },\n"
                        "  \"objects\" : [ {\n"
                        "    \"k\" : 0.5\n"
                        "  } ]\n"
                        "}"
    );
}
