#include "test/support/replica_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

TEST_CASE(
    "handshake: a new session gets an id and a password and consumes one zxid", "[handshake]"
) {
    replica_disk disk;
    replica_driver server{disk};
    const zxid before = server.server().last_applied();
    const auto client = server.open(8000);
    const auto& handshake = server.log_of(client).handshake;
    REQUIRE(handshake);
    CHECK(handshake->timeout_ms == 8000);
    CHECK(handshake->session != session_id{});
    CHECK(handshake->password.size() == 16);
    CHECK(server.server().last_applied() == before.next());
}

TEST_CASE("handshake: the timeout is clamped to the configured bounds", "[handshake]") {
    replica::settings configured;
    configured.session_timeout_ms_min = 1000;
    configured.session_timeout_ms_max = 10'000;
    replica_disk disk;
    replica_driver server{disk, configured};
    const auto negotiated = [&](std::int32_t asked) {
        return server.log_of(server.open(asked)).handshake->timeout_ms;
    };
    CHECK(negotiated(0) == 1000);
    CHECK(negotiated(-5) == 1000);
    CHECK(negotiated(1001) == 1001);
    CHECK(negotiated(10'001) == 10'000);
    CHECK(negotiated(std::numeric_limits<std::int32_t>::max()) == 10'000);
}

TEST_CASE("handshake: nothing is answered before the session is durable", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.connect();
    server.send(client, connect_frame(8000));
    server.deliver();
    CHECK_FALSE(server.log_of(client).handshake);
    server.settle();
    CHECK(server.log_of(client).handshake);
}

TEST_CASE("handshake: requests behind the ConnectRequest wait for the session", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.connect();
    server.send(client, connect_frame(8000));
    server.send(client, create_frame(1, "/a"));
    server.send(client, request_frame(2, opcode::exists, bytes_view{"/a"}, false));
    server.settle();
    REQUIRE(server.log_of(client).frames.size() == 2);
    CHECK(server.log_of(client).take().header.error == errc::ok);
    CHECK(server.log_of(client).take().header.error == errc::ok);
}

TEST_CASE(
    "handshake: a session is resumed with its password and the newly negotiated timeout",
    "[handshake]"
) {
    replica_disk disk;
    replica_driver server{disk};
    const auto first = server.open(8000);
    const connect_outcome opened = *server.log_of(first).handshake;
    const auto second = server.resume(opened.session, opened.password, 12'000);
    REQUIRE(server.log_of(second).handshake);
    CHECK(server.log_of(second).handshake->session == opened.session);
    CHECK(server.log_of(second).handshake->timeout_ms == 12'000);
    CHECK(server.log_of(first).closed);
    CHECK_FALSE(server.log_of(second).closed);
}

TEST_CASE("handshake: a wrong password is refused and does not disturb the owner", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto owner = server.open();
    const connect_outcome opened = *server.log_of(owner).handshake;
    const auto thief = server.resume(opened.session, bytes(16, 'x'));
    const auto& refusal = server.log_of(thief).handshake;
    REQUIRE(refusal);
    CHECK(refusal->session == session_id{});
    CHECK(refusal->timeout_ms == 0);
    CHECK(refusal->password == bytes(16, '\0'));
    CHECK(server.log_of(thief).closed);
    CHECK_FALSE(server.log_of(owner).closed);
}

TEST_CASE("handshake: an unknown session is refused", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.resume(session_id{0x123}, bytes(16, 'x'));
    CHECK(server.log_of(client).handshake->session == session_id{});
    CHECK(server.log_of(client).closed);
}

TEST_CASE(
    "handshake: a client that has seen a newer state is closed without a reply", "[handshake]"
) {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.connect();
    server.send(client, connect_frame(8000, {}, {}, server.server().last_applied().next()));
    server.settle();
    CHECK(server.log_of(client).closed);
    CHECK_FALSE(server.log_of(client).handshake);
}

TEST_CASE(
    "handshake: a first frame that is no ConnectRequest is closed without a reply", "[handshake]"
) {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.connect();
    server.send(client, "short");
    server.settle();
    CHECK(server.log_of(client).closed);
    CHECK_FALSE(server.log_of(client).handshake);
}

TEST_CASE("handshake: a connection that stays silent is closed", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto silent = server.connect();
    const auto active = server.open(40'000);
    server.advance(std::chrono::milliseconds{9'999});
    CHECK_FALSE(server.log_of(silent).closed);
    server.advance(std::chrono::milliseconds{1});
    CHECK(server.log_of(silent).closed);
    CHECK_FALSE(server.log_of(active).closed);
}

TEST_CASE("handshake: sessions and passwords survive a restart", "[handshake][restart]") {
    replica_disk disk;
    connect_outcome opened;
    {
        replica_driver server{disk};
        opened = *server.log_of(server.open()).handshake;
        if (GENERATE(false, true)) {
            server.server().request_checkpoint(server.now());
            server.settle();
        }
    }
    replica_driver server{disk};
    const auto client = server.resume(opened.session, opened.password);
    CHECK(server.log_of(client).handshake->session == opened.session);
}

namespace {

bytes login_frame(bytes_view scheme) {
    return request_frame(-4, opcode::auth, auth_request{0, scheme, "bob:secret"});
}

} // namespace

TEST_CASE("handshake: requests behind a failed login are dropped", "[handshake][auth]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.connect();
    server.send(client, connect_frame(8000));
    server.send(client, create_frame(1, "/before"));
    server.send(client, login_frame("nobody"));
    server.send(client, create_frame(2, "/behind"));
    server.send(client, request_frame(3, opcode::exists, bytes_view{"/"}, false));
    server.settle();
    REQUIRE(server.log_of(client).frames.size() == 2);
    CHECK(server.log_of(client).take().header.error == errc::ok);
    CHECK(server.log_of(client).take().header.error == errc::auth_failed);
    CHECK(server.log_of(client).closed);
    CHECK(server.server().nodes().find("/before"));
    CHECK_FALSE(server.server().nodes().find("/behind"));
    CHECK(server.server().current_status(server.now()).outstanding == 0);
}

TEST_CASE("handshake: requests behind the end of the session are dropped", "[handshake]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.connect();
    server.send(client, connect_frame(8000));
    server.send(client, request_frame(1, opcode::close_session));
    server.send(client, request_frame(2, opcode::exists, bytes_view{"/"}, false));
    server.settle();
    REQUIRE(server.log_of(client).frames.size() == 1);
    CHECK(server.log_of(client).take().header.id == xid{1});
    CHECK(server.log_of(client).closed);
    CHECK(server.server().current_status(server.now()).outstanding == 0);
}

TEST_CASE("handshake: a login behind a write holds for every later request", "[handshake][auth]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.connect();
    server.send(client, connect_frame(8000));
    server.send(client, create_frame(1, "/a"));
    server.send(client, login_frame("digest"));
    server.deliver();
    server.persist(); // the session is open, and the write is on its way
    const std::vector<acl_record> creators{{permission::all, "auth", ""}};
    const std::optional<bytes_view> no_data;
    server.send(
        client,
        request_frame(2, opcode::create, bytes_view{"/b"}, no_data, creators, std::int32_t{0})
    );
    server.settle();
    REQUIRE(server.log_of(client).frames.size() == 3);
    CHECK(server.log_of(client).frames[2].header.id == xid{2});
    CHECK(server.log_of(client).frames[2].header.error == errc::ok);
}
