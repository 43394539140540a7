#include "server/tree/digest.hpp"
#include "server/tree/node.hpp"
#include "test/unit/tree/world.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

TEST_CASE("digest: sums do not depend on the order", "[tree][digest]") {
    const digest one = node_digest("/a", encode_node({}, {}, "1"));
    const digest two = node_digest("/b", encode_node({}, {}, "2"));
    digest forth;
    forth += one;
    forth += two;
    digest back;
    back += two;
    back += one;
    CHECK(forth == back);
    back -= two;
    CHECK(back == one);
    back -= one;
    CHECK(back == digest{});
}

TEST_CASE("digest: carries and borrows cross the halves", "[tree][digest]") {
    digest sum{0, ~std::uint64_t{0}};
    sum += digest{0, 1};
    CHECK(sum == digest{1, 0});
    sum -= digest{0, 1};
    CHECK(sum == digest{0, ~std::uint64_t{0}});
}

TEST_CASE("digest: everything that a node holds counts", "[tree][digest]") {
    node_head head;
    const digest plain = node_digest("/a", encode_node(head, {}, ""));
    CHECK(node_digest("/b", encode_node(head, {}, "")) != plain);
    CHECK(node_digest("/a", encode_node(head, "acl", "")) != plain);
    CHECK(node_digest("/a", encode_node(head, {}, "x")) != plain);
    CHECK(node_digest("/a", encode_node(head, {}, std::nullopt)) != plain);
    head.version = 1;
    CHECK(node_digest("/a", encode_node(head, {}, "")) != plain);
}

TEST_CASE("digest: it is the same whatever the keys of the rows", "[tree][digest]") {
    test::memory_tables one_base;
    test::memory_tables other_base;
    write_buffer one_rows{one_base};
    write_buffer other_rows{other_base};
    const tree::tree one{one_rows, 1};
    const tree::tree other{other_rows, 2};
    CHECK(one.current_digest() == other.current_digest());
    CHECK(one.current_digest() == one.compute_digest());
}
