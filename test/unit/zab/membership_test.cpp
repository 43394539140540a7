#include "test/unit/zab/history_maker.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

/// A set of servers: bit `id - 1` says whether it holds server `id`.
using server_set = std::uint32_t;

server_set set_of(std::initializer_list<std::uint32_t> ids) {
    server_set made = 0;
    for (const std::uint32_t id : ids) {
        made |= 1U << (id - 1);
    }
    return made;
}

bool is_quorum(const auto& of, server_set chosen) {
    return of.is_quorum([&](const member& each) {
        return ((chosen >> (each.id.value - 1)) & 1U) != 0;
    });
}

std::vector<server_set> quorums(const auto& of, std::uint32_t servers) {
    std::vector<server_set> found;
    for (server_set chosen = 0; chosen < (1U << servers); ++chosen) {
        if (is_quorum(of, chosen)) {
            found.push_back(chosen);
        }
    }
    return found;
}

/// The first two sets, one of each list, that share no server; equal if there are none.
std::pair<server_set, server_set>
disjoint_pair(const std::vector<server_set>& some, const std::vector<server_set>& others) {
    for (const server_set one : some) {
        for (const server_set other : others) {
            if ((one & other) == 0) {
                return {one, other};
            }
        }
    }
    return {};
}

membership random_members(std::mt19937& random, std::uint32_t servers) {
    membership made;
    for (std::uint32_t id = 1; id <= servers; ++id) {
        const auto below = [&](std::uint32_t bound) {
            return static_cast<std::uint32_t>(random() % bound);
        };
        member each = voter(id, below(4), below(3));
        each.is_voter = below(5) != 0;
        made.members.push_back(each);
    }
    return made;
}

} // namespace

TEST_CASE("membership: equal voters decide by majority", "[zab][membership]") {
    for (std::uint32_t count = 1; count <= 7; ++count) {
        const membership all = voters(count);
        for (server_set chosen = 0; chosen < (1U << count); ++chosen) {
            const bool is_majority = static_cast<std::uint32_t>(std::popcount(chosen)) * 2 > count;
            CHECK(is_quorum(all, chosen) == is_majority);
        }
    }
}

TEST_CASE("membership: nobody decides where nobody has a vote", "[zab][membership]") {
    CHECK_FALSE(is_quorum(membership{}, ~0U));
    CHECK_FALSE(is_quorum(members_of({observer(1), observer(2)}), ~0U));
    CHECK_FALSE(is_quorum(members_of({voter(1, 0), voter(2, 0)}), ~0U));
}

TEST_CASE("membership: observers and strangers count for nothing", "[zab][membership]") {
    const membership all = members_of({voter(1), voter(2), voter(3), observer(4), observer(5)});
    CHECK(is_quorum(all, set_of({1, 2})));
    CHECK_FALSE(is_quorum(all, set_of({1, 4, 5})));
    CHECK_FALSE(is_quorum(all, set_of({1, 6, 7, 8})));
    CHECK(all.voter_count() == 3);
    CHECK_FALSE(all.is_voter(server_id{4}));
    CHECK_FALSE(all.is_voter(server_id{6}));
}

TEST_CASE("membership: weights are added, and more than half decides", "[zab][membership]") {
    const membership all = members_of({voter(1, 3), voter(2), voter(3), voter(4)});
    CHECK_FALSE(is_quorum(all, set_of({1})));
    CHECK(is_quorum(all, set_of({1, 4})));
    CHECK_FALSE(is_quorum(all, set_of({2, 3, 4})));
}

TEST_CASE("membership: a voter without weight follows but does not lead", "[zab][membership]") {
    const membership all = members_of({voter(1), voter(2, 0)});
    CHECK(all.is_voter(server_id{2}));
    CHECK_FALSE(all.is_electable(server_id{2}));
    CHECK(all.is_electable(server_id{1}));
    CHECK(is_quorum(all, set_of({1})));
}

