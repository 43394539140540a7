// What a peer can do wrong, or an intruder on purpose.
#include "server/net/peer_network.hpp"
#include "test/support/log_capture.hpp"
#include "test/unit/net/peer_fixture.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;

namespace {

/// Server 1 as played by the test, linked with a real server 2.
hand_made_peer linked_with(event_loop& loop, peer_server& two) {
    hand_made_peer peer{loop, two.port()};
    peer.send(hello_of(1, 2));
    CHECK(peer.receive_message<net::peer_hello>().server == server_id{2});
    peer.send(net::peer_ready{});
    CHECK(peer.receive_message<net::peer_open>().link_number != 0);
    return peer;
}

} // namespace

TEST_CASE("peer intruder: garbage in place of a hello costs the connection", "[net][peer]") {
    event_loop loop;
    peer_server two{loop, 2};
    two.start();
    const log_capture captured;
    const bytes garbage = GENERATE(
        bytes("GET / HTTP/1.1\r\n\r\n"),
        bytes(3000, '\xff'),
        bytes(8, '\0'),
        on_the_wire("nonsense"),
        on_the_wire(net::encode(net::peer_ready{})),
        on_the_wire(bytes(2000, 'x'))
    );
    hand_made_peer intruder{loop, two.port()};
    intruder.send(garbage);
    CHECK(intruder.is_closed());
    REQUIRE(loop.await([&] { return two.network->counters().bad_handshakes == 1; }));
    CHECK(captured.count("server connection failed peer=0 address=127.0.0.1") == 1);
    CHECK(two.links.empty());
}

TEST_CASE("peer intruder: who says nothing is sent away", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.handshake_timeout = 20ms;
    peer_server two{loop, 2, limits};
    two.start();
    hand_made_peer silent{loop, two.port()};
    SECTION("not a word") {}
    SECTION("half a hello") {
        silent.send(on_the_wire(net::encode(hello_of(1, 2))).substr(0, 20));
    }
    SECTION("a hello and nothing more") {
        silent.send(hello_of(1, 2));
        CHECK(silent.receive_message<net::peer_hello>().server == server_id{2});
    }
    CHECK(silent.is_closed());
    REQUIRE(loop.await([&] { return two.network->counters().slow_handshakes == 1; }));
    CHECK(two.links.empty());
}

TEST_CASE("peer intruder: a refused server that stays is sent away", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.handshake_timeout = 20ms;
    peer_server two{loop, 2, limits};
    two.start();
    hand_made_peer wrong{loop, two.port()};
    wrong.send(hello_of(1, 3));
    CHECK(wrong.receive_message<net::peer_refusal>().code == net::refusal_code::wrong_id);
    CHECK(wrong.is_closed());
    CHECK(two.network->counters().refused_here == 1);
    CHECK(two.network->counters().slow_handshakes == 0);
}

TEST_CASE("peer intruder: many silent connections do not shut a peer out", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.handshake_count_max = 4;
    limits.handshake_timeout = 1h;
    peer_server two{loop, 2, limits};
    two.start();
    std::vector<std::unique_ptr<hand_made_peer>> silent;
    for (std::size_t count = 0; count < 3 * limits.handshake_count_max; ++count) {
        silent.push_back(std::make_unique<hand_made_peer>(loop, two.port()));
    }
    REQUIRE(loop.await([&] { return two.network->counters().accepted == silent.size(); }));
    CHECK(two.network->counters().crowded_out == 2 * limits.handshake_count_max);
    CHECK(silent.front()->is_closed());
    peer_server one{loop, 1};
    one.start().dial({&two});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
}

TEST_CASE("peer intruder: a bad frame ends the link and reaches nobody", "[net][peer]") {
    event_loop loop;
    peer_server two{loop, 2};
    two.start();
    const log_capture captured;
    hand_made_peer peer = linked_with(loop, two);
    const server_id id{1};
    SECTION("damaged") {
        bytes damaged = on_the_wire("some payload");
        damaged.back() ^= 1;
        peer.send(on_the_wire("good") + damaged + on_the_wire("behind"));
        REQUIRE(loop.await([&] { return two.network->counters().bad_checksums == 1; }));
        CHECK(captured.count("reason=\"it sent a damaged frame\"") == 1);
    }
    SECTION("too long") {
        peer.send(on_the_wire("good") + bytes("\x01\x00\x00\x05", 4) + "xxxx");
        REQUIRE(loop.await([&] { return two.network->counters().bad_lengths == 1; }));
        CHECK(captured.count("a size that is not allowed") == 1);
    }
    SECTION("empty") {
        peer.send(on_the_wire("good") + bytes("\0\0\0\4\0\0\0\0", 8));
        REQUIRE(loop.await([&] { return two.network->counters().bad_lengths == 1; }));
    }
    CHECK(peer.is_closed());
    CHECK(two.links[id].frames == std::vector<bytes>{"good"});
    CHECK(two.links[id].losses == std::vector{net::link_loss::dropped});
}

TEST_CASE("peer intruder: a link that ends within a frame delivers nothing of it", "[net][peer]") {
    event_loop loop;
    peer_server two{loop, 2};
    two.start();
    const log_capture captured;
    hand_made_peer peer = linked_with(loop, two);
    peer.send(on_the_wire("whole") + on_the_wire("cut off").substr(0, 12));
    peer.close();
    REQUIRE(loop.await([&] { return two.links[server_id{1}].losses.size() == 1; }));
    CHECK(two.links[server_id{1}].losses == std::vector{net::link_loss::closed});
    CHECK(two.links[server_id{1}].frames == std::vector<bytes>{"whole"});
    CHECK(captured.count("it ended within a frame") == 1);
}

