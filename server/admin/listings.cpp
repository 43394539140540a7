#include "server/admin/listings.hpp"

namespace conclave::admin {

namespace {

/// Some hundred microseconds' worth of each.
constexpr std::size_t listed_at_once = 256;

} // namespace

bool connection_listing::step(server_view& view, replica::instant) {
    if (!ids) {
        ids = view.server().connection_ids();
    }
    for (std::size_t count = 0; count < listed_at_once && next < ids->size(); ++count, ++next) {
        if (const replica::connection* each = view.server().find_connection((*ids)[next])) {
            found.push_back(view.facts_of(*each));
        }
    }
    return next == ids->size();
}

bool session_listing::step(server_view& view, replica::instant now) {
    is_serving = view.serves();
    if (!is_serving) {
        return true;
    }
    const session::session_table& sessions = view.server().sessions();
    const auto& buckets = sessions.buckets();
    const std::size_t end = found.size() + listed_at_once;
    auto bucket = found.empty() ? buckets.begin() : buckets.lower_bound(found.back().deadline);
    for (; bucket != buckets.end(); ++bucket) {
        const auto& [deadline, ids] = *bucket;
        const bool goes_on = !found.empty() && found.back().deadline == deadline;
        for (auto id = goes_on ? ids.upper_bound(found.back().id) : ids.begin(); id != ids.end();
             ++id) {
            if (found.size() == end) {
                return false;
            }
            found.push_back(
                {*id,
                 sessions.find(*id)->timeout,
                 deadline,
                 now.wall_ms + (deadline - now.monotonic) / std::chrono::milliseconds{1}}
            );
        }
    }
    return true;
}

bool ephemeral_listing::step(server_view& view, replica::instant) {
    const auto& all = view.server().nodes().ephemerals();
    const std::size_t end = found.size() + listed_at_once;
    auto owner = found.empty() ? all.begin() : all.lower_bound(found.back().first);
    for (; owner != all.end(); ++owner) {
        const auto& paths = owner->second;
        const bool goes_on = !found.empty() && found.back().first == owner->first;
        for (auto path = goes_on ? paths.upper_bound(found.back().second) : paths.begin();
             path != paths.end();
             ++path) {
            if (found.size() == end) {
                return false;
            }
            found.emplace_back(owner->first, *path);
        }
    }
    return true;
}

bool watch_listing::step(server_view& view, replica::instant) {
    is_serving = view.serves();
    if (!is_serving) {
        return true;
    }
    const auto visit = [&](bytes_view path, session::watcher_id watcher) {
        if (view.tells_of(path, watcher)) {
            const replica::connection* const owner = view.server().find_connection(watcher);
            found.emplace_back(path, owner == nullptr ? session_id{} : owner->session);
        }
    };
    position = view.server().watches().visit_some(position, listed_at_once, visit);
    return position == 0;
}

} // namespace conclave::admin
