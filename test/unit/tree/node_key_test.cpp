#include "server/tree/node_key.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace conclave;
using namespace conclave::tree;

namespace {

constexpr std::uint64_t seed = 42;

bytes key_of(bytes_view path, std::uint64_t with_seed = seed) {
    return bytes{node_key{with_seed, path}.view()};
}

bytes children_of(bytes_view path) {
    return bytes{as_view(node_key::children_prefix(seed, path))};
}

} // namespace

TEST_CASE(
    "node key: children start with their parent's prefix and end with their name",
    "[tree][node_key]"
) {
    CHECK(key_of("/a") == children_of("/") + "a");
    CHECK(key_of("/a/b") == children_of("/a") + "b");
    CHECK(key_of("/a/b/c") == children_of("/a/b") + "c");
    CHECK(children_of("/a") != children_of("/"));
    CHECK(node_key::name_in(key_of("/a/bcd")) == "bcd");
}

TEST_CASE("node key: texts that are not paths share no key with a node", "[tree][node_key]") {
    const std::set<bytes> keys{
        key_of("/"),
        key_of(""),
        key_of("/a"),
        key_of("//a"),
        key_of("/a/"),
        key_of("//"),
        key_of("/a//b"),
        key_of("/a/b")};
    CHECK(keys.size() == 8);
    CHECK(key_of("a") == key_of("")); // neither is ever a node
    CHECK(key_of("/") == "/");
}

TEST_CASE("node key: another seed gives other keys", "[tree][node_key]") {
    CHECK(key_of("/a", 1) != key_of("/a", 2));
    CHECK(key_of("/a", 1) == key_of("/a", 1));
}

TEST_CASE("node key: names are cut only when the table cannot hold them", "[tree][node_key]") {
    const bytes longest_whole = "/" + bytes(key_name_size_max, 'n');
    const bytes shortest_cut = longest_whole + "n";
    CHECK(key_of(longest_whole).size() == 16 + key_name_size_max);
    CHECK(node_key{seed, longest_whole}.long_name().empty());
    CHECK(node_key::name_in(key_of(longest_whole)) == longest_whole.substr(1));

    CHECK(key_of(shortest_cut).size() == table_key_size_max);
    CHECK(node_key{seed, shortest_cut}.long_name() == bytes_view{shortest_cut}.substr(1));
    CHECK(node_key::name_in(key_of(shortest_cut)).empty());
    CHECK(key_of(shortest_cut).starts_with(key_of(longest_whole) + bytes(1, '\0')));
}

TEST_CASE("node key: long names that begin alike have keys of their own", "[tree][node_key]") {
    const bytes common = "/" + bytes(1'000'000, 'n');
    CHECK(key_of(common + "1") != key_of(common + "2"));
    CHECK(key_of(common + "1").size() == table_key_size_max);
    CHECK(key_of(common + "1") == key_of(common + "1"));
}
