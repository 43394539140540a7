#include "server/admin/watch_event.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::admin;

namespace {

std::vector<watch_event> events_of(replica::action what) {
    std::vector<watch_event> found;
    append_events({session_id{1}, std::move(what)}, zxid{7}, found);
    return found;
}

watch_event event(event_type type, bytes_view path) {
    return {zxid{7}, type, bytes{path}};
}

} // namespace

TEST_CASE("A transaction brings about the events that watches hear of", "[watch_event]") {
    CHECK(
        events_of(replica::tree_changes{
            {tree::create_node{"/a/b", {}, {}, 0, 1},
             tree::checked{},
             tree::set_data{"/a", "x", 2},
             tree::set_acl{"/a", {}, 1},
             tree::delete_node{"/c"}}}) ==
        std::vector{
            event(event_type::created, "/a/b"),
            event(event_type::children_changed, "/a"),
            event(event_type::data_changed, "/a"),
            event(event_type::deleted, "/c"),
            event(event_type::children_changed, "/")}
    );
    CHECK(
        events_of(replica::close_session{session_id{2}, {"/e"}}) ==
        std::vector{event(event_type::deleted, "/e"), event(event_type::children_changed, "/")}
    );
    CHECK(events_of(replica::open_session{session_id{2}, 1000}).empty());
    CHECK(events_of(replica::failure{errc::no_node, {}}).empty());
}

TEST_CASE("A scope covers a node alone, or everything from there down", "[watch_event]") {
    const watch_scope node{"/a", false};
    CHECK(node.covers(event(event_type::data_changed, "/a")));
    CHECK(node.covers(event(event_type::children_changed, "/a")));
    CHECK_FALSE(node.covers(event(event_type::data_changed, "/a/b")));

    const watch_scope subtree{"/a", true};
    CHECK(subtree.covers(event(event_type::deleted, "/a")));
    CHECK(subtree.covers(event(event_type::created, "/a/b/c")));
    CHECK_FALSE(subtree.covers(event(event_type::children_changed, "/a")));
    CHECK_FALSE(subtree.covers(event(event_type::created, "/ab")));

    CHECK(watch_scope{"/", true}.covers(event(event_type::created, "/a/b")));
    CHECK(watch_scope{"/", true}.covers(event(event_type::data_changed, "/")));
}

TEST_CASE(
    "The id of an event is its zxid, and its number from the second one on", "[watch_event]"
) {
    const event_id first = next_event_id({}, zxid{0x100000005});
    const event_id second = next_event_id(first, zxid{0x100000005});
    CHECK(text_of(first) == "0x100000005");
    CHECK(text_of(second) == "0x100000005.2");
    CHECK(next_event_id(second, zxid{0x100000006}).number == 1);
    CHECK(first < second);

    CHECK(parse_event_id("0x100000005") == first);
    CHECK(parse_event_id("0x100000005.2") == second);
    CHECK(parse_event_id("4294967301") == first);
    for (const char* const none :
         {"",
          "0x",
          "x",
          "-1",
          "0x-1",
          "0x5.",
          "0x5.0",
          "0x5.-1",
          "0x5.2.3",
          "0x5 ",
          "0x5.4294967296",
          "0xffffffffffffffff"}) {
        INFO(none);
        CHECK_FALSE(parse_event_id(none));
    }
}
