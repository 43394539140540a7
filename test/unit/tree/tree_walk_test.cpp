#include "test/unit/tree/world.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <vector>

using namespace conclave;
using conclave::test::world;

TEST_CASE("tree walk: descendants are counted without the node itself", "[tree][walk]") {
    world here;
    for (const bytes_view path : {"/a", "/a/b", "/a/b/c", "/a/d", "/ab"}) {
        here.create(path);
    }
    CHECK(here.nodes->descendant_count("/a") == 3);
    CHECK(here.nodes->descendant_count("/a/b") == 1);
    CHECK(here.nodes->descendant_count("/a/d") == 0);
    CHECK(here.nodes->descendant_count("/missing") == 0);
    CHECK(here.nodes->descendant_count("/") == 8);
    CHECK(here.nodes->descendant_count("") == 8);
}

TEST_CASE("tree walk: deep trees need no deep stack", "[tree][walk]") {
    world here;
    bytes path;
    constexpr int depth = 2000;
    for (int level = 0; level < depth; ++level) {
        path += "/x";
        here.create(path);
    }
    CHECK(here.nodes->descendant_count("/x") == depth - 1);
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}

TEST_CASE("tree walk: all layers are visited", "[tree][walk]") {
    world here;
    here.create("/base");
    here.create("/base/1");
    here.checkpoint();
    here.create("/base/2");
    const auto frozen = here.rows->freeze();
    here.create("/base/3");
    here.remove("/base/1");
    CHECK(here.nodes->descendant_count("/base") == 2);
    CHECK(here.nodes->current_digest() == here.nodes->compute_digest());
}

namespace {

std::vector<bytes> names_after(const world& here, bytes_view path, bytes_view after) {
    std::vector<bytes> names;
    here.nodes->for_each_child_after(path, after, [&](bytes_view name, const tree::node_view&) {
        names.emplace_back(name);
        return true;
    });
    return names;
}

} // namespace

TEST_CASE("tree walk: children are read on behind a name", "[tree][walk]") {
    world here;
    here.create("/base");
    here.create("/basement");
    for (const bytes_view name : {"a", "c", "e"}) {
        here.create("/base/" + bytes{name});
    }
    here.checkpoint();
    here.create("/base/b");
    const auto frozen = here.rows->freeze();
    here.create("/base/d");
    here.remove("/base/c");
    using names = std::vector<bytes>;
    CHECK(names_after(here, "/base", "") == names{"a", "b", "d", "e"});
    CHECK(names_after(here, "/base", "a") == names{"b", "d", "e"});
    CHECK(names_after(here, "/base", "bb") == names{"d", "e"});
    CHECK(names_after(here, "/base", "c") == names{"d", "e"});
    CHECK(names_after(here, "/base", "e").empty());
    CHECK(names_after(here, "/base/a", "").empty());
    CHECK(names_after(here, "/", "base") == names{"basement", "zookeeper"});
    CHECK(names_after(here, "", "basement") == names{"zookeeper"});
}

TEST_CASE("tree walk: names that are cut in their keys are each read once", "[tree][walk]") {
    world here;
    here.create("/p");
    std::set<bytes> expected;
    for (const char last : {'a', 'b', 'c', 'd', 'e'}) {
        const bytes name = bytes(600, 'x') + last;
        here.create("/p/" + name);
        expected.insert(name);
    }
    std::set<bytes> seen;
    bytes after;
    while (true) {
        std::vector<bytes> next = names_after(here, "/p", after);
        if (next.empty()) {
            break;
        }
        after = next.front();
        CHECK(seen.insert(after).second);
    }
    CHECK(seen == expected);
}
