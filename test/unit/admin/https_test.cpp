/// The endpoint behind TLS, as OpenSSL's own client sees it.
#include "server/admin/http_server.hpp"
#include "test/support/certificates.hpp"

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace conclave;
using namespace conclave::admin;

namespace {

/// Answers everything with what was asked.
class echo final : public http_service {
public:
    admission admit(const http_request&) override { return {{}, std::size_t{1} << 20U}; }

    void serve(const exchange_pointer& asked) override {
        asked->respond({200, "text/plain", asked->request().path + asked->request().body, {}});
    }
};

struct secure_server {
    explicit secure_server(
        bool is_required, tls::client_auth authentication = tls::client_auth::none
    ) {
        tls::settings keys;
        keys.key_store.location = files.key_store;
        keys.trust_store.location = files.trust_store;
        keys.authentication = authentication;
        http_limits limits;
        limits.idle_timeout = std::chrono::milliseconds{500};
        server.emplace(
            std::vector{http_door{
                "127.0.0.1", 0, {std::make_shared<const tls::context>(keys), is_required}}},
            limits,
            service
        );
        server->start();
    }

    test::public_key_infrastructure files;
    echo service;
    std::optional<http_server> server;
};

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    return socket;
}

bytes plain_answer(std::uint16_t port, bytes_view octets) {
    const int socket = connect_to(port);
    static_cast<void>(::send(socket, octets.data(), octets.size(), MSG_NOSIGNAL));
    bytes received;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::recv(socket, buffer, sizeof buffer, 0)) > 0;) {
        received.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(socket);
    return received;
}

/// Empty if there is no connection.
bytes secure_answer(std::uint16_t port, bytes_view octets, const test::credentials* own = nullptr) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
    const test::scratch_directory scratch;
    if (own != nullptr) {
        const std::string file = scratch.write("own.pem", own->pem());
        SSL_CTX_use_certificate_file(context.get(), file.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(context.get(), file.c_str(), SSL_FILETYPE_PEM);
    }
    const int socket = connect_to(port);
    const std::unique_ptr<SSL, decltype(&SSL_free)> session{SSL_new(context.get()), &SSL_free};
    SSL_set_fd(session.get(), socket);
    bytes received;
    if (SSL_connect(session.get()) == 1) {
        SSL_write(session.get(), octets.data(), static_cast<int>(octets.size()));
        char buffer[4096];
        for (int size = 0; (size = SSL_read(session.get(), buffer, sizeof buffer)) > 0;) {
            received.append(buffer, static_cast<std::size_t>(size));
        }
    }
    ::close(socket);
    return received;
}

const bytes hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

} // namespace

TEST_CASE("https: requests are answered through TLS", "[admin][https]") {
    secure_server made{false};
    const std::uint16_t port = made.server->ports().front();
    CHECK_THAT(
        secure_answer(port, hello),
        Catch::StartsWith("HTTP/1.1 200 OK\r\n") && Catch::EndsWith("\r\n\r\n/hello")
    );
    const bytes body(300'000, 'x');
    const bytes large = secure_answer(
        port,
        "PUT /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
        "300000\r\n\r\n" +
            body
    );
    CHECK(large.size() > 300'000);
    CHECK(large.ends_with("/b" + body));
}

TEST_CASE("https: a unified port takes plain HTTP as well", "[admin][https]") {
    secure_server made{false};
    CHECK_THAT(
        plain_answer(made.server->ports().front(), hello),
        Catch::StartsWith("HTTP/1.1 200 OK\r\n")
    );
}

TEST_CASE("https: where it is required plain HTTP is told so", "[admin][https]") {
    secure_server made{true};
    const std::uint16_t port = made.server->ports().front();
    CHECK_THAT(
        plain_answer(port, hello),
        Catch::StartsWith("HTTP/1.1 421 ") && Catch::Contains("admin.forceHttps")
    );
    CHECK_THAT(secure_answer(port, hello), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("https: a certificate may be asked for", "[admin][https]") {
    secure_server made{true, tls::client_auth::need};
    const std::uint16_t port = made.server->ports().front();
    CHECK(secure_answer(port, hello).empty());
    CHECK(secure_answer(port, hello, &made.files.stranger).empty());
    CHECK_THAT(
        secure_answer(port, hello, &made.files.alice), Catch::StartsWith("HTTP/1.1 200 OK\r\n")
    );
}

TEST_CASE("https: a handshake that does not come is cut off", "[admin][https]") {
    secure_server made{true};
    const std::uint16_t port = made.server->ports().front();
    CHECK(plain_answer(port, "\x16\x03\x01").empty());
    CHECK(
        plain_answer(port, "\x16garbage that is no TLS at all, however long it may be").size() < 100
    );
    CHECK(plain_answer(port, "").empty());
    CHECK_THAT(secure_answer(port, hello), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
}
