#include "server/tree/pending_changes.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

namespace {

pending_node node_of(std::int64_t owner, std::int32_t version = 0) {
    pending_node node;
    node.exists = true;
    node.head.owner = owner;
    node.head.version = version;
    return node;
}

std::vector<bytes> owned_by(const pending_changes& pending, std::int64_t session) {
    const auto views = pending.ephemerals_of(session_id{session});
    return {views.begin(), views.end()};
}

} // namespace

TEST_CASE(
    "pending changes: a node stays until its last transaction is applied", "[tree][pending]"
) {
    pending_changes pending;
    pending.put("/a", node_of(0, 1));
    pending.accept(zxid{1});
    pending.put("/a", node_of(0, 2));
    pending.put("/b", node_of(0, 1));
    pending.accept(zxid{3});

    pending.release(zxid{1});
    REQUIRE(pending.find("/a") != nullptr);
    CHECK(pending.find("/a")->head.version == 2);
    pending.release(zxid{2});
    CHECK(pending.size() == 2);
    pending.release(zxid{3});
    CHECK(pending.size() == 0);
    CHECK(pending.find("/a") == nullptr);
}

TEST_CASE("pending changes: discarding brings back what was there", "[tree][pending]") {
    pending_changes pending;
    pending.put("/a", node_of(7, 1));
    pending.accept(zxid{1});

    pending.put("/a", node_of(7, 2));
    pending.put("/b", node_of(7));
    pending.put("/a", {});
    pending.put("/b", {});
    CHECK(owned_by(pending, 7).empty());
    pending.discard();

    CHECK(pending.find("/a")->head.version == 1);
    CHECK(pending.find("/b") == nullptr);
    CHECK(owned_by(pending, 7) == std::vector<bytes>{"/a"});
    pending.release(zxid{1});
    CHECK(pending.size() == 0);
    CHECK(owned_by(pending, 7).empty());
}

TEST_CASE("pending changes: ephemerals are known by session", "[tree][pending]") {
    pending_changes pending;
    pending.put("/b", node_of(7));
    pending.put("/a", node_of(7));
    pending.put("/c", node_of(8));
    pending.put("/d", node_of(0));
    pending.put("/e", node_of(container_owner));
    CHECK(owned_by(pending, 7) == std::vector<bytes>{"/a", "/b"});
    CHECK(owned_by(pending, 8) == std::vector<bytes>{"/c"});
    CHECK(owned_by(pending, 9).empty());
    pending.put("/a", {});
    pending.put("/c", node_of(7));
    CHECK(owned_by(pending, 7) == std::vector<bytes>{"/b", "/c"});
    CHECK(owned_by(pending, 8).empty());
}

TEST_CASE("pending changes: clearing forgets everything", "[tree][pending]") {
    pending_changes pending;
    pending.put("/a", node_of(7));
    pending.accept(zxid{1});
    pending.put("/b", node_of(7));
    pending.clear();
    CHECK(pending.size() == 0);
    CHECK(owned_by(pending, 7).empty());
    pending.release(zxid{5});
    pending.put("/a", node_of(7));
    pending.accept(zxid{1});
    CHECK(pending.size() == 1);
}

TEST_CASE("pending changes: an entry that is used again starts afresh", "[tree][pending]") {
    pending_changes pending;
    for (std::int64_t round = 1; round <= 300; ++round) {
        const bytes path = "/node" + std::to_string(round % 7);
        pending.put(path, node_of(round, static_cast<std::int32_t>(round)));
        pending.put("/taken-back", node_of(round));
        if (round % 3 == 0) {
            pending.discard();
            CHECK(pending.find(path) == nullptr);
            continue;
        }
        pending.accept(zxid{round});
        REQUIRE(pending.find(path) != nullptr);
        CHECK(pending.find(path)->head.version == round);
        CHECK(owned_by(pending, round) == std::vector<bytes>{path, "/taken-back"});
        pending.release(zxid{round});
        CHECK(pending.size() == 0);
    }
}