TEST_CASE("peer intruder: an id in use is refused", "[net][peer]") {
    event_loop loop;
    peer_server two{loop, 2};
    two.start();
    const log_capture captured;
    hand_made_peer peer = linked_with(loop, two);
    hand_made_peer other{loop, two.port()};
    net::peer_hello hello = hello_of(1, 2);
    hello.storage = id_of(0x99);
    other.send(hello);
    const auto refusal = other.receive_message<net::peer_refusal>();
    CHECK(refusal.code == net::refusal_code::id_in_use);
    CHECK_THAT(
        refusal.sentence, Catch::Contains("the id 1 is in use by another server, at 127.0.0.1:")
    );
    CHECK(captured.count("server refused peer=1") == 1);
    CHECK(two.links[server_id{1}].is_up);
    SECTION("until its holder is gone") {
        peer.close();
        REQUIRE(loop.await([&] { return !two.links[server_id{1}].is_up; }));
        hand_made_peer again{loop, two.port()};
        again.send(hello);
        CHECK(again.receive_message<net::peer_hello>().server == server_id{2});
    }
}

TEST_CASE("peer intruder: two servers with one id are told so on both sides", "[net][peer]") {
    event_loop loop;
    const log_capture captured;
    peer_server two{loop, 2};
    peer_server impostor{loop, 2};
    impostor.settings.storage = id_of(0x99);
    two.start();
    impostor.start();
    // As the impostor has been told that it is server 3.
    impostor.network->set_peers({{server_id{3}, "127.0.0.1", two.port()}});
    REQUIRE(loop.await([&] { return impostor.network->counters().refused_there >= 2; }));
    CHECK(captured.count("server refused peer=2 address=127.0.0.1 reason=\"two servers have") == 1);
    CHECK(captured.count("refused by server peer=3") == 1);
    CHECK_THAT(impostor.status_of(3)->last_error, Catch::Contains("two servers have the id 2"));
    CHECK(two.links.empty());
    CHECK(impostor.links.empty());
}

TEST_CASE("peer intruder: a server that dials itself says so", "[net][peer]") {
    event_loop loop;
    peer_server two{loop, 2};
    two.start();
    two.network->set_peers({{server_id{3}, "127.0.0.1", two.port()}});
    REQUIRE(loop.await([&] { return two.network->counters().refused_there >= 1; }));
    CHECK_THAT(two.status_of(3)->last_error, Catch::Contains("check the address of server 3"));
    CHECK(two.links.empty());
}

TEST_CASE("peer intruder: a server of another version is refused", "[net][peer]") {
    event_loop loop;
    const log_capture captured;
    peer_server two{loop, 2};
    two.start();
    hand_made_peer newer{loop, two.port()};
    net::peer_hello hello = hello_of(1, 2);
    hello.version_min = 2;
    hello.version_max = 3;
    newer.send(hello);
    CHECK(newer.receive_message<net::peer_refusal>().code == net::refusal_code::no_common_version);
    CHECK(newer.is_closed());
    CHECK(captured.count("speaks versions 2 to 3") == 1);
}

TEST_CASE("peer intruder: the dialer is as careful as the dialed", "[net][peer]") {
    event_loop loop;
    const log_capture captured;
    net::tcp_acceptor acceptor{loop.context, {boost::asio::ip::address_v4::loopback(), 0}};
    net::peer_limits limits = quick_limits();
    limits.handshake_timeout = 20ms;
    peer_server two{loop, 2, limits};
    two.start();
    std::vector<hand_made_peer> accepted;
    const auto accept = [&] {
        acceptor.async_accept([&](net::error_code failed, net::tcp_socket socket) {
            REQUIRE_FALSE(failed);
            accepted.emplace_back(loop, std::move(socket));
        });
        const std::size_t before = accepted.size();
        REQUIRE(loop.await([&] { return accepted.size() == before + 1; }));
        return &accepted.back();
    };
    two.network->set_peers({{server_id{1}, "127.0.0.1", acceptor.local_endpoint().port()}});
    SECTION("silence") {
        static_cast<void>(accept());
        REQUIRE(loop.await([&] { return two.network->counters().slow_handshakes == 1; }));
        // And it tries again.
        static_cast<void>(accept());
    }
    SECTION("garbage") {
        accept()->send("SSH-2.0-OpenSSH_9.2p1\r\n");
        REQUIRE(loop.await([&] { return two.network->counters().bad_handshakes == 1; }));
    }
    SECTION("another server") {
        hand_made_peer& other = *accept();
        CHECK(other.receive_message<net::peer_hello>().addressee == server_id{1});
        other.send(hello_of(4, 2));
        CHECK(other.receive_message<net::peer_refusal>().code == net::refusal_code::wrong_id);
        CHECK(captured.count("server 1 was dialed, but server 4 answered") == 1);
    }
    SECTION("a server that hangs up") {
        hand_made_peer& other = *accept();
        static_cast<void>(other.receive_message<net::peer_hello>());
        other.close();
        REQUIRE(loop.await([&] { return captured.count("the other side ended it") == 1; }));
        static_cast<void>(accept());
    }
    CHECK(two.links[server_id{1}].ups == 0);
}
