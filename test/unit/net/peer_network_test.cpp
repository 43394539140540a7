#include "server/net/peer_network.hpp"
#include "test/support/log_capture.hpp"
#include "test/unit/net/peer_fixture.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace conclave;
using namespace conclave::test;
using namespace std::chrono_literals;

TEST_CASE("peer network: one dials and both have the link", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    one.start();
    two.start();
    const bool greater_dials = GENERATE(false, true);
    peer_server& dialing = greater_dials ? two : one;
    peer_server& dialed = greater_dials ? one : two;
    dialing.dial({&dialed});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    CHECK(dialing.status_of(dialed.settings.own.value)->link->is_dialed);
    CHECK_FALSE(dialed.status_of(dialing.settings.own.value)->link->is_dialed);
    CHECK(one.with(two).ups == 1);
    CHECK(two.with(one).ups == 1);
    CHECK(one.send(two, "to two"));
    CHECK(two.send(one, "to one"));
    REQUIRE(loop.await([&] {
        return two.with(one).frames.size() == 1 && one.with(two).frames.size() == 1;
    }));
    CHECK(two.with(one).frames.front() == "to two");
    CHECK(one.with(two).frames.front() == "to one");
}

TEST_CASE("peer network: when both dial at once exactly one connection stays", "[net][peer]") {
    event_loop loop;
    for (int round = 0; round < 30; ++round) {
        peer_server one{loop, 1};
        peer_server two{loop, 2};
        one.start();
        two.start();
        if (round % 2 == 0) {
            one.dial({&two});
            two.dial({&one});
        } else {
            two.dial({&one});
            one.dial({&two});
        }
        // What is sent at once must not be lost to a connection that loses.
        const auto greet = [](peer_server& self) {
            self.react_to_up = [&self](server_id peer, net::link_generation generation) {
                CHECK(self.network->send(peer, generation, frame_of("hello")));
            };
            self.react_to_frame =
                [&self](server_id peer, net::link_generation generation, bytes_view) {
                    if (self.links[peer].frames.size() < 20) {
                        self.network->send(peer, generation, frame_of("again"));
                    }
                };
        };
        greet(one);
        greet(two);
        REQUIRE(loop.await([&] {
            return one.with(two).frames.size() >= 20 && two.with(one).frames.size() >= 20;
        }));
        CHECK(are_linked(one, two));
        CHECK(one.with(two).ups == 1);
        CHECK(two.with(one).ups == 1);
        CHECK(one.network->counters().links == 1);
        CHECK(one.network->counters().refused_here + two.network->counters().refused_here == 0);
    }
}

TEST_CASE("peer network: a dial is given up once there is a link", "[net][peer]") {
    event_loop loop;
    net::tcp_acceptor silent{loop.context, {boost::asio::ip::address_v4::loopback(), 0}};
    peer_server one{loop, 1};
    net::peer_limits limits = quick_limits();
    limits.handshake_timeout = 1h;
    peer_server two{loop, 2, limits};
    one.start();
    two.start();
    two.network->set_peers({{server_id{1}, "127.0.0.1", silent.local_endpoint().port()}});
    REQUIRE(loop.await([&] { return two.network->counters().dialed == 1; }));
    hand_made_peer dialed{loop, silent.accept()};
    CHECK(dialed.receive_message<net::peer_hello>().addressee == server_id{1});
    one.dial({&two});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    CHECK(dialed.is_closed());
    CHECK(two.network->counters().dialed == 1);
}

TEST_CASE("peer network: three servers have a link for each pair", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    peer_server three{loop, 3};
    const std::vector<peer_server*> all{&one, &two, &three};
    for (peer_server* each : all) {
        each->start();
    }
    for (peer_server* each : all) {
        each->dial({&one, &two, &three});
    }
    REQUIRE(loop.await([&] {
        return are_linked(one, two) && are_linked(one, three) && are_linked(two, three);
    }));
    // The pieces of a frame may go to several peers.
    const auto piece = std::make_shared<const bytes>(1000, 'e');
    CHECK(one.send(two, {std::make_shared<const bytes>("to 2: "), piece}));
    CHECK(one.send(three, {std::make_shared<const bytes>("to 3: "), piece, piece}));
    REQUIRE(loop.await([&] {
        return !two.with(one).frames.empty() && !three.with(one).frames.empty();
    }));
    CHECK(two.with(one).frames.front() == "to 2: " + *piece);
    CHECK(three.with(one).frames.front() == "to 3: " + *piece + *piece);
    for (peer_server* each : all) {
        CHECK(each->network->status().size() == 2);
        CHECK(each->network->counters().links == 2);
    }
}

