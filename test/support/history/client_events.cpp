#include "test/support/history/client_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace conclave::history {

namespace {

using watched = std::pair<std::string, watch_kind>;

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// When each watchable thing changed, in order.
class triggers {
public:
    explicit triggers(const history& seen) {
        for (const record& each : seen.records) {
            add(each.kind, each.path, each.at);
        }
        if (!seen.records.empty()) {
            return;
        }
        for (const operation& each : seen.operations) {
            if (is_change(each.kind) && each.ended == outcome::succeeded && each.position) {
                const std::string& path = each.created_path.empty() ? each.path : each.created_path;
                add(record_of(each.kind), path, *each.position);
            }
        }
    }

    /// The first change behind `position`, if there is one.
    [[nodiscard]] std::optional<zxid> first_behind(const watched& what, zxid position) const {
        const auto found = changes_.find(what);
        if (found == changes_.end()) {
            return std::nullopt;
        }
        const auto at = found->second.upper_bound(position);
        return at == found->second.end() ? std::nullopt : std::optional{*at};
    }

private:
    static record_kind record_of(operation_kind kind) {
        if (kind == operation_kind::write) {
            return record_kind::write;
        }
        return kind == operation_kind::remove ? record_kind::remove : record_kind::create;
    }

    void add(record_kind kind, const std::string& path, zxid at) {
        if (kind == record_kind::close_session) {
            return; // what it removes stands in records of its own, with the same zxid
        }
        changes_[{path, watch_kind::data}].insert(at);
        if (kind == record_kind::write) {
            return;
        }
        changes_[{parent_of(path), watch_kind::child}].insert(at);
        if (kind == record_kind::remove) {
            changes_[{path, watch_kind::child}].insert(at);
        }
    }

    std::map<watched, std::set<zxid>> changes_;
};

/// One session as its client sees it.
class session_automaton {
public:
    explicit session_automaton(const triggers& changes) : changes_(changes) {}

    void take(const event& what, report& to) {
        if (end_ != nullptr) {
            to.add(
                verdict::violated,
                fmt::format(
                    "something arrived after the end of its session\n    {}\n    {}",
                    describe(*end_),
                    describe(what)
                )
            );
            return;
        }
        switch (what.kind) {
        case event_kind::watch_set:
            check_overdue(what, to);
            armed_.try_emplace({what.path, what.watch}, &what);
            break;
        case event_kind::watch_fired:
            fire(what, to);
            break;
        case event_kind::reply:
            check_overdue(what, to);
            break;
        case event_kind::closed:
            check_overdue(what, to);
            end_ = &what;
            break;
        case event_kind::expired:
            end_ = &what;
            break;
        }
    }

private:
    /// A node's end is told once, to whoever watches its data or its children or both.
    void fire(const event& what, report& to) {
        std::size_t disarmed_count = 0;
        if (what.change != watch_change::children) {
            disarmed_count += armed_.erase({what.path, watch_kind::data});
        }
        if (what.change == watch_change::children || what.change == watch_change::deleted) {
            disarmed_count += armed_.erase({what.path, watch_kind::child});
        }
        if (disarmed_count == 0) {
            to.add(
                verdict::violated,
                fmt::format("a watch fired that was not set or had fired\n    {}", describe(what))
            );
        }
    }

    void check_overdue(const event& reply, report& to) {
        if (!reply.position) {
            return;
        }
        std::erase_if(armed_, [&](const auto& entry) {
            const event& set = *entry.second;
            const auto trigger =
                set.position ? changes_.first_behind(entry.first, *set.position) : std::nullopt;
            const bool is_overdue = trigger && *trigger <= *reply.position;
            if (is_overdue) {
                to.add(
                    verdict::violated,
                    fmt::format(
                        "a reply overtook the event of the change at zxid {:#x}\n    {}\n    {}",
                        trigger->value,
                        describe(set),
                        describe(reply)
                    )
                );
            }
            return is_overdue; // told once
        });
    }

    const triggers& changes_;
    std::map<watched, const event*> armed_;
    const event* end_ = nullptr;
};

/// A node from its creation by a session on.
struct ephemeral {
    const operation* created{};
    std::optional<zxid> session_end;
    bool is_removable = false; ///< somebody may have removed it earlier
};

std::multimap<std::string, ephemeral> ephemerals_of(const history& seen) {
    std::map<std::string, zxid> ends;
    for (const record& each : seen.records) {
        if (each.kind == record_kind::close_session) {
            ends.try_emplace(each.session, each.at);
        }
    }
    std::set<std::string> removed;
    for (const operation& each : seen.operations) {
        if (each.kind == operation_kind::remove && each.ended != outcome::failed) {
            removed.insert(each.path);
        }
    }
    std::multimap<std::string, ephemeral> found;
    for (const operation& each : seen.operations) {
        if (!each.is_ephemeral || each.ended != outcome::succeeded || !each.position) {
            continue;
        }
        const std::string& path = each.created_path.empty() ? each.path : each.created_path;
        const auto end = ends.find(each.session);
        found.emplace(
            path,
            ephemeral{
                &each,
                end == ends.end() ? std::nullopt : std::optional{end->second},
                removed.contains(path),
            }
        );
    }
    return found;
}

void check_read(const operation& read, const ephemeral& node, report& to) {
    const bool is_before_end = !node.session_end || *read.position < *node.session_end;
    const bool is_seen = read.ended == outcome::succeeded && read.owner == node.created->session;
    const bool is_missing = read.ended == outcome::failed && read.error == failure::no_node &&
                            *read.position >= *node.created->position;
    if (is_seen && !is_before_end) {
        to.add(
            verdict::violated,
            fmt::format(
                "an ephemeral node outlived its session, which ended at zxid {:#x}\n    {}\n    {}",
                node.session_end->value,
                describe(*node.created),
                describe(read)
            )
        );
    } else if (is_missing && is_before_end && !node.is_removable) {
        to.add(
            verdict::violated,
            fmt::format(
                "an ephemeral node is gone before its session\n    {}\n    {}",
                describe(*node.created),
                describe(read)
            )
        );
    }
}

} // namespace

report check_client_events(const history& seen) {
    const triggers changes{seen};
    std::map<std::string, session_automaton> sessions;
    report result;
    for (const event& each : seen.events) {
        sessions.try_emplace(each.session, changes).first->second.take(each, result);
    }
    return result;
}

report check_ephemerals(const history& seen) {
    const auto nodes = ephemerals_of(seen);
    report result;
    for (const operation& each : seen.operations) {
        if (!is_read(each.kind) || each.ended == outcome::unknown || !each.position) {
            continue;
        }
        const auto [first, last] = nodes.equal_range(each.path);
        for (auto node = first; node != last; ++node) {
            check_read(each, node->second, result);
        }
    }
    return result;
}

} // namespace conclave::history
