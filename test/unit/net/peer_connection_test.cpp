#include "server/net/peer_connection.hpp"
#include "server/net/peer_links.hpp"
#include "test/unit/net/peer_fixture.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <cstring>

using namespace conclave;
using namespace conclave::test;

namespace {

/// What a test sees of a stream, and the operations that wait for it.
struct stream_script {
    net::peer_stream::started starting;
    net::peer_stream::transferred reading;
    net::peer_stream::transferred writing;
    boost::asio::mutable_buffer into;
    std::vector<boost::asio::const_buffer> from;
    bool has_ended_output = false;
    bool is_closed = false;
    std::optional<std::string> tls_failure;
    std::string host; ///< that the certificate of the other side names; empty: there is none
};

class scripted_stream final : public net::peer_stream {
public:
    explicit scripted_stream(stream_script& script) : script_(script) {}

    void start(net::peer_side, started done) override { script_.starting = std::move(done); }

    void read_some(boost::asio::mutable_buffer into, transferred done) override {
        script_.into = into;
        script_.reading = std::move(done);
    }

    void write_some(const std::vector<boost::asio::const_buffer>& from, transferred done) override {
        script_.from = from;
        script_.writing = std::move(done);
    }

    void end_output() override { script_.has_ended_output = true; }

    void close(bool) override { script_.is_closed = true; }

    [[nodiscard]] std::optional<std::string> failure() const override {
        return script_.tls_failure;
    }

    [[nodiscard]] bool may_be_at(const std::vector<std::string>& hosts) const override {
        return script_.host.empty() ||
               std::find(hosts.begin(), hosts.end(), script_.host) != hosts.end();
    }

private:
    stream_script& script_;
};

struct recorded_owner final : net::peer_connection_owner {
    void on_open(const net::peer_connection_pointer&) override { ++opens; }

    void on_frame(net::peer_connection&, bytes_view payload) override {
        frames.emplace_back(payload);
    }

    void on_writable(net::peer_connection&) override {}

    void on_failed(const net::peer_connection_pointer&, const net::peer_failure& why) override {
        failures.push_back(why);
    }

    std::size_t opens = 0;
    std::vector<bytes> frames;
    std::vector<net::peer_failure> failures;
};

/// Server 1, dialed by server 2, on a stream that the test moves.
class scripted_connection {
public:
    scripted_connection() { connection->start(); }

    ~scripted_connection() {
        connection->abandon();
        // They keep the connection alive.
        script.starting = {};
        script.reading = {};
        script.writing = {};
    }

    scripted_connection(const scripted_connection&) = delete;
    scripted_connection& operator=(const scripted_connection&) = delete;

    void start(net::error_code result = {}) {
        std::exchange(script.starting, {})(result);
        run();
    }

    void receive(bytes_view octets) {
        REQUIRE(script.into.size() >= octets.size());
        std::memcpy(script.into.data(), octets.data(), octets.size());
        std::exchange(script.reading, {})({}, octets.size());
        run();
    }

    void receive(const net::peer_message& message) { receive(on_the_wire(net::encode(message))); }

    void fail_read(net::error_code reason) {
        std::exchange(script.reading, {})(reason, 0);
        run();
    }

    /// Takes the next octets of what is being written.
    bytes take(std::size_t size_max) {
        bytes octets;
        for (const boost::asio::const_buffer& each : script.from) {
            octets.append(static_cast<const char*>(each.data()), each.size());
        }
        octets.resize(std::min(octets.size(), size_max));
        std::exchange(script.writing, {})({}, octets.size());
        run();
        return octets;
    }

    void open() {
        start();
        receive(hello_of(2, 1));
        take(1000);
        receive(net::peer_open{5});
        REQUIRE(owner.opens == 1);
    }

    void run() {
        loop.context.restart();
        loop.context.poll();
    }

    event_loop loop;
    stream_script script;
    net::peer_links links{server_id{1}, id_of(1), 1, {}};
    recorded_owner owner;
    net::peer_connection_pointer connection = std::make_shared<net::peer_connection>(
        loop.context,
        std::make_unique<scripted_stream>(script),
        net::tcp::endpoint{},
        net::peer_side::acceptor,
        server_id{1},
        server_id{},
        net::peer_limits{},
        links,
        owner
    );
};

} // namespace

TEST_CASE("peer connection: a stream that does not start is a failure", "[net][peer]") {
    scripted_connection server;
    server.start(boost::asio::error::connection_reset);
    REQUIRE(server.owner.failures.size() == 1);
    CHECK(server.owner.failures.front().what == net::peer_failure::kind::ended);
    CHECK(server.script.is_closed);
}

