#include "server/net/peer_handshake.hpp"
#include "server/net/peer_links.hpp"
#include "test/unit/net/peer_fixture.hpp"

#include <catch2/catch.hpp>

#include <deque>

using namespace conclave;
using namespace conclave::test;

namespace {

using outcome = net::peer_handshake::outcome;
using side = net::peer_side;

/// A server that has no connections: what its handshakes know.
struct registry_of {
    explicit registry_of(std::uint32_t id)
        : links(server_id{id}, id_of(static_cast<std::uint8_t>(id)), 100 * id + 1, {}) {}

    net::peer_links links;
};

/// One end of a connection that exists in the test only.
struct end {
    end(side which, std::uint32_t own, std::uint32_t dialed, net::peer_registry& known)
        : handshake(which, server_id{own}, server_id{dialed}), registry(known) {}

    void take(const net::peer_message& message, std::deque<net::peer_message>& out) {
        REQUIRE(result == outcome::going_on);
        std::vector<net::peer_message> replies;
        result = handshake.on_message(net::encode(message), registry, replies);
        out.insert(out.end(), replies.begin(), replies.end());
    }

    net::peer_handshake handshake;
    net::peer_registry& registry;
    outcome result = outcome::going_on;
};

/// Lets two ends talk until both have nothing more to say.
void converse(end& dialer, end& acceptor) {
    std::deque<net::peer_message> to_dialer;
    std::deque<net::peer_message> to_acceptor;
    for (const net::peer_message& each : dialer.handshake.start(dialer.registry)) {
        to_acceptor.push_back(each);
    }
    CHECK(acceptor.handshake.start(acceptor.registry).empty());
    while (!to_dialer.empty() || !to_acceptor.empty()) {
        if (!to_acceptor.empty()) {
            const net::peer_message next = to_acceptor.front();
            to_acceptor.pop_front();
            acceptor.take(next, to_dialer);
        } else {
            const net::peer_message next = to_dialer.front();
            to_dialer.pop_front();
            dialer.take(next, to_acceptor);
        }
    }
}

/// The outcome for a server 2 that is dialed with this hello by a server that has the smaller id.
struct answer {
    outcome result{};
    std::optional<net::peer_refusal> refusal;
};

answer answer_to(const net::peer_hello& hello, net::peer_registry& registry) {
    net::peer_handshake handshake{side::acceptor, server_id{2}, {}};
    std::vector<net::peer_message> replies;
    const outcome result = handshake.on_message(net::encode(hello), registry, replies);
    if (result != outcome::refused_here) {
        return {result, std::nullopt};
    }
    REQUIRE(replies.size() == 1);
    return {result, std::get<net::peer_refusal>(replies.front())};
}

} // namespace

TEST_CASE("peer handshake: two servers agree whoever dials", "[net][peer]") {
    const auto [dialing, dialed] =
        GENERATE(std::pair<std::uint32_t, std::uint32_t>{1, 2}, std::pair{2U, 1U});
    registry_of dialing_server{dialing};
    registry_of dialed_server{dialed};
    end dialer{side::dialer, dialing, dialed, dialing_server.links};
    end acceptor{side::acceptor, dialed, 0, dialed_server.links};
    converse(dialer, acceptor);
    CHECK(dialer.result == outcome::open);
    CHECK(acceptor.result == outcome::open);
    CHECK(dialer.handshake.link_number() != 0);
    CHECK(dialer.handshake.link_number() == acceptor.handshake.link_number());
    CHECK(dialer.handshake.peer()->server == server_id{dialed});
    CHECK(acceptor.handshake.peer()->server == server_id{dialing});
}

TEST_CASE("peer handshake: clusters must not differ", "[net][peer]") {
    registry_of one{1};
    registry_of two{2};
    end dialer{side::dialer, 1, 2, one.links};
    end acceptor{side::acceptor, 2, 0, two.links};
    SECTION("another cluster is refused and told so") {
        one.links.set_cluster(id_of(0xaa));
        two.links.set_cluster(id_of(0xbb));
        converse(dialer, acceptor);
        CHECK(acceptor.result == outcome::refused_here);
        CHECK(dialer.result == outcome::refused_there);
        CHECK(dialer.handshake.refusal().code == net::refusal_code::other_cluster);
        CHECK_THAT(
            dialer.handshake.refusal().sentence,
            Catch::Contains("server 1 belongs to cluster " + std::string(32, 'a'))
        );
    }
    SECTION("the same cluster is fine") {
        one.links.set_cluster(id_of(0xaa));
        two.links.set_cluster(id_of(0xaa));
        converse(dialer, acceptor);
        CHECK(dialer.result == outcome::open);
    }
    SECTION("one without a cluster may talk to any") {
        (GENERATE(true, false) ? one : two).links.set_cluster(id_of(0xaa));
        converse(dialer, acceptor);
        CHECK(dialer.result == outcome::open);
    }
}

