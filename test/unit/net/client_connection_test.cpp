#include "server/net/client_connection.hpp"
#include "test/support/log_capture.hpp"
#include "test/unit/net/network_fixture.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;
using step = net::delivery::next_step;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

/// Small enough for a test to reach.
net::network_settings with_small_output(int io_threads) {
    net::network_settings settings = on_any_port(io_threads);
    settings.limits.output_pause_size = mebibyte / 16;
    settings.limits.output_size_max = 32 * mebibyte;
    return settings;
}

} // namespace

TEST_CASE("client connection: frames in any segmentation are answered in order", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    posix_client client{server.port()};
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

TEST_CASE("client connection: the largest frame passes", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    posix_client client{server.port()};
    const bytes largest(net::connection_limits{}.frame_size_max, 'x');
    client.send(framed(largest));
    CHECK(client.receive_frame() == largest);
}

TEST_CASE(
    "client connection: a bad length ends it after the answers to what came before", "[net]"
) {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    const log_capture captured;
    posix_client client{server.port()};
    const bytes bad =
        GENERATE(bytes{"\xff\xff\xff\xff"}, bytes("\x00\x10\x00\x00", 4), bytes{"GET / HTTP/1.1"});
    client.send(framed("good") + bad);
    CHECK(client.receive_to_end() == framed("good"));
    CHECK_FALSE(client.was_reset());
    CHECK(captured.await("bad frame length"));
    client.close();
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
    CHECK(server.network.counters().bad_lengths == 1);
}

TEST_CASE("client connection: a flood of bad lengths gives few lines", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    const log_capture captured;
    for (int count = 0; count < 50; ++count) {
        posix_client client{server.port()};
        client.send("\xff\xff\xff\xff");
        CHECK(client.receive_to_end().empty());
    }
    CHECK(captured.await("more suppressed"));
    CHECK(captured.count("bad frame length") < 50);
}

TEST_CASE(
    "client connection: a four-letter word is answered and then the connection ends", "[net]"
) {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    posix_client client{server.port()};
    SECTION("alone") {
        client.send("ruok");
    }
    SECTION("split over segments") {
        for (const char octet : bytes{"ruok"}) {
            client.send({&octet, 1});
        }
    }
    SECTION("with octets behind it that nobody reads") {
        client.send("ruok\n" + bytes(1000, 'x'));
    }
    SECTION("by a client that then sends nothing more") {
        client.send("ruok");
        client.end_sending();
    }
    CHECK(client.receive_to_end() == "imok");
    CHECK_FALSE(client.was_reset());
    client.close();
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("client connection: a word with an argument is given with it", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    posix_client client{server.port()};
    client.send("stmk1234");
    client.send("5678");
    CHECK(client.receive_to_end().empty());
    CHECK(server.core.seen().words == std::vector<bytes>{"stmk12345678"});
}

TEST_CASE("client connection: a client that keeps its side open is closed after a while", "[net]") {
    net::network_settings settings = on_any_port(GENERATE(0, 2));
    settings.limits.drain_timeout = 20ms;
    network_fixture server{settings};
    server.start();
    posix_client client{server.port()};
    client.send("ruok");
    CHECK(client.receive_to_end() == "imok");
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("client connection: the end of a client is told once", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    {
        posix_client client{server.port()};
        client.send(framed("x") + bytes{"\0\0", 2});
        CHECK(client.receive_frame() == "x");
    }
    { const posix_client silent{server.port()}; }
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 2; }));
    CHECK(server.core.seen().connects == 2);
    server.on_core([&] { CHECK(server.core.clients.empty()); });
}

TEST_CASE("client connection: nothing is read while the core has the turn", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    net::connection_pointer held;
    server.core.react = [&](const net::connection_pointer& from,
                            const std::vector<bytes>& payloads) {
        if (payloads.front() == "hold") {
            held = from;
        } else {
            server.core.deliver(from, framed(payloads.front()), step::read);
        }
    };
    server.start();
    posix_client client{server.port()};
    client.send(framed("hold"));
    CHECK(server.core.await([](const auto& seen) { return seen.frames.size() == 1; }));
    client.send(framed("later"));
    posix_client other{server.port()};
    other.send(framed("meanwhile"));
    CHECK(other.receive_frame() == "meanwhile");
    CHECK(server.core.seen().frames == std::vector<bytes>{"hold", "meanwhile"});
    server.on_core([&] { server.core.deliver(std::exchange(held, nullptr), {}, step::read); });
    CHECK(client.receive_frame() == "later");
}

TEST_CASE("client connection: it asks again when it was told to", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.core.react = [&](const net::connection_pointer& from,
                            const std::vector<bytes>& payloads) {
        server.core.deliver(from, framed(payloads.front()), step::ask_again);
    };
    server.start();
    posix_client client{server.port()};
    client.send(framed("one"));
    CHECK(server.core.await([](const auto& seen) { return seen.words.size() == 1; }));
    client.send(framed("two"));
    CHECK(client.receive_frame() == "one");
    CHECK(client.receive_frame() == "two");
}

TEST_CASE("client connection: who does not read is not read from and delays nobody", "[net]") {
    network_fixture server{with_small_output(GENERATE(0, 2))};
    const bytes large = framed(bytes(mebibyte / 4, 'x'));
    server.core.react = [&](const net::connection_pointer& from,
                            const std::vector<bytes>& payloads) {
        bytes reply;
        for (const bytes& each : payloads) {
            reply += each == "large" ? large : framed(each);
        }
        server.core.deliver(from, std::move(reply), step::read);
    };
    server.start();
    posix_client slow{server.port(), 8192};
    posix_client other{server.port()};
    constexpr std::size_t count = 100; // four times what the socket's buffers take
    const auto large_count = [](const scripted_core::sightings& seen) {
        return static_cast<std::size_t>(std::count(seen.frames.begin(), seen.frames.end(), "large")
        );
    };
    for (std::size_t sent = 0; sent < count; ++sent) {
        slow.send(framed("large"));
        other.send(framed("quick"));
        REQUIRE(other.receive_frame() == "quick");
    }
    CHECK(large_count(server.core.seen()) < count);
    for (std::size_t received = 0; received < count; ++received) {
        REQUIRE(slow.receive(large.size()).size() == large.size());
    }
    CHECK(large_count(server.core.seen()) == count);
    CHECK(server.network.counters().dropped == 0);
}

