#include "server/net/peer_links.hpp"
#include "test/unit/net/peer_fixture.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

std::optional<net::refusal_code>
objection(const net::peer_links& links, const net::peer_hello& from) {
    const std::optional<net::peer_refusal> why = links.objection_to(from);
    return why ? std::optional{why->code} : std::nullopt;
}

net::peer_links links_of(std::uint32_t own, std::size_t stranger_count_max = 16) {
    net::peer_limits limits;
    limits.stranger_count_max = stranger_count_max;
    return {server_id{own}, id_of(static_cast<std::uint8_t>(own)), 1, limits};
}

} // namespace

TEST_CASE("peer links: generations grow over all peers", "[net][peer]") {
    net::peer_links links = links_of(1);
    const auto first = links.add(nullptr, hello_of(2, 1), 11, {}).generation;
    const auto second = links.add(nullptr, hello_of(3, 1), 12, {}).generation;
    links.remove(server_id{2});
    const auto third = links.add(nullptr, hello_of(2, 1), 13, {}).generation;
    CHECK(first.value > 0);
    CHECK(second > first);
    CHECK(third > second);
}

TEST_CASE("peer links: the greater id keeps the link that it has", "[net][peer]") {
    net::peer_links links = links_of(3);
    links.add(nullptr, hello_of(2, 3), 77, {});
    net::peer_hello again = hello_of(2, 3);
    CHECK(objection(links, again) == net::refusal_code::already_linked);
    SECTION("unless it is over for the other side") {
        again.lost_link = 77;
        CHECK_FALSE(objection(links, again));
    }
    SECTION("and not for the loss of an older one") {
        again.lost_link = 76;
        CHECK(objection(links, again) == net::refusal_code::already_linked);
    }
    SECTION("unless the other server was restarted") {
        ++again.boot;
        CHECK_FALSE(objection(links, again));
    }
}

TEST_CASE("peer links: the smaller id leaves the decision to the other", "[net][peer]") {
    net::peer_links links = links_of(1);
    links.add(nullptr, hello_of(2, 1), 77, {});
    CHECK_FALSE(objection(links, hello_of(2, 1)));
}

TEST_CASE("peer links: it tells which link was lost last", "[net][peer]") {
    net::peer_links links = links_of(1);
    CHECK(links.introduction_to(server_id{2}).lost_link == 0);
    links.add(nullptr, hello_of(2, 1), 77, {});
    CHECK(links.introduction_to(server_id{2}).lost_link == 0);
    links.remove(server_id{2});
    CHECK(links.introduction_to(server_id{2}).lost_link == 77);
    CHECK(links.introduction_to(server_id{3}).lost_link == 0);
}

TEST_CASE("peer links: strangers are counted and the known are not", "[net][peer]") {
    net::peer_links links = links_of(1, 2);
    links.set_known({{server_id{2}, {"two"}}, {server_id{3}, {"three"}}});
    links.add(nullptr, hello_of(2, 1), 1, {});
    links.add(nullptr, hello_of(7, 1), 2, {});
    CHECK_FALSE(objection(links, hello_of(8, 1)));
    links.add(nullptr, hello_of(8, 1), 3, {});
    CHECK(objection(links, hello_of(9, 1)) == net::refusal_code::too_many);
    CHECK_FALSE(objection(links, hello_of(3, 1)));
    CHECK_FALSE(objection(links, hello_of(8, 1)));
    links.remove(server_id{7});
    CHECK_FALSE(objection(links, hello_of(9, 1)));
}

TEST_CASE("peer links: a copy of the data directory of a linked server is refused", "[net][peer]") {
    net::peer_links links = links_of(1);
    links.set_known({{server_id{2}, {"two"}}, {server_id{3}, {"three"}}});
    links.add(nullptr, hello_of(2, 1), 1, {});
    net::peer_hello copy = hello_of(3, 1);
    copy.storage = hello_of(2, 1).storage;
    CHECK(objection(links, copy) == net::refusal_code::copied_storage);
    links.remove(server_id{2});
    CHECK_FALSE(objection(links, copy));
}