TEST_CASE("peer network: frames arrive in order and intact", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.frame_size_max = 10 << 20U;
    peer_server one{loop, 1, limits};
    peer_server two{loop, 2, limits};
    one.start();
    two.start().dial({&one});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    std::vector<bytes> sent;
    for (std::size_t count = 0; count < 500; ++count) {
        sent.emplace_back(1 + count * 37 % 5000, static_cast<char>(count));
    }
    bytes large(limits.frame_size_max, '\0');
    for (std::size_t at = 0; at < large.size(); ++at) {
        large[at] = static_cast<char>(at * 2654435761U >> 13U);
    }
    sent.push_back(large);
    sent.emplace_back("the last one");
    for (const bytes& each : sent) {
        REQUIRE(one.send(two, each));
    }
    REQUIRE(loop.await([&] { return two.with(one).frames.size() == sent.size(); }));
    CHECK(two.with(one).frames == sent);
    const net::peer_traffic out = one.status_of(2)->link->traffic;
    const net::peer_traffic in = two.status_of(1)->link->traffic;
    CHECK(out.frames_out == sent.size());
    CHECK(in.frames_in == sent.size());
    CHECK(out.octets_out == in.octets_in);
    CHECK(one.network->queued_size(server_id{2}) == 0);
}

TEST_CASE(
    "peer network: a frame that is too large costs the link and nothing else", "[net][peer]"
) {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.frame_size_max = 1000;
    peer_server one{loop, 1, limits};
    peer_server two{loop, 2, limits};
    one.start();
    two.start().dial({&one});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    const net::link_generation before = one.with(two).generation;
    const log_capture captured;
    CHECK_FALSE(one.send(two, std::string(1001, 'x')));
    REQUIRE(loop.await([&] { return are_linked(one, two) && one.with(two).generation > before; }));
    CHECK(captured.await("1001 octets"));
    CHECK(one.send(two, std::string(1000, 'x')));
    REQUIRE(loop.await([&] { return !two.with(one).frames.empty(); }));
    CHECK(two.with(one).frames.front().size() == 1000);
}

TEST_CASE("peer network: a restarted server gets a new link and nothing old", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    one.start();
    two.start();
    one.dial({&two});
    two.dial({&one});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    peer_server& victim = GENERATE(0, 1) == 0 ? one : two;
    peer_server& witness = &victim == &one ? two : one;
    const net::link_generation before = witness.with(victim).generation;
    CHECK(victim.send(witness, "the last words"));
    CHECK(witness.send(victim, "never read"));
    victim.kill();
    REQUIRE(loop.await([&] { return witness.with(victim).losses.size() == 1; }));
    const net::link_loss how = witness.with(victim).losses.front();
    CHECK((how == net::link_loss::closed || how == net::link_loss::reset));
    CHECK_FALSE(witness.network->send(victim.settings.own, before, frame_of("too late")));
    victim.start().dial({&witness});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    CHECK(witness.with(victim).generation > before);
    CHECK_FALSE(witness.network->send(victim.settings.own, before, frame_of("too late")));
    CHECK(witness.send(victim, "in time"));
    REQUIRE(loop.await([&] { return !victim.with(witness).frames.empty(); }));
    CHECK(victim.with(witness).frames == std::vector<bytes>{"in time"});
    CHECK(witness.with(victim).frames.empty());
}