TEST_CASE("peer handshake: the acceptor refuses who is wrong here", "[net][peer]") {
    registry_of two{2};
    two.links.set_cluster(id_of(0xbb));
    SECTION("another server was dialed") {
        const answer found = answer_to(hello_of(1, 3), two.links);
        REQUIRE(found.refusal);
        CHECK(found.refusal->code == net::refusal_code::wrong_id);
        CHECK_THAT(
            found.refusal->sentence, Catch::Contains("server 3 was dialed, but server 2 is here")
        );
    }
    SECTION("a second server with the same id") {
        const answer found = answer_to(
            [] {
                net::peer_hello hello = hello_of(2, 2);
                hello.storage = id_of(9);
                return hello;
            }(),
            two.links
        );
        REQUIRE(found.refusal);
        CHECK(found.refusal->code == net::refusal_code::own_id);
        CHECK_THAT(found.refusal->sentence, Catch::Contains("two servers have the id 2"));
    }
    SECTION("a copy of its own data directory under another id") {
        net::peer_hello hello = hello_of(3, 2);
        hello.storage = id_of(2);
        const answer found = answer_to(hello, two.links);
        REQUIRE(found.refusal);
        CHECK(found.refusal->code == net::refusal_code::copied_storage);
        CHECK_THAT(
            found.refusal->sentence,
            Catch::Contains("servers 2 and 3 run on copies of one data directory")
        );
    }
    SECTION("an address that leads back") {
        const answer found = answer_to(hello_of(2, 3), two.links);
        REQUIRE(found.refusal);
        CHECK(found.refusal->code == net::refusal_code::own_id);
        CHECK_THAT(found.refusal->sentence, Catch::Contains("check the address of server 3"));
    }
    SECTION("no common version") {
        net::peer_hello hello;
        hello.version_min = 8;
        hello.version_max = 9;
        const answer found = answer_to(hello, two.links);
        REQUIRE(found.refusal);
        CHECK(found.refusal->code == net::refusal_code::no_common_version);
        CHECK_THAT(found.refusal->sentence, Catch::Contains("versions 8 to 9"));
    }
    SECTION("a range that overlaps is fine") {
        net::peer_hello hello = hello_of(1, 2);
        hello.version_max = 9;
        CHECK(answer_to(hello, two.links).result == outcome::going_on);
    }
}

TEST_CASE("peer handshake: the dialer refuses a server that it did not dial", "[net][peer]") {
    registry_of one{1};
    net::peer_handshake dialer{side::dialer, server_id{1}, server_id{2}};
    std::vector<net::peer_message> replies;
    CHECK(
        dialer.on_message(net::encode(hello_of(3, 1)), one.links, replies) == outcome::refused_here
    );
    REQUIRE(replies.size() == 1);
    CHECK_THAT(
        std::get<net::peer_refusal>(replies.front()).sentence,
        Catch::Contains("server 2 was dialed, but server 3 answered")
    );
}

TEST_CASE("peer handshake: a message out of turn breaks it", "[net][peer]") {
    registry_of two{2};
    std::vector<net::peer_message> replies;
    SECTION("before the hello") {
        const net::peer_message early =
            GENERATE(net::peer_message{net::peer_ready{}}, net::peer_message{net::peer_open{1}});
        net::peer_handshake handshake{side::acceptor, server_id{2}, {}};
        CHECK(handshake.on_message(net::encode(early), two.links, replies) == outcome::broken);
    }
    SECTION("after the hello") {
        // From server 1 it waits for ready, from server 3 for open.
        const auto [from, wrong] = GENERATE(
            std::pair{1U, net::peer_message{net::peer_open{1}}},
            std::pair{1U, net::peer_message{hello_of(1, 2)}},
            std::pair{3U, net::peer_message{net::peer_ready{}}},
            std::pair{3U, net::peer_message{hello_of(3, 2)}}
        );
        net::peer_handshake handshake{side::acceptor, server_id{2}, {}};
        REQUIRE(
            handshake.on_message(net::encode(hello_of(from, 2)), two.links, replies) ==
            outcome::going_on
        );
        CHECK(handshake.on_message(net::encode(wrong), two.links, replies) == outcome::broken);
    }
    SECTION("nonsense") {
        net::peer_handshake handshake{side::acceptor, server_id{2}, {}};
        CHECK(handshake.on_message("nonsense", two.links, replies) == outcome::broken);
    }
    CHECK(replies.size() <= 2);
}
