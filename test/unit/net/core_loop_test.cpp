#include "server/net/core_loop.hpp"
#include "test/support/log_capture.hpp"
#include "test/support/memory_tables.hpp"
#include "test/unit/net/network_fixture.hpp"

#include <conclave/protocol.hpp>

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;

namespace {

/// A disk that is always ready, on a thread of its own as a real one.
class quick_disk final : public replica::log_port, public replica::checkpoint_port {
public:
    ~quick_disk() override { stop(); }

    void join(net::core_loop& core) { core_ = &core; }

    void append(zab::operation_id operation, std::vector<zab::log_record>) override {
        ++append_count;
        boost::asio::post(thread_, [this, operation] { core_->on_persisted(operation); });
    }

    void purge(zxid) override {}

    /// Fails, so that the replica keeps everything in memory.
    void write(std::shared_ptr<const tree::change_set>) override {
        ++checkpoint_count;
        boost::asio::post(thread_, [this] { core_->on_checkpoint(false); });
    }

    void discard(std::shared_ptr<const tree::change_set>) override {}

    void stop() {
        work_.reset();
        if (runner_.joinable()) {
            runner_.join();
        }
    }

    std::atomic<int> append_count = 0;
    std::atomic<int> checkpoint_count = 0;

private:
    net::core_loop* core_ = nullptr;
    boost::asio::io_context thread_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        thread_.get_executor()};
    std::thread runner_{[this] {
        thread_.run();
    }};
};

net::word_port srvr_only() {
    return {
        [](bytes_view first_four) {
            return first_four == "srvr" ? std::optional<std::size_t>{0} : std::nullopt;
        },
        [](bytes_view, bytes_view, replica::instant) -> std::optional<bytes> {
            return "the answer";
        }};
}

/// A whole server, but for the disk.
class server_fixture {
public:
    explicit server_fixture(int io_threads, replica::settings configured = {})
        : server_(std::move(configured), tables_)
        , core(on_any_port(io_threads), server_, disk, disk, srvr_only()) {
        disk.join(core);
        runner_ = std::thread{[this] {
            core.run();
        }};
    }

    ~server_fixture() { stop(); }

    server_fixture(const server_fixture&) = delete;
    server_fixture& operator=(const server_fixture&) = delete;

    void stop(net::stop_limits limits = {}) {
        core.stop(limits);
        if (runner_.joinable()) {
            runner_.join();
        }
        disk.stop();
    }

    [[nodiscard]] std::uint16_t port() const {
        return core.network().local_endpoints().front().port();
    }

private:
    test::memory_tables tables_;
    replica::replica server_;

public:
    quick_disk disk;
    net::core_loop core;

private:
    std::thread runner_;
};

