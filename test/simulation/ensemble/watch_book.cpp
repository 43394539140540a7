#include "test/simulation/ensemble/watch_book.hpp"

#include <algorithm>
#include <vector>

#include "conclave/path.hpp"

namespace conclave::ensemble {

namespace {

std::string_view name_of(event_type type) {
    switch (type) {
    case event_type::created:
        return "created";
    case event_type::deleted:
        return "deleted";
    case event_type::data_changed:
        return "changed";
    case event_type::children_changed:
        return "children changed";
    }
    return "?";
}

} // namespace

void watch_book::begin() {
    is_armed_ = false;
}

bool watch_book::fires(const trigger& what) const {
    const bytes& path = what.path;
    if (wanted_.persistent.contains(path)) {
        return true;
    }
    const bool is_of_children = what.type == event_type::children_changed;
    if (!is_of_children && (wanted_.data.contains(path) || wanted_.exist.contains(path))) {
        return true;
    }
    const bool tells_children = is_of_children || what.type == event_type::deleted;
    if (tells_children && wanted_.child.contains(path)) {
        return true;
    }
    if (is_of_children || wanted_.recursive.empty()) {
        return false;
    }
    bytes_view above = path;
    while (!wanted_.recursive.contains(bytes{above})) {
        if (above == "/") {
            return false;
        }
        above = path::parent_of(above);
    }
    return true;
}

void watch_book::consume(const trigger& what) {
    const bool is_of_children = what.type == event_type::children_changed;
    if (!is_of_children) {
        wanted_.data.erase(what.path);
        wanted_.exist.erase(what.path);
    }
    if (is_of_children || what.type == event_type::deleted) {
        wanted_.child.erase(what.path);
    }
}

void watch_book::on_event(const chronicle& history, const told_event& told) {
    const std::vector<trigger>& all = history.triggers();
    while (is_armed_ && next_ < all.size() && all[next_].at <= told.at) {
        const trigger& due = all[next_++];
        if (!fires(due)) {
            continue;
        }
        consume(due);
        if (due.at == told.at && due.type == told.type && due.path == told.path) {
            return;
        }
        violated(
            "I28: '{} {}' of 0x{:x} was due, and '{} {}' of 0x{:x} was told",
            name_of(due.type),
            due.path,
            due.at.value,
            name_of(told.type),
            told.path,
            told.at.value
        );
    }
    violated(
        "I28: '{} {}' of 0x{:x} was told without a watch, twice or too late",
        name_of(told.type),
        told.path,
        told.at.value
    );
}

void watch_book::on_reply(const chronicle& history, zxid at) {
    const std::vector<trigger>& all = history.triggers();
    if (!is_armed_) {
        if (wanted_.empty()) {
            is_armed_ = true;
            skip_to(history, at);
        }
        return;
    }
    for (; next_ < all.size() && all[next_].at <= at; ++next_) {
        if (fires(all[next_])) {
            violated(
                "I28: '{} {}' of 0x{:x} was not told before a reply at 0x{:x}",
                name_of(all[next_].type),
                all[next_].path,
                all[next_].at.value,
                at.value
            );
        }
    }
}

void watch_book::skip_to(const chronicle& history, zxid at) {
    const std::vector<trigger>& all = history.triggers();
    while (next_ < all.size() && all[next_].at <= at) {
        ++next_;
    }
}

/// zookeeper-protocol 8.5: what the state at the reply shows to have changed is told at once.
void watch_book::catch_up(
    const chronicle& history, zxid relative, zxid at, const std::deque<told_event>& told
) {
    std::vector<trigger> due;
    const auto at_path = [&](const bytes& path) {
        const node_version* const node = history.node(path, at);
        return node != nullptr && node->exists ? node : nullptr;
    };
    const auto is_due = [&](event_type type, const bytes& path) {
        due.push_back({{}, type, path});
        return true;
    };
    std::erase_if(wanted_.data, [&](const bytes& path) {
        const node_version* const node = at_path(path);
        if (node == nullptr) {
            return is_due(event_type::deleted, path);
        }
        return node->about.mzxid > relative && is_due(event_type::data_changed, path);
    });
    std::erase_if(wanted_.exist, [&](const bytes& path) {
        return at_path(path) != nullptr && is_due(event_type::created, path);
    });
    std::erase_if(wanted_.child, [&](const bytes& path) {
        const node_version* const node = at_path(path);
        if (node == nullptr) {
            return is_due(event_type::deleted, path);
        }
        return node->about.pzxid > relative && is_due(event_type::children_changed, path);
    });
    const bool is_same =
        std::ranges::equal(due, told, [](const trigger& left, const told_event& right) {
            return left.type == right.type && left.path == right.path;
        });
    if (!is_same) {
        violated(
            "I28: setWatches at 0x{:x} relative to 0x{:x} told {} events instead of {}{}",
            at.value,
            relative.value,
            told.size(),
            due.size(),
            due.empty() ? "" : ", beginning with " + due.front().path
        );
    }
    is_armed_ = true;
    skip_to(history, at);
}

} // namespace conclave::ensemble
