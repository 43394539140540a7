#include "server/session/watch_table.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>
#include <tuple>

namespace conclave::session {

namespace {

/// The watch table as its specification reads: a set of watches, searched from end to end.
class naive_watch_table {
public:
    void add(watcher_id watcher, const bytes& path, watch_kind kind) {
        watches_.insert({path, watcher, kind});
    }

    std::vector<watcher_id> trigger(event_type type, const bytes& path) {
        std::set<watcher_id> heard;
        std::erase_if(watches_, [&](const watch& each) {
            const auto& [watched, watcher, kind] = each;
            const bool is_heard = hears(kind, watched, type, path);
            if (is_heard) {
                heard.insert(watcher);
            }
            return is_heard && (kind == watch_kind::data || kind == watch_kind::child);
        });
        return {heard.begin(), heard.end()};
    }

    [[nodiscard]] bool
    contains(watcher_id watcher, const bytes& path, watch_selection which) const {
        return std::ranges::any_of(watches_, [&](const watch& each) {
            return is_selected(each, watcher, path, which);
        });
    }

    bool remove(watcher_id watcher, const bytes& path, watch_selection which) {
        return std::erase_if(watches_, [&](const watch& each) {
                   return is_selected(each, watcher, path, which);
               }) > 0;
    }

    void drop(watcher_id watcher) {
        std::erase_if(watches_, [&](const watch& each) { return std::get<1>(each) == watcher; });
    }

    [[nodiscard]] std::set<std::pair<bytes, watcher_id>> pairs() const {
        std::set<std::pair<bytes, watcher_id>> all;
        for (const auto& [path, watcher, kind] : watches_) {
            all.insert({path, watcher});
        }
        return all;
    }

    [[nodiscard]] std::size_t watch_count() const { return watches_.size(); }

private:
    using watch = std::tuple<bytes, watcher_id, watch_kind>;

    static bool hears(watch_kind kind, const bytes& watched, event_type type, const bytes& path) {
        const bool is_at = watched == path;
        const bool is_below =
            path != watched && (watched == "/" || path.starts_with(watched + "/"));
        switch (kind) {
        case watch_kind::data:
            return is_at && type != event_type::children_changed;
        case watch_kind::child:
            return is_at && (type == event_type::deleted || type == event_type::children_changed);
        case watch_kind::persistent:
            return is_at;
        case watch_kind::recursive:
            return (is_at || is_below) && type != event_type::children_changed;
        }
        return false;
    }

    static bool
    is_selected(const watch& each, watcher_id watcher, const bytes& path, watch_selection which) {
        static const std::map<watch_kind, watch_selection> selections{
            {watch_kind::data, watch_selection::data},
            {watch_kind::child, watch_selection::child},
            {watch_kind::persistent, watch_selection::persistent},
            {watch_kind::recursive, watch_selection::recursive},
        };
        const auto& [watched, holder, kind] = each;
        return watched == path && holder == watcher &&
               (which == watch_selection::any || selections.at(kind) == which);
    }

    std::set<watch> watches_;
};

void require_equal(const watch_table& table, const naive_watch_table& model) {
    std::vector<std::pair<bytes, watcher_id>> visited;
    table.for_each([&](bytes_view path, watcher_id watcher) { visited.emplace_back(path, watcher); }
    );
    const auto expected = model.pairs();
    std::set<bytes> paths;
    std::set<watcher_id> watchers;
    for (const auto& [path, watcher] : expected) {
        paths.insert(path);
        watchers.insert(watcher);
    }
    REQUIRE(visited == std::vector(expected.begin(), expected.end()));
    REQUIRE(table.watch_count() == model.watch_count());
    REQUIRE(table.path_count() == paths.size());
    REQUIRE(table.watcher_count() == watchers.size());
}

/// Few components and few names, so that watches and events meet often.
bytes random_path(std::mt19937& random) {
    bytes path;
    for (auto depth = random() % 4; depth > 0; --depth) {
        path += random() % 2 == 0 ? "/a" : "/a name too long for the string object";
    }
    return path.empty() ? "/" : path;
}

} // namespace

TEST_CASE("watch_table: random operations agree with a plain set of watches", "[watch][property]") {
    const auto seed = GENERATE(range(1U, 31U));
    INFO("seed " << seed);
    std::mt19937 random{seed};
    // Many connections make long lists of holders, few make long lists of paths.
    const std::uint64_t watcher_limit = seed % 2 == 0 ? 4 : 60;
    watch_table table;
    naive_watch_table model;

    for (int step = 0; step < 2000; ++step) {
        const watcher_id watcher{random() % watcher_limit};
        const bytes path = random_path(random);
        const auto kind = static_cast<watch_kind>(random() % 4);
        const auto which = static_cast<watch_selection>(1 + random() % 5);
        const auto type = static_cast<event_type>(1 + random() % 4);
        const auto choice = random() % 100;
        if (choice < 55) {
            table.add(watcher, path, kind);
            model.add(watcher, path, kind);
        } else if (choice < 75) {
            std::vector<watcher_id> heard;
            table.trigger(type, path, [&](watcher_id each) { heard.push_back(each); });
            REQUIRE(heard == model.trigger(type, path));
        } else if (choice < 85) {
            REQUIRE(table.contains(watcher, path, which) == model.contains(watcher, path, which));
        } else if (choice < 95) {
            REQUIRE(table.remove(watcher, path, which) == model.remove(watcher, path, which));
        } else {
            table.drop(watcher);
            model.drop(watcher);
        }
        if (step % 10 == 0) {
            require_equal(table, model);
        }
    }

    require_equal(table, model);
}

} // namespace conclave::session