TEST_CASE("peer network: a restarted server takes the place of itself", "[net][peer]") {
    // The earlier incarnation has vanished without a word: its connection is still open.
    event_loop loop;
    const bool is_greater = GENERATE(false, true);
    const std::uint32_t id = is_greater ? 3 : 1;
    peer_server two{loop, 2};
    two.start();
    peer_server earlier{loop, id};
    earlier.start().dial({&two});
    REQUIRE(loop.await([&] { return are_linked(earlier, two); }));
    const net::link_generation before = two.with(earlier).generation;
    peer_server later{loop, id};
    later.settings.boot = 999;
    later.start().dial({&two});
    REQUIRE(loop.await([&] { return two.with(later).ups == 2 && are_linked(later, two); }));
    CHECK(two.with(later).losses == std::vector{net::link_loss::replaced});
    CHECK(two.with(later).generation > before);
    CHECK(two.status_of(id)->link->boot == 1000);
}

TEST_CASE("peer network: a link that only one side still knows is replaced", "[net][peer]") {
    // A connection that the other side has lost without this one hearing of it: played by hand,
    // because a loopback always tells.
    event_loop loop;
    peer_server two{loop, 2};
    two.start();
    hand_made_peer before{loop, two.port()};
    before.send(hello_of(1, 2));
    CHECK(before.receive_message<net::peer_hello>().server == server_id{2});
    before.send(net::peer_ready{});
    const std::uint64_t number = before.receive_message<net::peer_open>().link_number;
    REQUIRE(loop.await([&] { return two.links[server_id{1}].is_up; }));
    net::peer_hello again = hello_of(1, 2);
    SECTION("it is kept while the other side does not say that it is lost") {
        hand_made_peer after{loop, two.port()};
        after.send(again);
        CHECK(after.receive_message<net::peer_refusal>().code == net::refusal_code::already_linked);
        CHECK(after.is_closed());
        CHECK(two.links[server_id{1}].ups == 1);
        CHECK(two.network->counters().refused_here == 0);
    }
    SECTION("and replaced when it does") {
        again.lost_link = number;
        hand_made_peer after{loop, two.port()};
        after.send(again);
        static_cast<void>(after.receive_message<net::peer_hello>());
        after.send(net::peer_ready{});
        CHECK(after.receive_message<net::peer_open>().link_number != number);
        REQUIRE(loop.await([&] { return two.links[server_id{1}].ups == 2; }));
        CHECK(two.links[server_id{1}].losses == std::vector{net::link_loss::replaced});
        CHECK(before.is_closed());
        // What the old connection still had to say is not heard.
        after.send(on_the_wire("heard"));
        REQUIRE(loop.await([&] { return !two.links[server_id{1}].frames.empty(); }));
        CHECK(two.links[server_id{1}].frames == std::vector<bytes>{"heard"});
    }
}

TEST_CASE("peer network: peers come and go while it runs", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    peer_server three{loop, 3};
    one.start();
    two.start();
    three.start();
    one.dial({&two});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    one.dial({&three, &two});
    REQUIRE(loop.await([&] { return are_linked(one, three); }));
    CHECK(one.with(two).ups == 1);
    one.dial({&three});
    // The link with a server that is not dialed any more stays until it is dropped.
    CHECK(one.is_linked(two));
    one.network->drop(server_id{2}, one.with(two).generation, "not a member any more");
    CHECK(one.is_linked(two)); // reported later
    REQUIRE(loop.await([&] { return !one.is_linked(two) && !two.is_linked(one); }));
    CHECK(one.with(two).losses == std::vector{net::link_loss::dropped});
    CHECK(one.network->status().size() == 1);
    one.network->drop(server_id{3}, net::link_generation{999}, "of another generation");
    CHECK(one.is_linked(three));
    one.network->drop(server_id{3}, one.with(three).generation, "dialed again");
    REQUIRE(loop.await([&] { return one.with(three).ups == 2 && are_linked(one, three); }));
    CHECK_FALSE(one.is_linked(two));
    CHECK(one.with(two).ups == 1);
}

TEST_CASE("peer network: an address that changes is dialed", "[net][peer]") {
    event_loop loop;
    net::peer_limits patient = quick_limits();
    patient.dial_pause_min = 1h;
    patient.dial_pause_max = 1h;
    peer_server one{loop, 1, patient};
    peer_server two{loop, 2};
    one.start();
    two.start();
    one.network->set_peers({{server_id{2}, "127.0.0.1", port_without_listener(loop)}});
    REQUIRE(loop.await([&] { return one.with(two).refused_dials == 1; }));
    one.dial({&two});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
}

