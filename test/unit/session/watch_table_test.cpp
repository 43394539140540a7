#include "server/session/watch_table.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <set>
#include <utility>

namespace conclave::session {

namespace {

constexpr watcher_id ann{1};
constexpr watcher_id bob{2};
constexpr watcher_id eve{3};

constexpr std::array kinds = {
    watch_kind::data, watch_kind::child, watch_kind::persistent, watch_kind::recursive};
constexpr std::array events = {
    event_type::created,
    event_type::deleted,
    event_type::data_changed,
    event_type::children_changed,
};

using watchers = std::vector<watcher_id>;

/// Who hears of the event, in order.
watchers trigger(watch_table& table, event_type type, bytes_view path) {
    watchers heard;
    table.trigger(type, path, [&](watcher_id watcher) { heard.push_back(watcher); });
    return heard;
}

/// Everything that the table holds, as text: "/a:1 /b:1 /b:2".
std::string pairs_of(const watch_table& table) {
    std::string text;
    table.for_each([&](bytes_view path, watcher_id watcher) {
        text += text.empty() ? "" : " ";
        text += bytes{path} + ":" + std::to_string(watcher.value);
    });
    return text;
}

std::string name(event_type type) {
    switch (type) {
    case event_type::created:
        return "created";
    case event_type::deleted:
        return "deleted";
    case event_type::data_changed:
        return "data_changed";
    case event_type::children_changed:
        return "children_changed";
    }
    return "unknown";
}

bool is_one_shot(watch_kind kind) {
    return kind == watch_kind::data || kind == watch_kind::child;
}

watch_selection selection_of(watch_kind kind) {
    switch (kind) {
    case watch_kind::data:
        return watch_selection::data;
    case watch_kind::child:
        return watch_selection::child;
    case watch_kind::persistent:
        return watch_selection::persistent;
    case watch_kind::recursive:
        return watch_selection::recursive;
    }
    return watch_selection::any;
}

} // namespace

TEST_CASE("watch_table: what fires a watch on the path of the event", "[watch]") {
    // The columns "data on /p", "child on /p", "persistent on /p" and "recursive on /p" of
    // zookeeper-protocol 8.3. A create or delete of /p/c reports (children_changed, /p): the
    // columns "on parent" are its row here.
    struct row {
        event_type type;
        bool fires[4]; ///< data, child, persistent, recursive
    };

    constexpr row table_8_3[] = {
        {event_type::created, {true, false, true, true}},
        {event_type::data_changed, {true, false, true, true}},
        {event_type::deleted, {true, true, true, true}},
        {event_type::children_changed, {false, true, true, false}},
    };
    for (const row& expected : table_8_3) {
        for (std::size_t index = 0; index < std::size(kinds); ++index) {
            INFO(name(expected.type) << " on a watch of kind " << index);
            const watch_kind kind = kinds[index];
            const bool fires = expected.fires[index];
            watch_table table;
            table.add(ann, "/p", kind);

            CHECK(trigger(table, expected.type, "/p") == (fires ? watchers{ann} : watchers{}));

            const bool is_left = !fires || !is_one_shot(kind);
            CHECK(table.contains(ann, "/p", selection_of(kind)) == is_left);
            CHECK(table.watch_count() == (is_left ? 1 : 0));
            CHECK(table.path_count() == (is_left ? 1 : 0));
            CHECK(table.watcher_count() == (is_left ? 1 : 0));
        }
    }
}

TEST_CASE(
    "watch_table: of the watches on an ancestor only a recursive one hears of a node", "[watch]"
) {
    const bytes ancestor = GENERATE(as<bytes>{}, "/", "/a", "/a/b");
    for (const event_type type : events) {
        for (const watch_kind kind : kinds) {
            INFO(name(type) << " below " << ancestor << ", kind " << static_cast<int>(kind));
            watch_table table;
            table.add(ann, ancestor, kind);

            const bool hears =
                kind == watch_kind::recursive && type != event_type::children_changed;
            CHECK(trigger(table, type, "/a/b/c") == (hears ? watchers{ann} : watchers{}));
            CHECK(table.contains(ann, ancestor, selection_of(kind)));
        }
    }
}

TEST_CASE("watch_table: ancestors are told by component and not by prefix", "[watch]") {
    watch_table table;
    table.add(ann, "/a", watch_kind::recursive);

    CHECK(trigger(table, event_type::created, "/ab").empty());
    CHECK(trigger(table, event_type::created, "/b/a").empty());
    CHECK(trigger(table, event_type::created, "/").empty());
    CHECK(trigger(table, event_type::created, "/a/b") == watchers{ann});
}

TEST_CASE(
    "watch_table: a recursive watch on the root hears of the root and of everything", "[watch]"
) {
    watch_table table;
    table.add(ann, "/", watch_kind::recursive);

    CHECK(trigger(table, event_type::data_changed, "/") == watchers{ann});
    CHECK(trigger(table, event_type::created, "/a") == watchers{ann});
    CHECK(trigger(table, event_type::deleted, "/a/b/c/d") == watchers{ann});
    CHECK(trigger(table, event_type::children_changed, "/").empty());
}

TEST_CASE("watch_table: watches on other paths hear nothing", "[watch]") {
    watch_table table;
    for (const watch_kind kind : kinds) {
        table.add(ann, "/p/child", kind);
        table.add(ann, "/q", kind);
    }
    for (const event_type type : events) {
        CHECK(trigger(table, type, "/p").empty());
    }
    CHECK(table.watch_count() == 8);
}

TEST_CASE("watch_table: a data watch on a missing node fires once when it is created", "[watch]") {
    watch_table table;
    table.add(ann, "/p", watch_kind::data);

    CHECK(trigger(table, event_type::created, "/p") == watchers{ann});
    CHECK(trigger(table, event_type::data_changed, "/p").empty());
    CHECK(trigger(table, event_type::deleted, "/p").empty());
}

TEST_CASE("watch_table: a watch that is set again fires again", "[watch]") {
    watch_table table;
    table.add(ann, "/p", watch_kind::data);
    REQUIRE(trigger(table, event_type::data_changed, "/p") == watchers{ann});

    table.add(ann, "/p", watch_kind::data);

    CHECK(trigger(table, event_type::data_changed, "/p") == watchers{ann});
}

TEST_CASE("watch_table: registering twice yields one event", "[watch]") {
    const watch_kind kind = GENERATE(from_range(kinds));
    watch_table table;
    table.add(ann, "/p", kind);
    table.add(ann, "/p", kind);

    CHECK(table.watch_count() == 1);
    CHECK(trigger(table, event_type::deleted, "/p") == watchers{ann});
    CHECK(table.watch_count() == (is_one_shot(kind) ? 0 : 1));
}

TEST_CASE("watch_table: persistent watches survive delete and re-creation of the node", "[watch]") {
    const watch_kind kind = GENERATE(watch_kind::persistent, watch_kind::recursive);
    watch_table table;
    table.add(ann, "/p", kind);

    for (int round = 0; round < 3; ++round) {
        CHECK(trigger(table, event_type::created, "/p") == watchers{ann});
        CHECK(trigger(table, event_type::data_changed, "/p") == watchers{ann});
        CHECK(trigger(table, event_type::deleted, "/p") == watchers{ann});
    }
    CHECK(table.watch_count() == 1);
}

TEST_CASE(
    "watch_table: data and child watch of one connection get one event for a delete", "[watch]"
) {
    watch_table table;
    table.add(ann, "/p", watch_kind::data);
    table.add(ann, "/p", watch_kind::child);

    CHECK(trigger(table, event_type::deleted, "/p") == watchers{ann});
    CHECK(table.watch_count() == 0);
    CHECK(trigger(table, event_type::deleted, "/p").empty());
}

TEST_CASE("watch_table: a child watch survives what happens to the data", "[watch]") {
    watch_table table;
    table.add(ann, "/p", watch_kind::data);
    table.add(ann, "/p", watch_kind::child);

    CHECK(trigger(table, event_type::data_changed, "/p") == watchers{ann});
    CHECK(trigger(table, event_type::data_changed, "/p").empty());
    CHECK(trigger(table, event_type::children_changed, "/p") == watchers{ann});
    CHECK(trigger(table, event_type::children_changed, "/p").empty());
    CHECK(table.watch_count() == 0);
}

TEST_CASE(
    "watch_table: a recursive watch above and a one-shot watch on the node yield one event",
    "[watch]"
) {
    watch_table table;
    table.add(ann, "/", watch_kind::recursive);
    table.add(ann, "/p", watch_kind::recursive);
    table.add(ann, "/p/q", watch_kind::data);

    CHECK(trigger(table, event_type::data_changed, "/p/q") == watchers{ann});
    CHECK_FALSE(table.contains(ann, "/p/q", watch_selection::any));
    CHECK(trigger(table, event_type::data_changed, "/p/q") == watchers{ann});
    CHECK(table.watch_count() == 2);
}

TEST_CASE("watch_table: modes stand side by side and the standard part is consumed", "[watch]") {
    // zookeeper-protocol 8.4, the rule of 3.9.
    watch_table table;
    for (const watch_kind kind : kinds) {
        table.add(ann, "/p", kind);
    }
    REQUIRE(table.watch_count() == 4);

    CHECK(trigger(table, event_type::deleted, "/p") == watchers{ann});

    CHECK_FALSE(table.contains(ann, "/p", watch_selection::data));
    CHECK_FALSE(table.contains(ann, "/p", watch_selection::child));
    CHECK(table.contains(ann, "/p", watch_selection::persistent));
    CHECK(table.contains(ann, "/p", watch_selection::recursive));
    CHECK(table.watch_count() == 2);
}

TEST_CASE(
    "watch_table: children_changed leaves a data watch beside a persistent one alone", "[watch]"
) {
    watch_table table;
    table.add(ann, "/p", watch_kind::data);
    table.add(ann, "/p", watch_kind::persistent);

    CHECK(trigger(table, event_type::children_changed, "/p") == watchers{ann});
    CHECK(table.contains(ann, "/p", watch_selection::data));
}

TEST_CASE("watch_table: watchers are told in ascending order whatever watch they hold", "[watch]") {
    watch_table table;
    table.add(eve, "/", watch_kind::recursive);
    table.add(bob, "/p", watch_kind::data);
    table.add(ann, "/p/q", watch_kind::recursive);
    table.add(watcher_id{4}, "/p/q", watch_kind::data);
    table.add(bob, "/p/q", watch_kind::persistent);

    CHECK(trigger(table, event_type::deleted, "/p/q") == watchers{ann, bob, eve, watcher_id{4}});
    CHECK(trigger(table, event_type::deleted, "/p/q") == watchers{ann, bob, eve});
}

TEST_CASE("watch_table: an event consumes the one-shot watches of every connection", "[watch]") {
    watch_table table;
    for (std::uint64_t id = 100; id > 0; --id) {
        table.add(watcher_id{id}, "/p", watch_kind::data);
        table.add(watcher_id{id}, "/q", watch_kind::data);
    }
    watchers everyone;
    for (std::uint64_t id = 1; id <= 100; ++id) {
        everyone.emplace_back(id);
    }

    CHECK(trigger(table, event_type::data_changed, "/p") == everyone);
    CHECK(trigger(table, event_type::data_changed, "/p").empty());
    CHECK(table.watch_count() == 100);
    CHECK(trigger(table, event_type::data_changed, "/q") == everyone);
    CHECK(table.watcher_count() == 0);
}

TEST_CASE("watch_table: a watcher may be dropped while it is told", "[watch]") {
    watch_table table;
    table.add(ann, "/p", watch_kind::data);
    table.add(ann, "/q", watch_kind::data);
    table.add(bob, "/p", watch_kind::persistent);
    watchers heard;

    table.trigger(event_type::deleted, "/p", [&](watcher_id watcher) {
        heard.push_back(watcher);
        table.drop(watcher);
    });

    CHECK(heard == watchers{ann, bob});
    CHECK(table.watch_count() == 0);
}

TEST_CASE("watch_table: contains and remove match exactly the selected kinds", "[watch]") {
    // zookeeper-protocol 8.6, the rule of 3.9: 1 and 2 match standard watches only, 4 and 5 their
    // mode, 3 everything.
    for (const watch_kind held : kinds) {
        for (const watch_kind selected : kinds) {
            INFO("held " << static_cast<int>(held) << ", selected " << static_cast<int>(selected));
            watch_table table;
            table.add(ann, "/p", held);

            CHECK(table.contains(ann, "/p", selection_of(selected)) == (held == selected));
            CHECK(table.remove(ann, "/p", selection_of(selected)) == (held == selected));
            CHECK(table.watch_count() == (held == selected ? 0 : 1));
        }
        watch_table table;
        table.add(ann, "/p", held);
        CHECK(table.contains(ann, "/p", watch_selection::any));
        CHECK(table.remove(ann, "/p", watch_selection::any));
        CHECK_FALSE(table.remove(ann, "/p", watch_selection::any));
        CHECK(trigger(table, event_type::deleted, "/p").empty());
        CHECK(table.path_count() == 0);
        CHECK(table.watcher_count() == 0);
    }
}

TEST_CASE("watch_table: removing one mode keeps the others", "[watch]") {
    const watch_kind removed = GENERATE(from_range(kinds));
    watch_table table;
    for (const watch_kind kind : kinds) {
        table.add(ann, "/p", kind);
    }

    CHECK(table.remove(ann, "/p", selection_of(removed)));

    for (const watch_kind kind : kinds) {
        CHECK(table.contains(ann, "/p", selection_of(kind)) == (kind != removed));
    }
    CHECK(table.watch_count() == 3);
    CHECK(table.remove(ann, "/p", watch_selection::any));
    CHECK(table.watch_count() == 0);
}

TEST_CASE("watch_table: contains and remove look at the caller and the path only", "[watch]") {
    watch_table table;
    table.add(ann, "/p", watch_kind::recursive);
    table.add(bob, "/q", watch_kind::data);

    CHECK_FALSE(table.contains(bob, "/p", watch_selection::any));
    CHECK_FALSE(table.contains(ann, "/p/below", watch_selection::any));
    CHECK_FALSE(table.contains(eve, "/p", watch_selection::any));
    CHECK_FALSE(table.remove(bob, "/p", watch_selection::any));
    CHECK_FALSE(table.remove(ann, "/p/below", watch_selection::any));
    CHECK(pairs_of(table) == "/p:1 /q:2");
}

TEST_CASE("watch_table: a number that is no selection selects nothing", "[watch]") {
    watch_table table;
    table.add(ann, "/p", watch_kind::data);

    CHECK_FALSE(table.contains(ann, "/p", static_cast<watch_selection>(0)));
    CHECK_FALSE(table.remove(ann, "/p", static_cast<watch_selection>(6)));
    CHECK(table.watch_count() == 1);
}

TEST_CASE("watch_table: dropping a connection removes its watches and no others", "[watch]") {
    watch_table table;
    for (const bytes_view path : {"/", "/a", "/a/b", "/c"}) {
        for (const watch_kind kind : kinds) {
            table.add(ann, path, kind);
        }
        table.add(bob, path, watch_kind::recursive);
    }
    table.add(ann, "/only/ann", watch_kind::data);
    REQUIRE(table.watch_count() == 21);

    table.drop(ann);

    CHECK(pairs_of(table) == "/:2 /a:2 /a/b:2 /c:2");
    CHECK(table.watch_count() == 4);
    CHECK(table.watcher_count() == 1);
    CHECK(table.path_count() == 4);
    CHECK(trigger(table, event_type::deleted, "/a/b/x") == watchers{bob});

    table.drop(bob);
    table.drop(bob);
    CHECK(table.watch_count() == 0);
    CHECK(table.path_count() == 0);
    CHECK(trigger(table, event_type::deleted, "/a/b/x").empty());
}

TEST_CASE("watch_table: recursion ends with the last recursive watch of a path", "[watch]") {
    watch_table table;
    table.add(ann, "/p", watch_kind::recursive);
    table.add(bob, "/p", watch_kind::recursive);
    table.add(bob, "/p", watch_kind::persistent);

    CHECK(table.remove(ann, "/p", watch_selection::recursive));
    CHECK(trigger(table, event_type::created, "/p/q") == watchers{bob});
    CHECK(table.remove(bob, "/p", watch_selection::recursive));
    CHECK(trigger(table, event_type::created, "/p/q").empty());
    CHECK(trigger(table, event_type::created, "/p") == watchers{bob});
}

TEST_CASE("watch_table: counts tell connections and paths and watches", "[watch]") {
    watch_table table;
    CHECK(table.watcher_count() == 0);
    CHECK(table.path_count() == 0);
    CHECK(table.watch_count() == 0);

    table.add(ann, "/a", watch_kind::data);
    table.add(ann, "/a", watch_kind::child);
    table.add(ann, "/b", watch_kind::data);
    table.add(bob, "/b", watch_kind::recursive);

    CHECK(table.watcher_count() == 2);
    CHECK(table.path_count() == 2);
    CHECK(table.watch_count() == 4);
}

TEST_CASE(
    "watch_table: for_each goes by path and then by watcher and tells each pair once", "[watch]"
) {
    watch_table table;
    table.add(bob, "/b", watch_kind::data);
    table.add(ann, "/b", watch_kind::recursive);
    table.add(ann, "/b", watch_kind::child);
    table.add(eve, "/a/x", watch_kind::child);
    table.add(ann, "/c", watch_kind::persistent);
    table.add(ann, "/a", watch_kind::data);

    CHECK(pairs_of(table) == "/a:1 /a/x:3 /b:1 /b:2 /c:1");
}

TEST_CASE("watch_table: texts that are no paths are kept and do no harm", "[watch]") {
    // addWatch accepts "x" and "" (zookeeper-protocol 8.2).
    watch_table table;
    for (const bytes_view odd : {"", "x", "//", "/a/", "x/y"}) {
        table.add(ann, odd, watch_kind::recursive);
        CHECK(table.contains(ann, odd, watch_selection::recursive));
    }

    CHECK(trigger(table, event_type::created, "/a/b").empty());
    CHECK(trigger(table, event_type::created, "") == watchers{ann});
    CHECK(trigger(table, event_type::created, "x/y") == watchers{ann});
    table.drop(ann);
    CHECK(table.path_count() == 0);
}

TEST_CASE("watch table: a long list can be read in pieces", "[session][watch]") {
    watch_table table;
    std::set<std::pair<bytes, watcher_id>> expected;
    for (int number = 0; number < 1000; ++number) {
        const bytes path = "/n" + std::to_string(number);
        table.add(ann, path, watch_kind::data);
        expected.emplace(path, ann);
        if (number % 3 == 0) {
            table.add(bob, path, watch_kind::child);
            expected.emplace(path, bob);
        }
    }
    std::set<std::pair<bytes, watcher_id>> seen;
    std::size_t position = 0;
    int steps = 0;
    do {
        std::size_t rows = 0;
        position = table.visit_some(position, 50, [&](bytes_view path, watcher_id watcher) {
            CHECK(seen.emplace(path, watcher).second);
            ++rows;
        });
        CHECK(rows < 200);
        ++steps;
    } while (position != 0);
    CHECK(steps > 5);
    CHECK(seen == expected);
    CHECK(watch_table{}.visit_some(0, 10, [](bytes_view, watcher_id) {}) == 0);
}

} // namespace conclave::session
