#include "server/net/tls_stream.hpp"
#include "test/support/certificates.hpp"
#include "test/support/log_capture.hpp"
#include "test/unit/net/peer_fixture.hpp"
#include "test/unit/net/posix_client.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;

namespace {

tls::settings settings_of(const public_key_infrastructure& keys) {
    tls::settings made;
    made.key_store.location = keys.key_store;
    made.trust_store.location = keys.trust_store;
    return made;
}

/// Two servers, each with the files of an infrastructure.
struct pair_of_servers {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};

    std::shared_ptr<net::tls_keys> secure(
        peer_server& which, const public_key_infrastructure& keys, net::peer_tls_policy policy = {}
    ) {
        auto read = std::make_shared<net::tls_keys>(
            loop.context, loop.context, settings_of(keys), "servers"
        );
        which.make_stream = net::make_tls_streams(read, policy);
        return read;
    }

    /// Lets one dial the other.
    void connect() {
        one.start();
        two.start();
        one.dial({&two});
    }

    [[nodiscard]] bool are_linked() { return one.is_linked(two) && two.is_linked(one); }

    [[nodiscard]] bool await_link() {
        return loop.await([this] { return are_linked(); });
    }

    /// Waits for a line in the log.
    [[nodiscard]] bool await_line(std::string_view part) {
        return loop.await([part] { return log_capture::count(part) != 0; });
    }
};

} // namespace

TEST_CASE("tls stream: frames of all sizes pass in their order", "[net][peer][tls]") {
    const public_key_infrastructure keys;
    pair_of_servers both;
    both.secure(both.one, keys);
    both.secure(both.two, keys);
    both.connect();
    REQUIRE(both.await_link());
    std::vector<bytes> sent;
    for (const std::size_t size : {1U, 16'383U, 16'384U, 16'385U, 3U, 5'000'000U, 1U}) {
        sent.emplace_back(size, static_cast<char>('a' + sent.size()));
    }
    for (const bytes& each : sent) {
        REQUIRE(both.one.send(both.two, each));
        REQUIRE(both.two.send(both.one, each));
    }
    for (int number = 0; number < 1'000; ++number) {
        sent.push_back(std::to_string(number));
        REQUIRE(both.one.send(both.two, sent.back()));
        REQUIRE(both.two.send(both.one, sent.back()));
    }
    REQUIRE(both.loop.await([&] {
        return both.one.with(both.two).frames.size() == sent.size() &&
               both.two.with(both.one).frames.size() == sent.size();
    }));
    CHECK(both.one.with(both.two).frames == sent);
    CHECK(both.two.with(both.one).frames == sent);
}

TEST_CASE(
    "tls stream: a server of another authority is refused on both sides", "[net][peer][tls]"
) {
    const public_key_infrastructure keys;
    const public_key_infrastructure foreign;
    const log_capture captured;
    pair_of_servers both;
    both.secure(both.one, foreign);
    both.secure(both.two, keys);
    both.connect();
    // Each distrusts the other; the dialer says so first.
    CHECK(both.await_line("server connection failed peer=2"));
    CHECK(both.await_line("TLS: its certificate is not accepted"));
    CHECK(both.await_line("alert unknown ca"));
    CHECK_FALSE(both.are_linked());
    CHECK(both.one.network->counters().links == 0);
}

TEST_CASE("tls stream: a dialer without a trusted certificate learns why", "[net][peer][tls]") {
    const public_key_infrastructure keys;
    const public_key_infrastructure own;
    (void)own.directory.write("trust.pem", keys.authority.certificate_pem());
    const log_capture captured;
    pair_of_servers both;
    both.secure(both.one, own);
    both.secure(both.two, keys);
    both.connect();
    CHECK(both.await_line("server connection failed peer=0"));
    CHECK(both.await_line("server connection failed peer=2"));
    CHECK(both.await_line("alert unknown ca"));
    CHECK(both.two.network->counters().not_secured > 0);
    CHECK_FALSE(both.are_linked());
}

TEST_CASE("tls stream: a certificate must be for the host of the server", "[net][peer][tls]") {
    const public_key_infrastructure keys;
    const public_key_infrastructure elsewhere;
    const credentials moved{{{{"CN", "moved"}}, "IP:10.1.2.3"}, &keys.authority};
    (void)elsewhere.directory.write("server.pem", moved.pem());
    (void)elsewhere.directory.write("trust.pem", keys.authority.certificate_pem());
    const bool is_verified = GENERATE(true, false);
    const net::peer_tls_policy policy{true, false, is_verified, is_verified};
    const log_capture captured;
    pair_of_servers both;
    both.secure(both.one, elsewhere, policy);
    both.secure(both.two, keys, policy);
    both.connect();
    if (is_verified) {
        CHECK(both.await_line("server refused peer=1"));
        CHECK(both.await_line("the certificate of server 1 is not for 127.0.0.1"));
        CHECK(both.await_line("refused by server peer=2"));
    } else {
        CHECK(both.await_link());
    }
}

TEST_CASE(
    "tls stream: without TLS there is no link with a server that wants it", "[net][peer][tls]"
) {
    const public_key_infrastructure keys;
    const log_capture captured;
    pair_of_servers both;
    both.secure(both.two, keys);
    both.connect();
    CHECK(both.await_line("TLS: it does not speak TLS"));
    CHECK_FALSE(both.are_linked());
}

TEST_CASE("tls stream: a running ensemble can change over server by server", "[net][peer][tls]") {
    const public_key_infrastructure keys;
    constexpr net::peer_tls_policy before{false, true};
    constexpr net::peer_tls_policy between{true, true};
    constexpr net::peer_tls_policy after{true, false};
    const auto [first, second] = GENERATE_COPY(
        std::pair{before, before},
        std::pair{before, between},
        std::pair{between, before},
        std::pair{between, after},
        std::pair{after, between}
    );
    pair_of_servers both;
    both.secure(both.one, keys, first);
    both.secure(both.two, keys, second);
    both.connect();
    CHECK(both.await_link());
}

TEST_CASE(
    "tls stream: a server before the change accepts one without any TLS", "[net][peer][tls]"
) {
    const public_key_infrastructure keys;
    pair_of_servers both;
    both.secure(both.two, keys, {false, true});
    both.connect();
    CHECK(both.await_link());
}

TEST_CASE("tls stream: a silent or slow stranger is given up in time", "[net][peer][tls]") {
    const public_key_infrastructure keys;
    const log_capture captured;
    pair_of_servers both;
    both.one.settings.limits.handshake_timeout = 50ms;
    both.secure(both.one, keys);
    both.one.start();
    const posix_client silent{both.one.port()};
    CHECK(both.loop.await([&] { return both.one.network->counters().slow_handshakes == 1; }));
    posix_client slow{both.one.port()};
    slow.send({"\x16\x03\x01", 3});
    CHECK(both.loop.await([&] { return both.one.network->counters().slow_handshakes == 2; }));
}

TEST_CASE("tls stream: new keys are for new links", "[net][peer][tls]") {
    const public_key_infrastructure keys;
    const log_capture captured;
    pair_of_servers both;
    both.secure(both.one, keys)->follow_files(5ms);
    both.secure(both.two, keys);
    both.connect();
    REQUIRE(both.await_link());
    // The new certificate is one that the other server does not believe.
    (void)keys.directory.write("server.pem", keys.stranger.pem());
    REQUIRE(both.await_line("TLS keys read again for=servers"));
    CHECK(both.are_linked());
    both.two.network->drop(server_id{1}, both.two.with(both.one).generation, "a test");
    CHECK(both.await_line("alert unknown ca"));
}