TEST_CASE("peer network: an unknown server may dial in and only so many", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.stranger_count_max = 1;
    peer_server one{loop, 1, limits};
    one.start();
    peer_server first{loop, 7};
    peer_server second{loop, 8};
    first.start().dial({&one});
    REQUIRE(loop.await([&] { return are_linked(one, first); }));
    CHECK(one.status_of(7)->endpoints.empty());
    const log_capture captured;
    second.start().dial({&one});
    REQUIRE(loop.await([&] {
        return second.network->counters().refused_here + second.network->counters().refused_there >=
               3;
    }));
    CHECK_FALSE(one.is_linked(second));
    CHECK(captured.count("server refused peer=8") == 1);
    CHECK(captured.count("refused by server peer=1") == 1);
    CHECK_THAT(second.status_of(1)->last_error, Catch::Contains("server 8 is not known here"));
    one.dial({&second});
    REQUIRE(loop.await([&] { return are_linked(one, second); }));
    CHECK(are_linked(one, first));
}

TEST_CASE("peer network: a refused dial is reported", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    one.start();
    two.start();
    one.dial({&two});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    two.kill();
    REQUIRE(loop.await([&] { return one.with(two).refused_dials >= 2; }));
    CHECK(one.with(two).losses.size() == 1);
    CHECK_THAT(one.status_of(2)->last_error, Catch::Contains("refused"));
}

TEST_CASE("peer network: a name that does not resolve is a complaint", "[net][peer]") {
    event_loop loop;
    const log_capture captured;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    one.start();
    two.start();
    one.network->set_peers({{server_id{3}, "no-such-host.invalid", 1}, two.endpoint()});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    REQUIRE(loop.await([&] { return captured.count("no-such-host.invalid:1") == 1; }));
    CHECK_THAT(one.status_of(3)->last_error, Catch::Contains("no-such-host.invalid:1"));
    CHECK(one.links[server_id{3}].refused_dials == 0);
}

TEST_CASE("peer network: a late answer of the resolver serves the next round", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.resolve_timeout = 0ms;
    const log_capture captured;
    // The resolver has a thread of its own, and now and then its answer is not late.
    while (captured.count("the name was not resolved in time") == 0) {
        peer_server one{loop, 1, limits};
        peer_server two{loop, 2};
        one.start();
        two.start();
        one.network->set_peers({{server_id{2}, "localhost", two.port()}});
        REQUIRE(loop.await([&] { return are_linked(one, two); }));
    }
}

TEST_CASE("peer network: one of several addresses is enough", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    peer_server three{loop, 3};
    one.start();
    two.start();
    three.start();
    // Nobody, then somebody else, then a name that leads there, perhaps among others.
    one.network->set_peers(
        {{server_id{2}, "127.0.0.1", port_without_listener(loop)},
         {server_id{2}, "127.0.0.1", three.port()},
         {server_id{2}, "localhost", two.port()}}
    );
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    CHECK(one.network->counters().refused_there == 1);
    CHECK(three.network->counters().refused_here == 1);
    CHECK(one.with(two).refused_dials == 0);
}

TEST_CASE("peer network: a sender hears when there is room again", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.queue_soft_size = 1 << 20U;
    peer_server one{loop, 1, limits};
    peer_server two{loop, 2};
    one.start();
    two.start().dial({&one});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    CHECK(one.send(two, "small"));
    REQUIRE(loop.await([&] { return two.with(one).frames.size() == 1; }));
    CHECK(one.with(two).writables == 0);
    const auto chunk = std::make_shared<const bytes>(limits.queue_soft_size, 'c');
    for (int count = 0; count < 10; ++count) {
        CHECK(one.send(two, {chunk}));
    }
    CHECK(one.network->queued_size(server_id{2}) > 10 * limits.queue_soft_size);
    REQUIRE(loop.await([&] { return one.with(two).writables == 1; }));
    CHECK(one.network->queued_size(server_id{2}) <= limits.queue_soft_size / 2);
    REQUIRE(loop.await([&] { return two.with(one).frames.size() == 11; }));
    CHECK(one.send(two, "small again"));
    REQUIRE(loop.await([&] { return two.with(one).frames.size() == 12; }));
    CHECK(one.with(two).writables == 1);
}

