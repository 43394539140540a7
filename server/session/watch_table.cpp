#include "server/session/watch_table.hpp"

#include <conclave/assert.hpp>
#include <conclave/path.hpp>

#include <algorithm>
#include <bit>

namespace conclave::session {

namespace {

/// Where `watcher` stands among holders, or where it would stand.
auto place_of(auto& holders, watcher_id watcher) {
    return std::ranges::lower_bound(holders, watcher, {}, [](const auto& held) {
        return held.watcher;
    });
}

/// Doubling would leave more room unused than the promised octets per watch allow.
void grow_by_half(auto& list) {
    if (list.size() == list.capacity()) {
        list.reserve(list.size() + list.size() / 2 + 1);
    }
}

/// Gives memory back once three quarters of it lie idle; so the copy is paid for by the removals
/// before it.
void shrink(auto& list) {
    if (list.size() < list.capacity() / 4) {
        list.shrink_to_fit();
    }
}

} // namespace

watch_table::kind_set watch_table::fired_by(event_type type) {
    constexpr kind_set on_node =
        bit(watch_kind::data) | bit(watch_kind::persistent) | bit(watch_kind::recursive);
    switch (type) {
    case event_type::created:
    case event_type::data_changed:
        return on_node;
    case event_type::deleted:
        return on_node | bit(watch_kind::child);
    case event_type::children_changed:
        return bit(watch_kind::child) | bit(watch_kind::persistent);
    }
    return 0;
}

watch_table::kind_set watch_table::selected_by(watch_selection which) {
    switch (which) {
    case watch_selection::child:
        return bit(watch_kind::child);
    case watch_selection::data:
        return bit(watch_kind::data);
    case watch_selection::persistent:
        return bit(watch_kind::persistent);
    case watch_selection::recursive:
        return bit(watch_kind::recursive);
    case watch_selection::any:
        return bit(watch_kind::child) | bit(watch_kind::data) | bit(watch_kind::persistent) |
               bit(watch_kind::recursive);
    }
    return 0;
}

void watch_table::add(watcher_id watcher, bytes_view path, watch_kind kind) {
    auto at = paths_.find(path);
    if (at == paths_.end()) {
        at = paths_.try_emplace(bytes{path}).first;
    }
    std::vector<holder>& holders = at->second;
    auto held = place_of(holders, watcher);
    if (held == holders.end() || held->watcher != watcher) {
        std::vector<row*>& watched = watchers_[watcher];
        const auto index = held - holders.begin();
        grow_by_half(holders);
        held = holders.insert(
            holders.begin() + index, holder{watcher, static_cast<std::uint32_t>(watched.size()), 0}
        );
        grow_by_half(watched);
        watched.push_back(&*at);
    }
    if ((held->kinds & bit(kind)) != 0) {
        return;
    }
    held->kinds = static_cast<kind_set>(held->kinds | bit(kind));
    ++watch_count_;
    if (kind == watch_kind::recursive) {
        recursive_root& root = recursive_[at->first];
        root.at = &*at;
        ++root.count;
    }
}

void watch_table::trigger(event_type type, bytes_view path, function_ref<void(watcher_id)> notify) {
    CONCLAVE_ASSERT(heard_.empty());
    const kind_set fired = fired_by(type);
    fire_at(path, fired);
    if ((fired & bit(watch_kind::recursive)) != 0 && !recursive_.empty()) {
        fire_above(path);
    }
    for (const watcher_id watcher : heard_) {
        notify(watcher);
    }
    heard_.clear();
}

void watch_table::fire_at(bytes_view path, kind_set fired) {
    const auto at = paths_.find(path);
    if (at == paths_.end()) {
        return;
    }
    constexpr kind_set one_shot = bit(watch_kind::data) | bit(watch_kind::child);
    std::vector<holder>& holders = at->second;
    for (holder& held : holders) {
        if ((held.kinds & fired) != 0) {
            heard_.push_back(held.watcher);
            take(*at, held, held.kinds & fired & one_shot);
        }
    }
    std::erase_if(holders, [](const holder& held) { return held.kinds == 0; });
    shrink(holders);
    if (holders.empty()) {
        paths_.erase(at);
    }
}

void watch_table::fire_above(bytes_view path) {
    const std::size_t heard_at_path = heard_.size();
    for (bytes_view above = path::parent_of(path); !above.empty(); above = path::parent_of(above)) {
        const auto root = recursive_.find(above);
        if (root == recursive_.end()) {
            continue;
        }
        for (const holder& held : root->second.at->second) {
            if ((held.kinds & bit(watch_kind::recursive)) != 0) {
                heard_.push_back(held.watcher);
            }
        }
    }
    if (heard_.size() > heard_at_path) {
        std::ranges::sort(heard_);
        heard_.erase(std::unique(heard_.begin(), heard_.end()), heard_.end());
    }
}

bool watch_table::contains(watcher_id watcher, bytes_view path, watch_selection which) const {
    const auto at = paths_.find(path);
    if (at == paths_.end()) {
        return false;
    }
    const auto held = place_of(at->second, watcher);
    return held != at->second.end() && held->watcher == watcher &&
           (held->kinds & selected_by(which)) != 0;
}

bool watch_table::remove(watcher_id watcher, bytes_view path, watch_selection which) {
    const auto at = paths_.find(path);
    return at != paths_.end() && remove_at(at, watcher, selected_by(which));
}

void watch_table::drop(watcher_id watcher) {
    // Each turn takes the last path off the watcher's list, and the last turn the list itself.
    for (auto owner = watchers_.find(watcher); owner != watchers_.end();
         owner = watchers_.find(watcher)) {
        const row& last = *owner->second.back();
        remove_at(paths_.find(last.first), watcher, selected_by(watch_selection::any));
    }
}

bool watch_table::remove_at(path_map::iterator at, watcher_id watcher, kind_set selected) {
    std::vector<holder>& holders = at->second;
    const auto held = place_of(holders, watcher);
    if (held == holders.end() || held->watcher != watcher || (held->kinds & selected) == 0) {
        return false;
    }
    take(*at, *held, held->kinds & selected);
    if (held->kinds == 0) {
        holders.erase(held);
        shrink(holders);
    }
    if (holders.empty()) {
        paths_.erase(at);
    }
    return true;
}

void watch_table::take(const row& from, holder& held, kind_set taken) {
    watch_count_ -= static_cast<std::size_t>(std::popcount(taken));
    held.kinds = static_cast<kind_set>(held.kinds & ~taken);
    if ((taken & bit(watch_kind::recursive)) != 0) {
        const auto root = recursive_.find(from.first);
        if (--root->second.count == 0) {
            recursive_.erase(root);
        }
    }
    if (held.kinds == 0) {
        unlink(held);
    }
}

void watch_table::unlink(const holder& held) {
    const auto owner = watchers_.find(held.watcher);
    std::vector<row*>& watched = owner->second;
    row* const last = watched.back();
    watched[held.position] = last;
    place_of(last->second, held.watcher)->position = held.position;
    watched.pop_back();
    shrink(watched);
    if (watched.empty()) {
        watchers_.erase(owner);
    }
}

std::size_t watch_table::watcher_count() const {
    return watchers_.size();
}

std::size_t watch_table::path_count() const {
    return paths_.size();
}

std::size_t watch_table::watch_count() const {
    return watch_count_;
}

void watch_table::for_each(function_ref<void(bytes_view path, watcher_id watcher)> visit) const {
    std::vector<const row*> rows;
    rows.reserve(paths_.size());
    for (const row& at : paths_) {
        rows.push_back(&at);
    }
    std::ranges::sort(rows, {}, [](const row* at) -> const bytes& { return at->first; });
    for (const row* at : rows) {
        for (const holder& held : at->second) {
            visit(at->first, held.watcher);
        }
    }
}

std::size_t watch_table::visit_some(
    std::size_t position,
    std::size_t count,
    function_ref<void(bytes_view path, watcher_id watcher)> visit
) const {
    std::size_t seen = 0;
    // Empty buckets cost time as well.
    const std::size_t bucket_end = std::min(paths_.bucket_count(), position + 4 * count);
    while (position < bucket_end && seen < count) {
        for (auto at = paths_.begin(position); at != paths_.end(position); ++at) {
            for (const holder& held : at->second) {
                visit(at->first, held.watcher);
            }
            ++seen;
        }
        ++position;
    }
    return position < paths_.bucket_count() ? position : 0;
}

} // namespace conclave::session
