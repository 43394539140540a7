/// What a partition of the server for tests keeps from clients, and what they learn afterwards.
#include "test/unit/recipes/fixture.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::recipes::test;

namespace {

/// Sends something, which the server does not answer.
void ask_in_vain(client::session zk) {
    zk.async_exists("/", [](boost::system::error_code, auto&&...) {});
}

} // namespace

TEST_CASE("server for tests: a session that expires in a partition", "[testing]") {
    run([]() -> asio::awaitable<void> {
        testing::server server;
        const client::session zk = co_await connected(server);
        server.partition();
        REQUIRE(server.expire(zk.key().id));
        CHECK(server.session_count() == 0);
        CHECK(server.connection_count() == 1); // its client has heard nothing yet
        ask_in_vain(zk);
        CHECK(zk.state() == client::session_state::connected);

        server.heal();
        co_await await_condition([&] { return zk.state() == client::session_state::lost; });
        CHECK(zk.lost_reason() == errc::session_expired);
        CHECK(server.connection_count() == 0);
    });
}

TEST_CASE("server for tests: connections that end in a partition can be dropped", "[testing]") {
    run([]() -> asio::awaitable<void> {
        testing::server server;
        const client::session zk = co_await connected(server);
        server.partition();
        REQUIRE(server.expire(zk.key().id));
        server.drop_connections();
        CHECK(server.connection_count() == 0);
        co_await await_condition([&] { return zk.state() == client::session_state::suspended; });
        server.heal();
        co_await await_condition([&] { return zk.state() == client::session_state::lost; });
    });
}