TEST_CASE("membership: groups decide by majority of their majorities", "[zab][membership]") {
    const membership all = members_of({
        voter(1, 1, 1),
        voter(2, 1, 1),
        voter(3, 1, 1),
        voter(4, 1, 2),
        voter(5, 1, 2),
        voter(6, 1, 2),
        voter(7, 1, 3),
        voter(8, 1, 3),
        voter(9, 1, 3),
    });
    CHECK(is_quorum(all, set_of({1, 2, 4, 5})));
    CHECK_FALSE(is_quorum(all, set_of({1, 2, 3, 4, 7})));
    CHECK_FALSE(is_quorum(all, set_of({1, 2, 3})));
}

TEST_CASE("membership: a group without weight is no group", "[zab][membership]") {
    const membership all =
        members_of({voter(1, 1, 1), voter(2, 1, 2), voter(3, 1, 2), voter(4, 0, 3)});
    CHECK(is_quorum(all, set_of({1, 2, 3})));
    CHECK_FALSE(is_quorum(all, set_of({1, 4})));
}

TEST_CASE("membership: two quorums of one membership share a server", "[zab][membership]") {
    std::mt19937 random{1};
    for (int round = 0; round < 300; ++round) {
        const std::uint32_t servers = 1 + static_cast<std::uint32_t>(random()) % 6;
        const std::vector<server_set> all = quorums(random_members(random, servers), servers);
        const auto [one, other] = disjoint_pair(all, all);
        CHECK(one == other);
    }
}

TEST_CASE(
    "membership: while it changes, a quorum shares a server with every quorum of both sides",
    "[zab][membership]"
) {
    std::mt19937 random{2};
    for (int round = 0; round < 300; ++round) {
        const std::uint32_t servers = 1 + static_cast<std::uint32_t>(random()) % 6;
        membership_state both;
        both.stable = random_members(random, servers);
        both.pending = random_members(random, servers);
        both.is_joint = true;
        const std::vector<server_set> all = quorums(both, servers);
        for (const membership& side : {both.stable, both.pending}) {
            const auto [one, other] = disjoint_pair(all, quorums(side, servers));
            CHECK(one == other);
        }
    }
}

TEST_CASE("membership: while it changes, members of both sides are known", "[zab][membership]") {
    membership_state both;
    both.stable = members_of({voter(1), voter(3)});
    both.stable.version = at(1, 0);
    both.pending = members_of({voter(2), voter(3, 0)});
    both.pending.version = at(1, 5);

    CHECK(both.servers() == std::vector{server_id{1}, server_id{3}});
    CHECK(both.version() == at(1, 0));
    CHECK_FALSE(both.is_voter(server_id{2}));

    both.is_joint = true;
    CHECK(both.servers() == std::vector{server_id{1}, server_id{2}, server_id{3}});
    CHECK(both.version() == at(1, 5));
    CHECK(both.voter_count() == 3);
    CHECK(both.is_electable(server_id{2}));
    CHECK(both.is_electable(server_id{3}));
    REQUIRE(both.find(server_id{3}) != nullptr);
    CHECK(both.find(server_id{3})->weight == 1);
    CHECK(both.find(server_id{2}) != nullptr);
    CHECK(both.find(server_id{4}) == nullptr);
}

TEST_CASE("membership: a round trip keeps everything and a part is refused", "[zab][membership]") {
    membership before = members_of({voter(1, 3, 2), observer(2)});
    before.version = at(4, 7);
    before.configured = at(4, 5);
    before.members[0].storage = {11, 12};
    before.members[1].address = "two:2888";
    const bytes body = encode(before);
    CHECK(decode_membership(body) == before);
    for (std::size_t size = 0; size < body.size(); ++size) {
        CHECK_FALSE(decode_membership(bytes_view{body}.substr(0, size)).has_value());
    }
    CHECK_FALSE(decode_membership(body + "x").has_value());
}
