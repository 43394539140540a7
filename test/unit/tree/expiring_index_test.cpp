#include "server/tree/expiring_index.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace conclave;
using namespace conclave::tree;

namespace {

path_hash hash_of(char mark) {
    path_hash hash{};
    hash.front() = mark;
    return hash;
}

bytes due(const expiring_index& index, std::int64_t now_ms, std::int64_t never_used_ms = 0) {
    bytes marks;
    index.for_each_due(now_ms, never_used_ms, [&](const path_hash& path) {
        marks += path.front();
        return true;
    });
    return marks;
}

node_head ttl_node(std::int64_t mtime_ms, std::int64_t ttl_ms) {
    node_head head;
    head.owner = ttl_owner(ttl_ms);
    head.mtime_ms = mtime_ms;
    return head;
}

node_head container(std::int64_t mtime_ms) {
    node_head head;
    head.owner = container_owner;
    head.mtime_ms = mtime_ms;
    return head;
}

} // namespace

TEST_CASE("expiring index: a TTL node goes when it is older than its TTL", "[tree][expiring]") {
    expiring_index index;
    const node_head node = ttl_node(1000, 50);
    index.on_change(hash_of('a'), nullptr, &node);
    CHECK(due(index, 1050).empty());
    CHECK(due(index, 1051) == "a");
    index.on_change(hash_of('a'), &node, nullptr);
    CHECK(due(index, 1051).empty());
    CHECK(index.size() == 0);
}

TEST_CASE("expiring index: writing restarts the clock and children stop it", "[tree][expiring]") {
    expiring_index index;
    const node_head created = ttl_node(1000, 50);
    const node_head written = ttl_node(1040, 50);
    node_head parent = written;
    parent.num_children = 1;
    index.on_change(hash_of('a'), nullptr, &created);
    index.on_change(hash_of('a'), &created, &written);
    CHECK(due(index, 1090).empty());
    CHECK(due(index, 1091) == "a");
    index.on_change(hash_of('a'), &written, &parent);
    CHECK(due(index, 9999).empty());
    CHECK(index.size() == 0);
    index.on_change(hash_of('a'), &parent, &written);
    CHECK(due(index, 9999) == "a");
}

TEST_CASE("expiring index: a container goes when it has lost its children", "[tree][expiring]") {
    expiring_index index;
    const node_head unused = container(1000);
    node_head in_use = unused;
    in_use.num_children = 1;
    in_use.child_counter = 1;
    node_head left = in_use;
    left.num_children = 0;
    index.on_change(hash_of('c'), nullptr, &unused);
    CHECK(due(index, 9999).empty());
    index.on_change(hash_of('c'), &unused, &in_use);
    CHECK(due(index, 9999).empty());
    index.on_change(hash_of('c'), &in_use, &left);
    CHECK(due(index, 1) == "c");
}

TEST_CASE("expiring index: unused containers go only if that is wanted", "[tree][expiring]") {
    expiring_index index;
    const node_head older = container(1000);
    const node_head younger = container(1010);
    index.on_change(hash_of('y'), nullptr, &younger);
    index.on_change(hash_of('o'), nullptr, &older);
    CHECK(due(index, 9999, 0).empty());
    CHECK(due(index, 1100, 100).empty());
    CHECK(due(index, 1101, 100) == "o");
    CHECK(due(index, 1111, 100) == "oy");
}

TEST_CASE("expiring index: the longest due come first and a visitor can stop", "[tree][expiring]") {
    expiring_index index;
    for (const char mark : {'c', 'a', 'b'}) {
        const node_head node = ttl_node(mark, 1);
        index.on_change(hash_of(mark), nullptr, &node);
    }
    CHECK(due(index, 1000) == "abc");
    int visits = 0;
    index.for_each_due(1000, 0, [&](const path_hash&) { return ++visits < 2; });
    CHECK(visits == 2);
}

TEST_CASE("expiring index: other nodes are ignored and times do not overflow", "[tree][expiring]") {
    expiring_index index;
    node_head plain;
    index.on_change(hash_of('p'), nullptr, &plain);
    plain.owner = 5;
    index.on_change(hash_of('e'), nullptr, &plain);
    CHECK(index.size() == 0);
    const node_head far = ttl_node(std::numeric_limits<std::int64_t>::max(), ttl_max_ms);
    index.on_change(hash_of('f'), nullptr, &far);
    CHECK(due(index, std::numeric_limits<std::int64_t>::max()).empty());
}
