/// Streams of the HTTP server, in front of a service that does as it is told.
#include "server/admin/http_server.hpp"
#include "server/admin/http_stream.hpp"
#include "test/support/certificates.hpp"
#include "test/unit/admin/raw_client.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

using namespace conclave;
using namespace conclave::admin;
using conclave::test::raw_client;

namespace {

/// "/stream" begins one, which goes on by hand; anything else is answered at once.
class streaming_service final : public http_service {
public:
    admission admit(const http_request&) override { return {}; }

    void serve(const exchange_pointer& asked) override {
        if (asked->request().path != "/stream") {
            return asked->respond({200, "text/plain", "here", {}});
        }
        asked->begin_stream({200, "text/plain", "", {}}, [this] {
            const std::lock_guard lock{mutex_};
            ++gone_;
            changed_.notify_all();
        });
        const std::lock_guard lock{mutex_};
        begun.push_back(asked);
        changed_.notify_all();
    }

    void await_begun(std::size_t count) {
        std::unique_lock lock{mutex_};
        REQUIRE(changed_.wait_for(lock, patience, [&] { return begun.size() >= count; }));
    }

    void await_gone(int count) {
        std::unique_lock lock{mutex_};
        REQUIRE(changed_.wait_for(lock, patience, [&] { return gone_ >= count; }));
    }

    std::vector<exchange_pointer> begun; ///< admin thread only

private:
    static constexpr std::chrono::seconds patience{20};

    std::mutex mutex_;
    std::condition_variable changed_;
    int gone_ = 0;
};

struct scene {
    explicit scene(http_limits limits) : server({{"127.0.0.1", 0}}, limits, service) {
        server.start();
    }

    ~scene() {
        server.stop();
        service.begun.clear();
    }

    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;

    [[nodiscard]] std::uint16_t port() const { return server.ports().front(); }

    streaming_service service;
    http_server server;
};

constexpr bytes_view ask_stream = "GET /stream HTTP/1.0\r\n\r\n";

} // namespace

TEST_CASE("http server: a part of any size reaches a reader that takes it", "[admin][http]") {
    http_limits limits;
    limits.stream_backlog_max = 10'000;
    limits.stream_backlog_sum_max = 10'000;
    scene at{limits};
    raw_client client{at.port()};
    client.send(ask_stream);
    at.service.await_begun(1);
    REQUIRE_FALSE(client.receive(1).empty()); // the head of the answer has been written,
    std::promise<void> is_told;               // and the server knows that it has
    at.server.post([&] { is_told.set_value(); });
    is_told.get_future().wait();
    constexpr std::size_t size = std::size_t{20} << 20U; // more than sockets hold
    at.server.post([&] {
        at.service.begun[0]->send(make_part(bytes(size, 'x')));
        at.service.begun[0]->send(make_part("the end"));
        at.service.begun[0]->end_stream();
    });
    const bytes received = client.receive_all();
    CHECK(received.size() > size);
    CHECK_THAT(received, Catch::EndsWith("xxthe end"));
}

TEST_CASE("http server: what waits for all readers together is bounded", "[admin][http]") {
    http_limits limits;
    limits.stream_backlog_max = std::size_t{1} << 30U;
    limits.stream_backlog_sum_max = std::size_t{4} << 20U;
    scene at{limits};
    raw_client silent{at.port()};
    silent.send(ask_stream);
    at.service.await_begun(1);
    at.server.post([&] {
        for (int count = 0; count < 40; ++count) {
            at.service.begun[0]->send(make_part(bytes(std::size_t{1} << 20U, 'x')));
        }
    });
    at.service.await_gone(1);
    // What others are sent does not count what is gone.
    raw_client other{at.port()};
    other.send(ask_stream);
    at.service.await_begun(2);
    at.server.post([&] {
        at.service.begun[1]->send(make_part(bytes(std::size_t{3} << 20U, 'y')));
        at.service.begun[1]->end_stream();
    });
    CHECK(other.receive_all().size() > std::size_t{3} << 20U);
}

TEST_CASE("http server: streams leave room for requests that end", "[admin][http]") {
    http_limits limits;
    limits.connection_count_max = 4;
    scene at{limits};
    raw_client readers[]{raw_client{at.port()}, raw_client{at.port()}, raw_client{at.port()}};
    for (raw_client& each : readers) {
        each.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    at.service.await_begun(3);
    raw_client client{at.port()};
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_THAT(
        client.receive_one(),
        Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("admin.maxConnections")
    );
    at.service.await_gone(1);
    client.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_THAT(client.receive_one(), Catch::StartsWith("HTTP/1.1 200 ") && Catch::EndsWith("here"));
    readers[0].receive_nothing_and_close();
    at.service.await_gone(2);
    client.send("GET /stream HTTP/1.0\r\n\r\n");
    CHECK_THAT(client.receive(15), Catch::StartsWith("HTTP/1.1 200 OK"));
}

TEST_CASE("http stream: once closed, TLS touches no descriptor any more", "[admin][http][tls]") {
    const test::public_key_infrastructure files;
    tls::settings settings;
    settings.key_store.location = files.key_store;
    settings.trust_store.location = files.trust_store;
    const tls::context keys{settings};
    asio::io_context context;
    int first[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, first) == 0);
    http_stream::socket connected{context.get_executor()};
    connected.assign(tcp::v4(), first[0]);
    http_stream stream{std::move(connected)};
    boost::system::error_code shaken;
    stream.begin_tls(keys, [&](const boost::system::error_code& failed) { shaken = failed; });
    stream.close();
    int second[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, second) == 0);
    REQUIRE(second[0] == first[0]); // as it happens to connections
    REQUIRE(::send(second[1], "of another", 10, 0) == 10);
    boost::system::error_code failure;
    char into[100];
    stream.async_read_some(
        asio::buffer(into),
        [&](const boost::system::error_code& failed, std::size_t) { failure = failed; }
    );
    context.run();
    CHECK(failure == asio::error::operation_aborted);
    CHECK(shaken == asio::error::operation_aborted);
    CHECK(::recv(second[0], into, sizeof into, 0) == 10);
    for (const int each : {first[1], second[0], second[1]}) {
        ::close(each);
    }
}
