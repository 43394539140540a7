#include "server/net/tls_acceptor.hpp"
#include "test/support/log_capture.hpp"
#include "test/unit/net/network_fixture.hpp"
#include "test/unit/net/tls_client.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;
using step = net::delivery::next_step;

namespace {

net::network_settings secured_by(const public_key_infrastructure& keys, int io_threads = 0) {
    net::network_settings settings = on_any_port(io_threads);
    settings.secure_listeners = std::exchange(settings.listeners, {});
    settings.tls.emplace();
    settings.tls->keys.key_store.location = keys.key_store;
    settings.tls->keys.trust_store.location = keys.trust_store;
    settings.tls->reload_interval = 5ms;
    return settings;
}

bool is_served(tls_client& client) {
    client.send(framed("hello"));
    return client.receive_frame() == "hello";
}

/// What becomes of a connection that is refused, whenever its client learns of it.
bool is_refused(tls_client& client) {
    return !client.shakes_hands() || client.receive(1).empty();
}

} // namespace

TEST_CASE("tls acceptor: frames in any segmentation are answered in order", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys, GENERATE(0, 2))};
    server.start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_client client{server.port(), &keys.alice, version};
        client.connect();
        for (const char octet : framed("one") + framed("two")) {
            client.send({&octet, 1});
        }
        CHECK(client.receive_frame() == "one");
        CHECK(client.receive_frame() == "two");
        bytes many;
        for (int number = 0; number < 1000; ++number) {
            many += framed(std::to_string(number));
        }
        client.send(many);
        for (int number = 0; number < 1000; ++number) {
            REQUIRE(client.receive_frame() == std::to_string(number));
        }
    }
}

TEST_CASE("tls acceptor: the largest frame passes", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys, GENERATE(0, 2))};
    server.start();
    tls_client client{server.port(), &keys.alice};
    client.connect();
    const bytes largest(net::connection_limits{}.frame_size_max, 'x');
    client.send(framed(largest));
    CHECK(client.receive_frame() == largest);
    CHECK(is_served(client));
}

TEST_CASE("tls acceptor: the core learns who the client is", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys, GENERATE(0, 2))};
    server.start();
    tls_client client{server.port(), &keys.alice};
    REQUIRE(is_served(client.connect()));
    std::optional<bytes> subject;
    server.on_core([&] { subject = (*server.core.clients.begin())->certificate_subject(); });
    CHECK(subject == "CN=alice,O=Example,C=DE");
}

TEST_CASE("tls acceptor: who shows no trusted certificate does not reach the core", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    const log_capture captured;
    tls_client without{server.port()};
    CHECK(is_refused(without));
    CHECK(captured.await("peer did not return a certificate"));
    tls_client stranger{server.port(), &keys.stranger};
    CHECK(is_refused(stranger));
    CHECK(captured.await("its certificate is not accepted (self-signed certificate)"));
    const credentials late{{{{"CN", "late"}}, "", false, true}, &keys.authority};
    tls_client expired{server.port(), &late};
    CHECK(is_refused(expired));
    CHECK(captured.await("its certificate is not accepted (certificate has expired)"));
    CHECK(server.network.counters().handshakes_failed == 3);
    CHECK(server.core.seen().connects == 0);
}

TEST_CASE("tls acceptor: with clientAuth none or want a certificate is not needed", "[net][tls]") {
    const public_key_infrastructure keys;
    net::network_settings settings = secured_by(keys);
    settings.tls->keys.authentication = GENERATE(tls::client_auth::none, tls::client_auth::want);
    network_fixture server{settings};
    server.start();
    tls_client without{server.port()};
    CHECK(is_served(without.connect()));
    if (settings.tls->keys.authentication == tls::client_auth::want) {
        tls_client stranger{server.port(), &keys.stranger};
        CHECK(is_refused(stranger));
    }
}