bytes connect_frame() {
    bytes frame;
    jute::writer to{frame};
    to(connect_request{0, {}, 10'000, {}, bytes_view{}, {}});
    to.write(false);
    return framed(frame);
}

template <class Record>
bytes request(std::int32_t id, opcode type, const Record& record) {
    bytes frame;
    jute::writer to{frame};
    to(request_header{xid{id}, type});
    to.write(record);
    return framed(frame);
}

bytes create(std::int32_t id, bytes_view path, bytes_view data) {
    const std::vector<acl_record> open{{permission::all, "world", "anyone"}};
    return request(id, opcode::create, create_request{path, data, open, 0});
}

bytes get(std::int32_t id, bytes_view path) {
    return request(id, opcode::get_data, read_request{path, false});
}

bytes set(std::int32_t id, bytes_view path, bytes_view data) {
    return request(id, opcode::set_data, set_data_request{path, data, -1});
}

reply_header header_of(const bytes& frame) {
    reply_header header;
    jute::reader in{frame};
    in(header);
    return header;
}

/// Connects until a session is given: the server may not serve yet when it starts to listen.
std::unique_ptr<posix_client> open_session(const server_fixture& server) {
    while (true) {
        auto client = std::make_unique<posix_client>(server.port());
        client->send(connect_frame());
        if (!client->receive_frame().empty()) {
            return client;
        }
    }
}

} // namespace

TEST_CASE("core loop: pipelined writes and reads are answered in order", "[net]") {
    server_fixture server{GENERATE(0, 2)};
    const auto client = open_session(server);
    bytes requests = create(1, "/a", "0");
    constexpr std::int32_t count = 300;
    for (std::int32_t id = 2; id < count; id += 2) {
        requests += set(id, "/a", std::to_string(id)) + get(id + 1, "/a");
    }
    client->send(requests);
    for (std::int32_t id = 1; id <= count - 1; ++id) {
        const bytes reply = client->receive_frame();
        REQUIRE(header_of(reply).id == xid{id});
        REQUIRE(header_of(reply).error == errc::ok);
        if (id > 1 && id % 2 == 1) {
            REQUIRE(reply.find(std::to_string(id - 1)) != bytes::npos);
        }
    }
}

TEST_CASE("core loop: writes that arrive together reach the log together", "[net]") {
    server_fixture server{0};
    const auto client = open_session(server);
    client->send(create(1, "/a", ""));
    client->receive_frame();
    const int before = server.disk.append_count;
    bytes requests;
    constexpr std::int32_t count = 200;
    for (std::int32_t id = 2; id < count; ++id) {
        requests += set(id, "/a", "x");
    }
    client->send(requests);
    for (std::int32_t id = 2; id < count; ++id) {
        REQUIRE(header_of(client->receive_frame()).id == xid{id});
    }
    CHECK(server.disk.append_count - before < count / 4);
}

TEST_CASE("core loop: replies are bounded in memory and all arrive", "[net]") {
    server_fixture server{GENERATE(0, 2)};
    const auto client = open_session(server);
    const bytes data(1'000'000, 'x');
    client->send(create(1, "/large", data));
    client->receive_frame();
    bytes requests;
    constexpr std::int32_t count = 200;
    for (std::int32_t id = 2; id < count; ++id) {
        requests += get(id, "/large");
    }
    client->send(requests);
    for (std::int32_t id = 2; id < count; ++id) {
        const bytes reply = client->receive_frame();
        REQUIRE(header_of(reply).id == xid{id});
        REQUIRE(reply.size() > data.size());
    }
    CHECK(server.core.network().counters().dropped == 0);
}

TEST_CASE("core loop: a busy connection is read again when its writes are done", "[net]") {
    replica::settings configured;
    configured.limits.outstanding_max = 1;
    configured.limits.waiting_per_connection_max = 2;
    server_fixture server{GENERATE(0, 2), configured};
    const auto client = open_session(server);
    bytes requests = create(1, "/a", "");
    constexpr std::int32_t count = 500;
    for (std::int32_t id = 2; id < count; ++id) {
        requests += set(id, "/a", "x");
    }
    client->send(requests);
    for (std::int32_t id = 1; id < count; ++id) {
        REQUIRE(header_of(client->receive_frame()).id == xid{id});
    }
}

TEST_CASE("core loop: a four-letter word is answered by the port", "[net]") {
    server_fixture server{GENERATE(0, 2)};
    posix_client client{server.port()};
    client.send("srvr\n");
    CHECK(client.receive_to_end() == "the answer");
}

TEST_CASE("core loop: a silent connection is closed after a while", "[net]") {
    replica::settings configured;
    configured.limits.handshake_timeout = 20ms;
    server_fixture server{GENERATE(0, 2), configured};
    posix_client client{server.port()};
    CHECK(client.receive_to_end().empty());
}

TEST_CASE("core loop: a session expires without any traffic", "[net]") {
    replica::settings configured;
    configured.tick = 20ms;
    configured.session_timeout_ms_min = 40;
    configured.session_timeout_ms_max = 40;
    server_fixture server{GENERATE(0, 2), configured};
    const auto client = open_session(server);
    CHECK(client->receive_to_end().empty());
}

TEST_CASE("core loop: stop closes the connections and asks for a checkpoint", "[net]") {
    server_fixture server{GENERATE(0, 2)};
    const auto client = open_session(server);
    client->send(create(1, "/a", ""));
    client->receive_frame();
    std::thread waiting{[&] {
        client->receive_to_end();
        client->close();
    }};
    server.stop();
    waiting.join();
    CHECK(server.disk.checkpoint_count == 1);
}

TEST_CASE("core loop: stop cuts off clients that do not go", "[net]") {
    const log_capture captured;
    server_fixture server{GENERATE(0, 2)};
    const auto client = open_session(server);
    server.stop({20ms, 10s});
    CHECK(captured.count("clients cut off at stop connections=1") == 1);
}