TEST_CASE("peer connection: an error says how the link was lost", "[net][peer]") {
    const auto [error, loss] = GENERATE(
        std::pair{net::error_code{boost::asio::error::eof}, net::link_loss::closed},
        std::pair{net::error_code{boost::asio::error::connection_reset}, net::link_loss::reset},
        std::pair{net::error_code{boost::asio::error::broken_pipe}, net::link_loss::reset},
        std::pair{net::error_code{boost::asio::error::timed_out}, net::link_loss::timed_out},
        std::pair{net::error_code{boost::asio::error::host_unreachable}, net::link_loss::timed_out},
        std::pair{
            net::error_code{boost::asio::error::network_unreachable}, net::link_loss::timed_out}
    );
    scripted_connection server;
    server.open();
    SECTION("when reading") {
        server.fail_read(error);
    }
    SECTION("when writing") {
        CHECK(server.connection->send(frame_of("x")));
        server.run();
        std::exchange(server.script.writing, {})(error, 0);
        server.run();
    }
    REQUIRE(server.owner.failures.size() == 1);
    CHECK(server.owner.failures.front().as_loss == loss);
    CHECK(server.script.is_closed);
    CHECK_FALSE(server.connection->send(frame_of("x")));
}

TEST_CASE("peer connection: what the system takes in parts leaves in order", "[net][peer]") {
    scripted_connection server;
    server.open();
    CHECK(server.connection->send(frame_of("first")));
    CHECK(server.connection->send(frame_of("second")));
    server.run();
    bytes written = server.take(3);
    // It comes while a write is under way.
    CHECK(server.connection->send(frame_of("third")));
    while (server.script.writing) {
        written += server.take(5);
    }
    CHECK(written == on_the_wire("first") + on_the_wire("second") + on_the_wire("third"));
    CHECK(server.connection->queued_size() == 0);
    CHECK(server.connection->traffic().frames_out == 3);
}

TEST_CASE("peer connection: a certificate for another host is refused", "[net][peer][tls]") {
    scripted_connection server;
    server.script.host = "elsewhere";
    server.start();
    server.receive(hello_of(2, 1));
    CHECK(
        server.take(1000) == on_the_wire(net::encode(net::peer_refusal{
                                 net::refusal_code::wrong_certificate,
                                 "the certificate of server 2 is not for " +
                                     server.connection->remote().address().to_string()}))
    );
    REQUIRE(server.owner.failures.size() == 1);
    CHECK(server.owner.failures.front().what == net::peer_failure::kind::refused_here);
}

TEST_CASE("peer connection: what TLS says about its failure is passed on", "[net][peer][tls]") {
    scripted_connection server;
    server.script.tls_failure = "its certificate has expired";
    server.start(boost::asio::error::eof);
    REQUIRE(server.owner.failures.size() == 1);
    CHECK(server.owner.failures.front().what == net::peer_failure::kind::not_secured);
    CHECK(server.owner.failures.front().sentence == "TLS: its certificate has expired");
}

TEST_CASE("peer connection: a link that is not wanted any more is not opened", "[net][peer]") {
    scripted_connection server;
    server.start();
    net::peer_hello hello = hello_of(2, 1);
    hello.cluster = id_of(0xaa);
    server.receive(hello);
    server.take(1000);
    server.links.set_cluster(id_of(0xbb));
    server.receive(on_the_wire(net::encode(net::peer_open{5})) + on_the_wire("frame"));
    CHECK(server.owner.opens == 0);
    CHECK(server.owner.frames.empty());
    REQUIRE(server.owner.failures.size() == 1);
    CHECK(server.owner.failures.front().code == net::refusal_code::other_cluster);
    // The other side has an open link: a refusal would be a frame of it.
    CHECK_FALSE(server.script.writing);
    CHECK(server.script.has_ended_output);
    server.fail_read(boost::asio::error::eof);
    CHECK(server.script.is_closed);
    CHECK(server.owner.failures.size() == 1);
}

TEST_CASE("peer connection: once abandoned it says nothing", "[net][peer]") {
    scripted_connection server;
    server.open();
    SECTION("while it is open") {}
    SECTION("when it has failed a moment ago") {
        server.connection->fail({net::peer_failure::kind::given_up, {}, "enough"});
    }
    server.connection->abandon();
    server.run();
    CHECK(server.owner.failures.empty());
    CHECK(server.script.is_closed);
    CHECK(server.connection->is_closed());
}