TEST_CASE("tls acceptor: a client certificate for another address is refused", "[net][tls]") {
    const public_key_infrastructure keys;
    net::network_settings settings = secured_by(keys);
    settings.tls->verifies_host_name = true;
    network_fixture server{settings};
    server.start();
    const credentials elsewhere{{{{"CN", "elsewhere"}}, "IP:10.1.2.3"}, &keys.authority};
    tls_client refused{server.port(), &elsewhere};
    CHECK(is_refused(refused));
    tls_client accepted{server.port(), &keys.alice};
    CHECK(is_served(accepted.connect()));
}

TEST_CASE("tls acceptor: what is not TLS is closed with one log line", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    const log_capture captured;
    posix_client plain{server.port()};
    plain.send("ruok");
    CHECK(plain.receive_to_end().empty());
    CHECK(captured.await("it does not speak TLS"));
    posix_client garbage{server.port()};
    garbage.send(bytes(1, '\x16') + bytes(4096, 'x'));
    CHECK(garbage.receive_to_end().size() < 64); // an alert at most
    CHECK(captured.await("reason=\"wrong version number\""));
    CHECK(server.core.seen().connects == 0);
}

TEST_CASE("tls acceptor: a silent client and a slow handshake have their limits", "[net][tls]") {
    const public_key_infrastructure keys;
    net::network_settings settings = secured_by(keys);
    settings.tls->detection_timeout = 50ms;
    settings.tls->handshake_timeout = 60ms;
    network_fixture server{settings};
    server.start();
    const log_capture captured;
    posix_client silent{server.port()};
    CHECK(silent.receive_to_end().empty());
    CHECK(captured.await("no handshake within 50 ms"));
    posix_client slow{server.port()};
    slow.send({"\x16\x03\x01", 3});
    CHECK(slow.receive_to_end().empty());
    CHECK(captured.await("no handshake within 60 ms"));
}

TEST_CASE("tls acceptor: more handshakes at once than allowed are refused", "[net][tls]") {
    const public_key_infrastructure keys;
    net::network_settings settings = secured_by(keys);
    settings.tls->handshake_count_max = 2;
    settings.connection_count_max = 3;
    network_fixture server{settings};
    server.start();
    const log_capture captured;
    auto first = std::make_unique<posix_client>(server.port());
    const posix_client second{server.port()};
    posix_client third{server.port()};
    CHECK(third.receive_to_end().empty());
    CHECK(captured.await("TLS handshake refused"));
    CHECK(server.network.counters().handshakes_refused == 1);
    // Its place counts again, both here and for the limit of connections.
    first.reset();
    bool is_free = false;
    while (!is_free) {
        tls_client again{server.port(), &keys.alice};
        is_free = again.shakes_hands() && is_served(again);
    }
}

TEST_CASE("tls acceptor: a client cannot renegotiate", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    tls_client client{server.port(), &keys.alice, TLS1_2_VERSION};
    REQUIRE(is_served(client.connect()));
    SSL_renegotiate(client.native());
    CHECK(SSL_do_handshake(client.native()) != 1);
}

TEST_CASE("tls acceptor: new keys of a connection change nothing", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    tls_client client{server.port(), &keys.alice, TLS1_3_VERSION};
    client.connect();
    for (int round = 0; round < 100; ++round) {
        REQUIRE(SSL_key_update(client.native(), SSL_KEY_UPDATE_REQUESTED) == 1);
        REQUIRE(is_served(client));
    }
}

TEST_CASE("tls acceptor: half a record keeps nobody waiting but its sender", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    tls_client slow{server.port(), &keys.alice};
    slow.connect();
    // What the client would send is caught and sent in two parts.
    BIO* const caught = BIO_new(BIO_s_mem());
    BIO* const socket = SSL_get_wbio(slow.native());
    BIO_up_ref(socket);
    SSL_set0_wbio(slow.native(), caught);
    slow.send(framed("late"));
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(caught, &data));
    const bytes record{data, size};
    slow.socket().send(record.substr(0, 10));
    tls_client quick{server.port(), &keys.alice};
    CHECK(is_served(quick.connect()));
    slow.socket().send(record.substr(10));
    CHECK(slow.receive_frame() == "late");
    SSL_set0_wbio(slow.native(), socket);
}

