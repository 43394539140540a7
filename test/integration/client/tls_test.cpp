/// TLS: the server under test behind a door that speaks it. client_test.py makes the certificates.
#include "test/integration/client/fixture.hpp"

#include <conclave/client/tls.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <cstdlib>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

using tcp = asio::ip::tcp;
using tls_socket = asio::ssl::stream<tcp::socket>;

std::string file(const std::string& name) {
    const char* folder = std::getenv("CONCLAVE_TEST_CERTIFICATES");
    REQUIRE(folder != nullptr);
    return std::string{folder} + "/" + name;
}

/// Two sockets whose octets are passed on, until one of them ends.
struct tls_link {
    tls_link(tcp::socket accepted, asio::ssl::context& context)
        : client(std::move(accepted), context), server(client.get_executor()) {}

    tls_socket client;
    tcp::socket server;
};

template <class From, class To>
asio::awaitable<void> pass(std::shared_ptr<tls_link> link, From& from, To& to) {
    std::array<char, 4096> buffer{};
    while (true) {
        auto [failed, size] = co_await from.async_read_some(asio::buffer(buffer), as_result);
        if (failed) {
            break;
        }
        co_await asio::async_write(to, asio::buffer(buffer, size), as_result);
    }
    link->client.lowest_layer().close();
    link->server.close();
}

asio::awaitable<void> serve(std::shared_ptr<tls_link> link, asio::io_context& context) {
    auto [refused] =
        co_await link->client.async_handshake(asio::ssl::stream_base::server, as_result);
    if (refused) {
        co_return;
    }
    const std::string address = server_under_test();
    const std::size_t colon = address.find(':');
    const tcp::endpoint where{
        asio::ip::make_address(address.substr(0, colon)),
        static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
    co_await link->server.async_connect(where, throwing);
    asio::co_spawn(context, pass(link, link->client, link->server), asio::detached);
    co_await pass(link, link->server, link->client);
}

/// Listens on the loopback with the certificate of "localhost".
class tls_door {
public:
    explicit tls_door(asio::io_context& context, bool asks_for_certificate = false)
        : context_(context)
        , tls_(asio::ssl::context::tls_server)
        , acceptor_(context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}) {
        tls_.use_certificate_chain_file(file("server.crt"));
        tls_.use_private_key_file(file("server.key"), asio::ssl::context::pem);
        if (asks_for_certificate) {
            tls_.load_verify_file(file("ca.crt"));
            tls_.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
        }
        asio::co_spawn(context, accept(), asio::detached);
    }

    [[nodiscard]] settings through(const std::string& host) const {
        settings chosen = settings_for("tls");
        chosen.servers = host + ":" + std::to_string(acceptor_.local_endpoint().port()) + "/tls";
        chosen.redial = {10ms, 100ms};
        return chosen;
    }

private:
    asio::awaitable<void> accept() {
        while (true) {
            auto [failed, accepted] = co_await acceptor_.async_accept(as_result);
            if (failed) {
                co_return;
            }
            auto link = std::make_shared<tls_link>(std::move(accepted), tls_);
            asio::co_spawn(context_, serve(link, context_), asio::detached);
        }
    }

    asio::io_context& context_;
    asio::ssl::context tls_;
    tcp::acceptor acceptor_;
};

tls_files trusting() {
    tls_files files;
    files.trusted = file("ca.crt");
    return files;
}

asio::awaitable<void> works(const tls_door& door) {
    co_await make_room("tls");
    settings chosen = door.through("localhost");
    chosen.tls = make_tls_context(trusting());
    const session zk = co_await connected(chosen);
    const bytes large(100'000, 'x');
    co_await zk.async_create("/a", large, throwing);
    const node_data read = co_await zk.async_get("/a", throwing);
    CHECK(read.data == large);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> is_refused(settings chosen, tls_files files) {
    chosen.tls = make_tls_context(files);
    const session zk{co_await asio::this_coro::executor, chosen};
    auto [why] = co_await zk.within(500ms).async_connect(as_result);
    CHECK(why);
    INFO(why.message());
    CHECK(std::string{why.category().name()} == "asio.ssl");
    CHECK(zk.state() == session_state::lost);
}

asio::awaitable<void> wrong_name_is_let_through(const tls_door& door) {
    settings chosen = door.through("127.0.0.1");
    chosen.tls = make_tls_context(trusting());
    chosen.verifies_host_name = false;
    const session zk = co_await connected(chosen);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> shows_its_certificate(const tls_door& door) {
    tls_files files = trusting();
    files.certificate = file("client.crt");
    files.private_key = file("client.key");
    settings chosen = door.through("localhost");
    chosen.tls = make_tls_context(files);
    const session zk = co_await connected(chosen);
    co_await zk.async_close(throwing);
}

} // namespace

TEST_CASE("client: TLS to a server whose certificate is trusted", "[client][tls]") {
    asio::io_context context;
    const tls_door door{context};
    run(context, [&] { return works(door); });
}

TEST_CASE("client: TLS refuses a server that nobody vouches for", "[client][tls]") {
    asio::io_context context;
    const tls_door door{context};
    tls_files files;
    files.trusted = file("other-ca.crt");
    run(context, [&] { return is_refused(door.through("localhost"), files); });
}

TEST_CASE("client: TLS refuses a server with the name of another", "[client][tls]") {
    asio::io_context context;
    const tls_door door{context};
    run(context, [&] { return is_refused(door.through("127.0.0.1"), trusting()); });
    run(context, [&] { return wrong_name_is_let_through(door); });
}

TEST_CASE("client: TLS shows its own certificate to servers that ask", "[client][tls]") {
    asio::io_context context;
    const tls_door door{context, true};
    run(context, [&] { return shows_its_certificate(door); });
}

TEST_CASE("client: TLS files that cannot be used are named", "[client][tls]") {
    tls_files files;
    files.trusted = "/no/such/file";
    CHECK_THROWS_WITH(make_tls_context(files), Catch::Contains("/no/such/file"));
}