TEST_CASE("client connection: who makes no progress with much output is dropped", "[net]") {
    net::network_settings settings = with_small_output(GENERATE(0, 2));
    settings.limits.stall_timeout = 50ms;
    network_fixture server{settings};
    server.core.react = [&](const net::connection_pointer& from, const std::vector<bytes>&) {
        server.core.deliver(from, bytes(16 * mebibyte, 'x'), step::read);
    };
    server.start();
    const log_capture captured;
    posix_client client{server.port(), 8192};
    client.send(framed("much"));
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
    CHECK(server.network.counters().dropped == 1);
    CHECK(captured.count("connection dropped") == 1);
}

TEST_CASE("client connection: who lets too much pile up is dropped at once", "[net]") {
    net::network_settings settings = with_small_output(GENERATE(0, 2));
    settings.limits.stall_timeout = 1h;
    network_fixture server{settings};
    server.core.react = [&](const net::connection_pointer& from, const std::vector<bytes>&) {
        for (int count = 0; count < 3; ++count) {
            server.core.deliver(from, bytes(16 * mebibyte, 'x'), step::none);
        }
    };
    server.start();
    posix_client client{server.port(), 8192};
    client.send(framed("too much"));
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
    CHECK(server.network.counters().dropped == 1);
    client.receive_to_end();
    CHECK(client.was_reset());
}

TEST_CASE("client connection: one reply may be larger than all that may pile up", "[net]") {
    net::network_settings settings = with_small_output(GENERATE(0, 2));
    settings.limits.stall_timeout = 1h;
    network_fixture server{settings};
    const bytes huge(40 * mebibyte, 'x'); // 32 are the bound
    server.core.react = [&](const net::connection_pointer& from,
                            const std::vector<bytes>& payloads) {
        const bool is_greedy = payloads.front() == "twice";
        server.core.deliver(from, huge, step::none);
        // Watch events, or what was asked for too early.
        server.core.deliver(from, is_greedy ? huge : bytes(mebibyte, 'y'), step::none);
    };
    server.start();
    posix_client client{server.port(), 8192};
    client.send(framed("huge"));
    CHECK(client.receive(huge.size()) == huge);
    CHECK(client.receive(mebibyte) == bytes(mebibyte, 'y'));
    CHECK(server.network.counters().dropped == 0);
    posix_client greedy{server.port(), 8192};
    greedy.send(framed("twice"));
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
    CHECK(server.network.counters().dropped == 1);
}

TEST_CASE("client connection: the core is told when there is room again", "[net]") {
    network_fixture server{with_small_output(GENERATE(0, 2))};
    const bytes much(16 * mebibyte, 'x');
    server.core.react = [&](const net::connection_pointer& from,
                            const std::vector<bytes>& payloads) {
        const bool is_much = payloads.front() == "much";
        server.core.deliver(from, is_much ? much : framed("little"), step::read, true);
    };
    server.start();
    posix_client slow{server.port(), 8192};
    slow.send(framed("much"));
    CHECK(server.core.await([](const auto& seen) { return seen.frames.size() == 1; }));
    posix_client quick{server.port()};
    quick.send(framed("little"));
    CHECK(quick.receive_frame() == "little");
    CHECK(server.core.await([](const auto& seen) { return seen.rooms == 1; })); // of the quick one
    CHECK(slow.receive(much.size()) == much);
    CHECK(server.core.await([](const auto& seen) { return seen.rooms == 2; }));
}

TEST_CASE(
    "client connection: close sends everything first even if the client has sent more", "[net]"
) {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    const bytes last(8 * mebibyte, 'x');
    server.core.react = [&](const net::connection_pointer& from, const std::vector<bytes>&) {
        server.core.deliver(from, last, step::close);
    };
    server.start();
    posix_client client{server.port()};
    client.send(framed("close") + framed("ignored"));
    CHECK(server.core.await([](const auto& seen) { return !seen.frames.empty(); }));
    client.send(framed(bytes(100'000, 'y')));
    CHECK(client.receive_to_end() == last);
    CHECK_FALSE(client.was_reset());
    client.close();
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE(
    "client connection: output that nobody takes does not keep a closing connection", "[net]"
) {
    net::network_settings settings = with_small_output(GENERATE(0, 2));
    settings.limits.flush_timeout = 50ms;
    network_fixture server{settings};
    server.core.react = [&](const net::connection_pointer& from, const std::vector<bytes>&) {
        server.core.deliver(from, bytes(16 * mebibyte, 'x'), step::close);
    };
    server.start();
    posix_client client{server.port(), 8192};
    client.send(framed("close"));
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("client connection: an idle one can be closed by the core", "[net]") {
    network_fixture server{on_any_port(GENERATE(0, 2))};
    server.start();
    posix_client client{server.port()};
    CHECK(server.core.await([](const auto& seen) { return seen.connects == 1; }));
    const step how = GENERATE(step::close, step::close_at_once);
    server.on_core([&] { server.core.deliver(*server.core.clients.begin(), {}, how); });
    CHECK(client.receive_to_end().empty());
    client.close();
    CHECK(server.core.await([](const auto& seen) { return seen.disconnects == 1; }));
}
