#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include "conclave/client/error.hpp"
#include "conclave/client/settings.hpp"

using namespace conclave;
using namespace conclave::client;

TEST_CASE("connect string: servers and a chroot", "[client]") {
    const auto parsed = parse_connect_string("a:1, b ,[::1]:3,[fe80::2]/app/x");
    REQUIRE(parsed);
    CHECK(
        parsed->servers ==
        std::vector<server_address>{{"a", 1}, {"b", 2181}, {"::1", 3}, {"fe80::2", 2181}}
    );
    CHECK(parsed->chroot == "/app/x");
    CHECK(parse_connect_string("a/")->chroot.empty());
    CHECK(parse_connect_string("a")->chroot.empty());
}

TEST_CASE("connect string: what names no server is refused", "[client]") {
    const auto text = GENERATE(
        "",
        ",",
        "a,,b",
        "a:",
        "a:0",
        "a:65536",
        "a:x",
        "a:1x",
        ":1",
        "[::1",
        "[::1]1",
        "[]:1",
        "/app",
        "a//b",
        "a/b/",
        "a/../b"
    );
    INFO(text);
    CHECK_FALSE(parse_connect_string(text));
}

TEST_CASE("errors: conditions say what follows", "[client]") {
    const auto as_asio = [](auto code) {
        return boost::system::error_code{make_error_code(code)};
    };
    CHECK(as_asio(errc::connection_loss) == condition::outcome_unknown);
    CHECK(as_asio(errc::operation_timeout) == condition::outcome_unknown);
    CHECK(
        boost::system::error_code{boost::asio::error::operation_aborted} ==
        condition::outcome_unknown
    );
    CHECK(as_asio(error::not_sent) == condition::not_executed);
    CHECK(as_asio(error::session_closed) == condition::session_lost);
    CHECK(as_asio(errc::session_expired) == condition::session_lost);
    CHECK(as_asio(errc::no_node) != condition::session_lost);
    CHECK(as_asio(errc::no_node) != condition::outcome_unknown);
    CHECK(as_asio(errc::no_node) == errc::no_node);
    CHECK(as_asio(error::not_sent) == error::not_sent);
    CHECK(
        as_asio(error::not_sent).message() == "the request was not sent, so it has not taken effect"
    );
}