TEST_CASE("peer network: a peer that does not read is dropped", "[net][peer]") {
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.queue_size_max = 4 << 20U;
    peer_server two{loop, 2, limits};
    two.start();
    hand_made_peer lazy{loop, two.port()};
    lazy.send(hello_of(1, 2));
    static_cast<void>(lazy.receive_message<net::peer_hello>());
    lazy.send(net::peer_ready{});
    static_cast<void>(lazy.receive_message<net::peer_open>());
    const server_id peer{1};
    const net::link_generation generation = two.links[peer].generation;
    const auto chunk = std::make_shared<const bytes>(1 << 16U, 'c');
    // The system takes a part of it, whenever it comes round.
    REQUIRE(loop.await([&] {
        bool is_taken = true;
        for (int count = 0; is_taken && count < 20; ++count) {
            is_taken = two.network->send(peer, generation, {chunk});
        }
        return !is_taken;
    }));
    CHECK(two.links[peer].is_up); // reported later
    CHECK_FALSE(two.network->send(peer, generation, frame_of("x")));
    REQUIRE(loop.await([&] { return !two.links[peer].is_up; }));
    CHECK(two.links[peer].losses == std::vector{net::link_loss::dropped});
    CHECK(two.network->counters().too_slow == 1);
    CHECK(chunk.use_count() == 1);
}

TEST_CASE("peer network: a vanished peer is noticed by the transport", "[net][peer]") {
    // On a loopback nobody vanishes, but a peer that acknowledges nothing because it does not read
    // looks the same once its buffers are full.
    event_loop loop;
    net::peer_limits limits = quick_limits();
    limits.vanished_timeout = 1s;
    peer_server two{loop, 2, limits};
    two.start();
    hand_made_peer stopped{loop, two.port()};
    stopped.send(hello_of(1, 2));
    static_cast<void>(stopped.receive_message<net::peer_hello>());
    stopped.send(net::peer_ready{});
    static_cast<void>(stopped.receive_message<net::peer_open>());
    const server_id peer{1};
    const auto chunk = std::make_shared<const bytes>(1 << 20U, 'c');
    for (int count = 0; count < 20; ++count) {
        REQUIRE(two.network->send(peer, two.links[peer].generation, {chunk}));
    }
    REQUIRE(loop.await([&] { return !two.links[peer].is_up; }));
    CHECK(two.links[peer].losses == std::vector{net::link_loss::timed_out});
}

TEST_CASE("peer network: everything may be called from within a call", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    one.start();
    two.start();
    SECTION("stop when a link comes up") {
        one.react_to_up = [&](server_id, net::link_generation) {
            one.network->stop();
        };
        one.dial({&two});
        REQUIRE(loop.await([&] { return !two.with(one).losses.empty(); }));
        CHECK(one.with(two).losses.empty());
    }
    SECTION("stop when a frame comes in") {
        one.react_to_frame = [&](server_id, net::link_generation, bytes_view) {
            one.network->stop();
        };
        one.dial({&two});
        REQUIRE(loop.await([&] { return are_linked(one, two); }));
        CHECK(two.send(one, "first"));
        CHECK(two.send(one, "second"));
        REQUIRE(loop.await([&] { return !two.with(one).losses.empty(); }));
        CHECK(one.with(two).frames == std::vector<bytes>{"first"});
    }
    SECTION("drop when a frame comes in") {
        one.react_to_frame = [&](server_id peer, net::link_generation generation, bytes_view) {
            one.network->drop(peer, generation, "bad message");
        };
        one.dial({&two});
        REQUIRE(loop.await([&] { return are_linked(one, two); }));
        CHECK(two.send(one, "first"));
        CHECK(two.send(one, "second"));
        REQUIRE(loop.await([&] { return one.with(two).ups == 2; }));
        CHECK(one.with(two).frames.empty());
        CHECK(one.with(two).losses == std::vector{net::link_loss::dropped});
    }
    SECTION("stop when a link is replaced") {
        two.dial({&one});
        REQUIRE(loop.await([&] { return are_linked(one, two); }));
        one.react_to_down = [&](server_id) {
            one.network->stop();
        };
        peer_server later{loop, 2};
        later.settings.boot = 999;
        later.start().dial({&one});
        REQUIRE(loop.await([&] { return one.with(two).losses.size() == 1; }));
        CHECK(one.with(two).ups == 1);
    }
    SECTION("new peers when a link comes up") {
        one.react_to_up = [&](server_id, net::link_generation) {
            one.network->set_peers({});
        };
        one.dial({&two});
        REQUIRE(loop.await([&] { return are_linked(one, two); }));
        CHECK(one.network->status().size() == 1);
    }
}

