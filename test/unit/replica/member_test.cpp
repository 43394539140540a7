/// What being one of several changes for clients, and at the start.
#include "test/unit/replica/one_of_several.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

using std::chrono::milliseconds;

/// Decides alone, although it is not alone.
zab::membership with_an_observer() {
    return members(2, false);
}

replica_driver::connection connect_ahead(replica_driver& server, std::int64_t by) {
    const auto client = server.connect();
    const zxid seen{server.server().last_applied().value + by};
    server.send(client, connect_frame(8000, {}, {}, seen));
    server.settle();
    return client;
}

} // namespace

TEST_CASE("member: a client that has seen a little more is held until it is here", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk, settings_of(with_an_observer())};
    const auto writer = server.open();
    const auto client = connect_ahead(server, 2);
    server.send(client, create_frame(1, "/behind-the-handshake"));
    server.settle();
    CHECK_FALSE(server.log_of(client).handshake);
    CHECK_FALSE(server.log_of(client).closed);
    server.call(writer, create_frame(1, "/a"));
    CHECK_FALSE(server.log_of(client).handshake);
    server.call(writer, create_frame(2, "/b"));
    REQUIRE(server.log_of(client).handshake);
    CHECK(server.log_of(client).take().header.error == errc::ok);
}

TEST_CASE("member: a client that has seen too much is refused after a moment", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk, settings_of(with_an_observer())};
    const auto client = connect_ahead(server, 1);
    CHECK(server.server().next_deadline() <= server.now().monotonic + milliseconds{500});
    server.advance(milliseconds{499});
    CHECK_FALSE(server.log_of(client).closed);
    server.advance(milliseconds{1});
    CHECK(server.log_of(client).closed);
    CHECK_FALSE(server.log_of(client).handshake);
}

TEST_CASE("member: a leader that is to serve nobody closes connections", "[leader-serves]") {
    replica_disk disk;
    replica::settings configured = settings_of(with_an_observer());
    configured.leader_serves = false;
    replica_driver server{disk, configured};
    REQUIRE(server.server().is_leading());
    CHECK_FALSE(server.server().serves_clients());
    const auto client = server.open();
    CHECK(server.log_of(client).closed);
    CHECK_FALSE(server.log_of(client).handshake);
}

TEST_CASE("member: a server alone serves even if leaders are not to", "[leader-serves]") {
    replica_disk disk;
    replica::settings configured;
    configured.leader_serves = false;
    replica_driver server{disk, configured};
    CHECK(server.log_of(server.open()).handshake);
}

TEST_CASE("member: the data directory of another member is not started on", "[identity]") {
    replica_disk disk = founded(members(3, true));
    replica::settings configured = settings_of(members(3, true));
    configured.self = server_id{3};
    CHECK_THROWS_WITH(
        (replica_driver{disk, configured}),
        Catch::Contains("the data directory belongs to server 1 of the ensemble, but this server "
                        "has the id 3")
    );
}

TEST_CASE("member: a server alone does not begin without data if it must not", "[initialize]") {
    replica_disk disk;
    replica::settings configured;
    configured.may_found = false;
    CHECK_THROWS_WITH((replica_driver{disk, configured}), Catch::Contains("db.autocreate=false"));
    configured.may_found = true;
    replica_driver{disk, configured};
    configured.may_found = false;
    replica_driver again{disk, configured};
    CHECK(again.server().is_serving());
}

TEST_CASE("member: what a connection may do whose client has moved", "[sessions]") {
    replica_disk disk;
    replica_driver server{disk, settings_of(with_an_observer())};
    const auto left = server.open();
    const session_id session = server.log_of(left).handshake->session;
    const epoch now = server.server().last_applied().in_epoch();
    const replica::peer_message moved = replica::revalidate_message{now, session, 7, 8000};
    REQUIRE(server.server().on_peer_frame(server_id{2}, encode(moved), server.now()));
    server.settle();
    SECTION("it reads") {
        const bytes read = request_frame(1, opcode::exists, bytes_view{"/"}, false);
        CHECK(server.call(left, read).header.error == errc::ok);
    }
    SECTION("it does not write") {
        server.send(left, create_frame(1, "/a"));
        server.settle();
        CHECK(server.log_of(left).frames.empty());
        CHECK(server.log_of(left).closed);
        CHECK(server.server().sessions().find(session) != nullptr);
    }
    SECTION("it ends the session") {
        const bytes close = request_frame(1, opcode::close_session);
        CHECK(server.call(left, close).header.error == errc::ok);
        CHECK(server.log_of(left).closed);
        CHECK(server.server().sessions().find(session) == nullptr);
    }
}