TEST_CASE("tls acceptor: all output arrives before the end is announced", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys, GENERATE(0, 2))};
    // Far more than the socket takes at once.
    const bytes large(std::size_t{8} << 20U, 'x');
    server.core.react = [&](const net::connection_pointer& from, const std::vector<bytes>&) {
        server.core.deliver(from, framed(large), step::close);
    };
    server.start();
    tls_client client{server.port(), &keys.alice};
    client.connect().send(framed("go"));
    CHECK(client.receive_frame() == large);
    CHECK(client.receive(1).empty());
    CHECK(client.was_ended());
}

TEST_CASE("tls acceptor: a client that ends its output gets the last answer", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    tls_client client{server.port(), &keys.alice};
    client.connect().send(framed("last"));
    CHECK(client.receive_frame() == "last");
    SSL_shutdown(client.native());
    CHECK(client.receive(1).empty());
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("tls acceptor: a client that does not read its answers is dropped", "[net][tls]") {
    const public_key_infrastructure keys;
    net::network_settings settings = secured_by(keys, GENERATE(0, 2));
    settings.limits.output_pause_size = std::size_t{1} << 16U;
    settings.limits.stall_timeout = 50ms;
    network_fixture server{settings};
    server.core.react = [&](const net::connection_pointer& from, const std::vector<bytes>&) {
        server.core.deliver(from, framed(bytes(std::size_t{8} << 20U, 'x')), step::read);
    };
    server.start();
    tls_client client{server.port(), &keys.alice};
    client.connect().send(framed("go"));
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
    CHECK(server.network.counters().dropped == 1);
}

TEST_CASE("tls acceptor: one port takes both kinds of connections if it is told to", "[net][tls]") {
    const public_key_infrastructure keys;
    net::network_settings settings = secured_by(keys, GENERATE(0, 2));
    settings.listeners = std::exchange(settings.secure_listeners, {});
    settings.tls->unifies_ports = true;
    network_fixture server{settings};
    server.start();
    tls_client secure{server.port(), &keys.alice};
    CHECK(is_served(secure.connect()));
    posix_client plain{server.port()};
    plain.send(framed("plain"));
    CHECK(plain.receive_frame() == "plain");
    posix_client word{server.port()};
    word.send("ruok");
    CHECK(word.receive_to_end() == "imok");
}

TEST_CASE("tls acceptor: new files are for new connections", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    const log_capture captured;
    tls_client before{server.port(), &keys.alice};
    before.connect();
    const credentials renewed{for_subject("server"), &keys.authority};
    (void)keys.directory.write("server.pem", renewed.pem());
    REQUIRE(captured.await("TLS keys read again for=clients"));
    tls_client after{server.port(), &keys.alice};
    CHECK(is_served(after.connect()));
    CHECK(after.server_serial() == ASN1_INTEGER_get(X509_get_serialNumber(renewed.certificate())));
    CHECK(is_served(before));
}

TEST_CASE("tls acceptor: a broken new file leaves the old keys in use", "[net][tls]") {
    const public_key_infrastructure keys;
    network_fixture server{secured_by(keys)};
    server.start();
    const log_capture captured;
    (void)keys.directory.write("server.pem", "not a key");
    REQUIRE(captured.await("TLS keys not read again for=clients"));
    tls_client client{server.port(), &keys.alice};
    CHECK(is_served(client.connect()));
    CHECK(captured.count("TLS keys not read again") == 1);
    (void)keys.directory.write("server.pem", keys.server.pem());
    CHECK(captured.await("TLS keys read again for=clients"));
}

TEST_CASE("tls acceptor: keys that cannot be used keep the server from starting", "[net][tls]") {
    const public_key_infrastructure keys;
    net::network_settings settings = secured_by(keys);
    settings.tls->keys.key_store.location = keys.directory.file("missing.pem");
    CHECK_THROWS_WITH(
        network_fixture{settings}, Catch::Contains("missing.pem: No such file or directory")
    );
}