TEST_CASE("peer network: once a cluster is known others are sent away", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    peer_server two{loop, 2};
    one.start();
    two.start();
    one.network->set_cluster(id_of(0xaa));
    two.dial({&one});
    REQUIRE(loop.await([&] { return are_linked(one, two); }));
    two.network->set_cluster(id_of(0xaa));
    CHECK(two.is_linked(one));
    peer_server three{loop, 3};
    three.start().dial({&one});
    REQUIRE(loop.await([&] { return are_linked(one, three); }));
    const log_capture captured;
    three.network->set_cluster(id_of(0xbb));
    REQUIRE(loop.await([&] { return three.with(one).losses.size() == 1; }));
    REQUIRE(loop.await([&] { return three.network->counters().refused_there >= 2; }));
    CHECK(captured.count("refused by server peer=1") == 1);
    CHECK(three.with(one).ups == 1);
    CHECK(are_linked(one, two));
}

TEST_CASE("peer network: a port in use is told with its address", "[net][peer]") {
    event_loop loop;
    peer_server one{loop, 1};
    one.start();
    peer_server two{loop, 2};
    two.settings.listeners.front().port = one.port();
    CHECK_THROWS_WITH(
        two.start(),
        "cannot listen for other servers on 127.0.0.1:" + std::to_string(one.port()) +
            ": Address already in use"
    );
}

namespace {

/// A server with a thread of its own, which passes a number to and fro with another one.
class counting_server final : public net::peer_events {
public:
    counting_server(std::uint32_t id, int last) : last_(last) {
        net::peer_network_settings settings;
        settings.own = server_id{id};
        settings.storage = id_of(static_cast<std::uint8_t>(id));
        settings.boot = id;
        settings.listeners = {{"127.0.0.1", 0}};
        settings.limits = quick_limits();
        network_ = std::make_unique<net::peer_network>(context_, settings, *this);
        network_->listen();
    }

    void dial(const counting_server& other, std::uint32_t id) {
        const std::uint16_t port = other.network_->local_endpoints().front().port();
        network_->set_peers({{server_id{id}, "localhost", port}});
    }

    void start() {
        thread_ = std::thread{[this] {
            context_.run_for(patience);
        }};
    }

    /// What it has seen at the end.
    [[nodiscard]] int join() {
        thread_.join();
        return seen_;
    }

    void on_link_up(server_id peer, net::link_generation generation) override {
        network_->send(peer, generation, frame_of("0"));
    }

    void on_link_down(server_id, net::link_generation, net::link_loss) override { context_.stop(); }

    void on_peer_frame(server_id peer, net::link_generation generation, bytes_view frame) override {
        seen_ = std::stoi(std::string{frame});
        if (seen_ < last_) {
            network_->send(peer, generation, frame_of(std::to_string(seen_ + 1)));
        } else {
            network_->stop();
            context_.stop();
        }
    }

    void on_dial_refused(server_id) override {}

    void on_writable(server_id, net::link_generation) override {}

private:
    boost::asio::io_context context_{1};
    int last_;
    int seen_ = 0;
    std::unique_ptr<net::peer_network> network_;
    std::thread thread_;
};

} // namespace

TEST_CASE("peer network: networks of several threads share nothing", "[net][peer]") {
    constexpr int last = 300;
    counting_server one{1, last};
    counting_server two{2, last};
    one.dial(two, 2);
    two.dial(one, 1);
    one.start();
    two.start();
    const int seen_by_one = one.join();
    const int seen_by_two = two.join();
    CHECK(std::max(seen_by_one, seen_by_two) == last);
    CHECK(std::min(seen_by_one, seen_by_two) >= last - 1);
}
