#include "test/support/history/session_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace conclave::history {

namespace {

using node_value = std::pair<std::string, std::string>; // path, value

/// What may happen to the nodes in the whole history.
struct summary {
    std::set<std::string> removable;             ///< their versions may start again
    std::map<node_value, instant> first_written; ///< earliest invocation
    std::set<std::string> unclear; ///< a value that is not known may have been written
};

void add(const operation& what, summary& to) {
    const bool is_sequential = what.kind == operation_kind::create_sequential;
    const std::string& path = is_sequential ? what.created_path : what.path;
    if (what.kind == operation_kind::remove || what.is_ephemeral) {
        to.removable.insert(path);
    }
    if (what.kind == operation_kind::remove) {
        return;
    }
    if (!what.value) {
        to.unclear.insert(path);
        return;
    }
    const auto at = to.first_written.try_emplace(node_value{path, *what.value}, what.invoked).first;
    at->second = std::min(at->second, what.invoked);
}

summary summarise(const history& seen) {
    summary of;
    for (const auto& [path, node] : seen.initial) {
        of.first_written.emplace(node_value{path, node.value}, std::numeric_limits<instant>::min());
    }
    for (const operation& each : seen.operations) {
        const bool is_lost_sequential =
            each.kind == operation_kind::create_sequential && each.ended == outcome::unknown;
        if (is_change(each.kind) && each.ended != outcome::failed && !is_lost_sequential) {
            add(each, of);
        }
    }
    // A node of unknown number: whatever was read of it may be right.
    for (const operation& each : seen.operations) {
        if (each.kind != operation_kind::create_sequential || each.ended != outcome::unknown) {
            continue;
        }
        for (const operation& other : seen.operations) {
            if (is_read(other.kind) && other.path.starts_with(each.path)) {
                of.unclear.insert(other.path);
            }
        }
    }
    return of;
}

std::vector<const operation*> answered(const history& seen) {
    std::vector<const operation*> found;
    for (const operation& each : seen.operations) {
        if (each.ended != outcome::unknown) {
            found.push_back(&each);
        }
    }
    std::ranges::stable_sort(found, {}, [](const operation* each) { return each->completed; });
    return found;
}

void report_pair(
    report& to, const std::string& what, const operation& earlier, const operation& later
) {
    to.add(
        verdict::violated,
        fmt::format("{}\n    {}\n    {}", what, describe(earlier), describe(later))
    );
}

void check_versions(
    const std::vector<const operation*>& replies, const summary& nodes, report& to
) {
    std::map<std::pair<std::string, std::string>, const operation*> last; // by session and path
    for (const operation* each : replies) {
        if (each->ended != outcome::succeeded || !each->version ||
            nodes.removable.contains(each->path)) {
            continue;
        }
        const operation*& before = last[{each->session, each->path}];
        if (before != nullptr && *each->version < *before->version) {
            report_pair(to, "a session went back to an older version", *before, *each);
        }
        before = each;
    }
}

void check_values(const std::vector<const operation*>& replies, const summary& nodes, report& to) {
    std::map<std::pair<std::string, std::int32_t>, const operation*> by_version;
    for (const operation* each : replies) {
        if (each->ended != outcome::succeeded || !each->value) {
            continue;
        }
        const auto written = nodes.first_written.find({each->path, *each->value});
        const bool is_written =
            written != nodes.first_written.end() && written->second <= each->completed;
        if (is_read(each->kind) && !is_written && !nodes.unclear.contains(each->path)) {
            to.add(
                verdict::violated,
                fmt::format("read what nobody had written\n    {}", describe(*each))
            );
        }
        if (!each->version || nodes.removable.contains(each->path)) {
            continue;
        }
        const operation*& other = by_version[{each->path, *each->version}];
        if (other != nullptr && other->value != each->value) {
            report_pair(to, "one version has two values", *other, *each);
        }
        other = each;
    }
}

} // namespace

report check_session_order(const history& seen) {
    const summary nodes = summarise(seen);
    const auto replies = answered(seen);
    report result;
    check_versions(replies, nodes, result);
    check_values(replies, nodes, result);
    return result;
}

} // namespace conclave::history
