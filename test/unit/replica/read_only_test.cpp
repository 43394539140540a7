/// A server that has lost its quorum, and clients that are content with reading
/// (zookeeper-protocol 2.5).
#include "test/unit/replica/one_of_several.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

using std::chrono::milliseconds;

constexpr milliseconds entry_delay{3000}; // a tick of the settings

/// Without anybody else.
struct lonely_server {
    explicit lonely_server(bool read_only_enabled = true)
        : ensemble(members(3, true)), disk(founded(ensemble)), driver(disk, [&] {
            replica::settings configured = settings_of(ensemble);
            configured.read_only_enabled = read_only_enabled;
            return configured;
        }()) {}

    replica_driver::connection
    connect(bool read_only, session_id session = {}, bytes_view password = {}) {
        const auto client = driver.connect();
        driver.send(client, connect_frame(8000, session, password, {}, read_only));
        driver.settle();
        return client;
    }

    zab::membership ensemble;
    replica_disk disk;
    replica_driver driver;
};

errc error_of(replica_driver& server, replica_driver::connection client, bytes_view frame) {
    return server.call(client, frame).header.error;
}

} // namespace

TEST_CASE("read only: it begins when nobody has led for a while", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay - milliseconds{1});
    CHECK_FALSE(server.driver.server().is_read_only());
    const auto early = server.connect(true);
    CHECK(server.driver.log_of(early).closed);
    server.driver.advance(milliseconds{1});
    CHECK(server.driver.server().is_read_only());
    CHECK(server.driver.server().mode() == std::string{"read-only"});
    CHECK_FALSE(server.driver.server().is_serving());
}

TEST_CASE("read only: it never begins unless it is enabled", "[read-only]") {
    lonely_server server{false};
    server.driver.advance(entry_delay * 10);
    CHECK_FALSE(server.driver.server().is_read_only());
    CHECK(server.driver.log_of(server.connect(true)).closed);
}

TEST_CASE("read only: a server without history has nothing to show", "[read-only]") {
    replica_disk empty;
    replica::settings configured = settings_of(members(3, true));
    configured.read_only_enabled = true;
    replica_driver server{empty, configured};
    server.advance(entry_delay * 10);
    CHECK_FALSE(server.server().is_read_only());
}

TEST_CASE("read only: who does not ask for it is sent away", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay);
    const auto client = server.connect(false);
    CHECK(server.driver.log_of(client).closed);
    CHECK_FALSE(server.driver.log_of(client).handshake);
}

TEST_CASE("read only: a client gets a session of this server alone, and may read", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay);
    const zxid before = server.driver.server().last_applied();
    const auto client = server.connect(true);
    const auto& handshake = server.driver.log_of(client).handshake;
    REQUIRE(handshake);
    CHECK(handshake->read_only);
    CHECK(handshake->timeout_ms == 8000);
    CHECK(handshake->session != session_id{});
    CHECK(server.driver.server().sessions().count() == 0);
    CHECK(server.driver.server().last_applied() == before);
    const received_frame read =
        server.driver.call(client, request_frame(1, opcode::get_data, bytes_view{"/"}, true));
    CHECK(read.header.error == errc::ok);
    CHECK(read.header.at == before);
    CHECK(error_of(server.driver, client, request_frame(-2, opcode::ping)) == errc::ok);
}

TEST_CASE("read only: whatever is no read is refused and the connection lives on", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay);
    const auto client = server.connect(true);
    const bytes frames[] = {
        create_frame(1, "/a"),
        create_frame(1, "/a", {}, create_mode::persistent, opcode::create2),
        request_frame(1, opcode::set_data, bytes_view{"/"}, bytes_view{"x"}, std::int32_t{-1}),
        request_frame(1, opcode::remove, bytes_view{"/a"}, std::int32_t{-1}),
        request_frame(1, opcode::check, bytes_view{"/"}, std::int32_t{-1}),
        request_frame(1, opcode::multi),
        request_frame(1, opcode::sync, bytes_view{"/"})};
    for (const bytes& each : frames) {
        const received_frame refused = server.driver.call(client, each);
        CHECK(refused.header.error == errc::not_read_only);
        CHECK(refused.header.at == server.driver.server().last_applied());
    }
    CHECK_FALSE(server.driver.log_of(client).closed);
    CHECK(error_of(server.driver, client, request_frame(1, opcode{9999})) == errc::unimplemented);
    CHECK(server.driver.log_of(client).closed);
}

TEST_CASE("read only: a session is resumed here and ends when its client says so", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay);
    const auto first = server.connect(true);
    const connect_outcome opened = *server.driver.log_of(first).handshake;
    const auto second = server.connect(true, opened.session, opened.password);
    CHECK(server.driver.log_of(second).handshake->session == opened.session);
    CHECK(server.driver.log_of(first).closed);
    CHECK(error_of(server.driver, second, request_frame(1, opcode::close_session)) == errc::ok);
    CHECK(server.driver.log_of(second).closed);
    const auto late = server.connect(true, opened.session, opened.password);
    REQUIRE(server.driver.log_of(late).handshake);
    CHECK(server.driver.log_of(late).handshake->session == session_id{});
    CHECK(server.driver.log_of(late).handshake->read_only);
}

TEST_CASE("read only: a wrong password does not disturb the owner", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay);
    const auto owner = server.connect(true);
    const session_id session = server.driver.log_of(owner).handshake->session;
    const auto thief = server.connect(true, session, bytes(16, 'x'));
    CHECK(server.driver.log_of(thief).handshake->session == session_id{});
    CHECK_FALSE(server.driver.log_of(owner).closed);
}

TEST_CASE("read only: a session of the ensemble is over for nobody here", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay);
    const session_id elsewhere{std::int64_t{2} << 56}; // opened behind what is applied here
    REQUIRE(server.driver.server().sessions().find(elsewhere) == nullptr);
    const bytes password = session_password(secret{'s'}, elsewhere);
    const auto client = server.connect(true, elsewhere, password);
    CHECK(server.driver.log_of(client).closed);
    CHECK_FALSE(server.driver.log_of(client).handshake);
}

TEST_CASE("read only: a read-only session of another server is over here", "[read-only]") {
    lonely_server there;
    there.driver.advance(entry_delay);
    const connect_outcome opened = *there.driver.log_of(there.connect(true)).handshake;
    CHECK(opened.password != session_password(secret{'s'}, opened.session));
    lonely_server here; // of the same ensemble
    here.driver.advance(entry_delay);
    const auto client = here.connect(true, opened.session, opened.password);
    REQUIRE(here.driver.log_of(client).handshake);
    CHECK(here.driver.log_of(client).handshake->session == session_id{});
}

TEST_CASE("read only: a silent session expires", "[read-only]") {
    lonely_server server;
    server.driver.advance(entry_delay);
    const auto silent = server.connect(true);
    const auto lively = server.connect(true);
    for (int second = 0; second < 15; ++second) {
        server.driver.advance(milliseconds{1000});
        CHECK(error_of(server.driver, lively, request_frame(-2, opcode::ping)) == errc::ok);
    }
    CHECK(server.driver.log_of(silent).closed);
    CHECK_FALSE(server.driver.log_of(lively).closed);
}

TEST_CASE("read only: the name of the ensemble is known all the time", "[identity]") {
    lonely_server server;
    CHECK(server.driver.server().cluster() == cluster_id_of(secret{'s'}));
    replica_disk empty;
    replica_driver fresh{empty, settings_of(members(3, true))};
    CHECK_FALSE(fresh.server().cluster());
}
