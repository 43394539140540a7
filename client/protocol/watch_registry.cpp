#include "client/protocol/watch_registry.hpp"

#include <conclave/path.hpp>

#include <algorithm>

namespace conclave::client {

namespace {

/// removeWatches' numbers (zookeeper-protocol 8.6). Servers before 3.9 know the first three.
enum removal_type : std::int32_t {
    remove_children = 1,
    remove_data = 2,
    remove_any = 3,
    remove_persistent = 4,
    remove_recursive = 5,
};

constexpr std::array all_kinds{
    watch_kind::data,
    watch_kind::exist,
    watch_kind::child,
    watch_kind::persistent,
    watch_kind::recursive,
};

} // namespace

void watch_registry::claim(const watch_registration& watch) {
    ++nodes_[watch.path].claims[index(watch.kind)];
}

void watch_registry::unclaim(const watch_registration& watch) {
    const auto at = nodes_.find(watch.path);
    --at->second.claims[index(watch.kind)];
    forget_if_unused(at);
}

void watch_registry::add(const watch_registration& watch, watch_kind as) {
    node& at = nodes_[watch.path];
    --at.claims[index(watch.kind)];
    at.owners[index(as)].push_back(watch.id);
    places_.emplace(watch.id, place{watch.path, as});
}

bool watch_registry::is_set_at_server(const node& at, watch_kind kind) {
    const auto is_wanted = [&](watch_kind each) {
        return !at.owners[index(each)].empty() || at.claims[index(each)] != 0;
    };
    if (kind == watch_kind::data || kind == watch_kind::exist) {
        return is_wanted(watch_kind::data) || is_wanted(watch_kind::exist);
    }
    return is_wanted(kind);
}

/// "Any" is what servers of every age understand for the persistent kinds, but it takes all watches
/// of the path with it.
std::optional<watch_removal>
watch_registry::removal(const node& at, const bytes& path, watch_kind kind) {
    if (is_set_at_server(at, kind)) {
        return std::nullopt;
    }
    const bool is_alone = std::none_of(all_kinds.begin(), all_kinds.end(), [&](watch_kind each) {
        return is_set_at_server(at, each);
    });
    switch (kind) {
    case watch_kind::data:
    case watch_kind::exist:
        return watch_removal{path, remove_data};
    case watch_kind::child:
        return watch_removal{path, remove_children};
    case watch_kind::persistent:
        return watch_removal{path, is_alone ? remove_any : remove_persistent};
    case watch_kind::recursive:
        return watch_removal{path, is_alone ? remove_any : remove_recursive};
    }
    return std::nullopt;
}

std::optional<watch_removal> watch_registry::remove(watch_id id) {
    const auto found = places_.find(id);
    if (found == places_.end()) {
        return std::nullopt;
    }
    const place where = std::move(found->second);
    places_.erase(found);
    const auto at = nodes_.find(where.path);
    std::erase(at->second.owners[index(where.kind)], id);
    auto told = removal(at->second, where.path, where.kind);
    forget_if_unused(at);
    return told;
}

void watch_registry::forget_if_unused(nodes::iterator at) {
    const bool is_used = std::any_of(all_kinds.begin(), all_kinds.end(), [&](watch_kind each) {
        return !at->second.owners[index(each)].empty() || at->second.claims[index(each)] != 0;
    });
    if (!is_used) {
        nodes_.erase(at);
    }
}

void watch_registry::take(node& at, watch_kind kind, std::vector<watch_id>& fired) {
    for (const watch_id id : at.owners[index(kind)]) {
        places_.erase(id);
        fired.push_back(id);
    }
    at.owners[index(kind)].clear();
}

void watch_registry::fire_recursive(event_type type, bytes_view path, std::vector<watch_id>& fired)
    const {
    if (type == event_type::children_changed) {
        return; // a recursive watch hears of the child itself
    }
    for (bytes_view each = path; !each.empty(); each = path::parent_of(each)) {
        const auto at = nodes_.find(each);
        if (at != nodes_.end()) {
            const auto& owners = at->second.owners[index(watch_kind::recursive)];
            fired.insert(fired.end(), owners.begin(), owners.end());
        }
    }
}

std::vector<watch_id> watch_registry::fire(event_type type, bytes_view path) {
    std::vector<watch_id> fired;
    const auto at = nodes_.find(path);
    if (at != nodes_.end()) {
        if (type != event_type::children_changed) {
            take(at->second, watch_kind::data, fired);
            take(at->second, watch_kind::exist, fired);
        }
        if (type == event_type::children_changed || type == event_type::deleted) {
            take(at->second, watch_kind::child, fired);
        }
        const auto& persistent = at->second.owners[index(watch_kind::persistent)];
        fired.insert(fired.end(), persistent.begin(), persistent.end());
    }
    fire_recursive(type, path, fired);
    if (at != nodes_.end()) {
        forget_if_unused(at);
    }
    return fired;
}

std::vector<watch_id> watch_registry::take_all() {
    std::vector<watch_id> all;
    for (auto at = nodes_.begin(); at != nodes_.end();) {
        for (const watch_kind kind : all_kinds) {
            take(at->second, kind, all);
        }
        const auto here = at++;
        forget_if_unused(here);
    }
    return all;
}

std::vector<bytes_view> watch_registry::paths(watch_kind kind) const {
    std::vector<bytes_view> found;
    for (const auto& [path, at] : nodes_) {
        if (!at.owners[index(kind)].empty()) {
            found.push_back(path);
        }
    }
    return found;
}

std::vector<std::pair<watch_id, bytes_view>> watch_registry::persistent() const {
    std::vector<std::pair<watch_id, bytes_view>> found;
    for (const auto& [path, at] : nodes_) {
        for (const watch_kind kind : {watch_kind::persistent, watch_kind::recursive}) {
            for (const watch_id id : at.owners[index(kind)]) {
                found.emplace_back(id, path);
            }
        }
    }
    return found;
}

} // namespace conclave::client
