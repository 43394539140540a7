#include "client/recipes/src/tree_model.hpp"

#include <conclave/path.hpp>

namespace conclave::recipes::detail {

namespace {

/// What the paths of all descendants begin with.
std::string below(std::string_view path) {
    return path == "/" ? std::string{"/"} : std::string{path} + "/";
}

} // namespace

tree_model::tree_model(std::string root, const tree_cache_limits& limits)
    : root_(std::move(root)), limits_(limits) {}

// ---- what happens ----

void tree_model::begin() {
    ++round_;
    is_filling_ = true;
    listings_.clear();
    wanted_.insert({root_, false});
    wanted_.insert({root_, true});
}

void tree_model::on_event(const client::watch_event& event) {
    using kind = client::watch_event::kind;
    switch (event.what) {
    case kind::created:
    case kind::data_changed:
        wanted_.insert({event.path, false});
        break;
    case kind::deleted:
        wanted_.erase({event.path, false});
        remove_with_descendants(event.path);
        break;
    case kind::children_changed:
        break; // the child has an event of its own
    case kind::restored:
        begin();
        break;
    }
}

void tree_model::on_node(const std::string& path, std::optional<client::node_data> node) {
    --under_way_;
    if (!node) {
        return remove_with_descendants(path);
    }
    const auto found = shown_.find(path);
    if (found != shown_.end()) {
        found->second.seen_in = round_;
        const bool is_staged = staged_.contains(path);
        if (!is_staged && found->second.node.stat == node->stat) {
            return;
        }
    }
    stage(path, std::move(node));
}

void tree_model::on_children(const std::string& path, std::vector<std::string> names) {
    --under_way_;
    if (!names.empty()) {
        listings_.push_back({path, std::move(names)});
    }
}

void tree_model::on_unanswered(read which) {
    --under_way_;
    wanted_.insert(std::move(which));
}

std::optional<tree_model::read> tree_model::next_read() {
    if (!wanted_.empty()) {
        ++under_way_;
        return std::move(wanted_.extract(wanted_.begin()).value());
    }
    if (listings_.empty()) {
        return std::nullopt;
    }
    // Depth first: the list of what is still to be read stays short.
    listing& last = listings_.back();
    std::string path = path::join(last.parent, last.names[last.next++]);
    if (last.next == last.names.size()) {
        listings_.pop_back();
    }
    wanted_.insert({path, true});
    ++under_way_;
    return read{std::move(path), false};
}

// ---- the copy ----

const client::node_data* tree_model::newest(const std::string& path) const {
    const auto newer = staged_.find(path);
    if (newer != staged_.end()) {
        return newer->second.node ? &*newer->second.node : nullptr;
    }
    const auto found = shown_.find(path);
    return found == shown_.end() ? nullptr : &found->second.node;
}

void tree_model::stage(const std::string& path, std::optional<client::node_data> node) {
    if (const client::node_data* before = newest(path)) {
        --node_count_;
        data_size_ -= path.size() + before->data.size();
    }
    if (node) {
        ++node_count_;
        data_size_ += path.size() + node->data.size();
    }
    if (node || shown_.contains(path)) {
        staged_.insert_or_assign(path, staged{std::move(node), round_});
    } else {
        staged_.erase(path);
    }
}

void tree_model::remove_with_descendants(const std::string& path) {
    std::vector<std::string> gone{path};
    const std::string prefix = below(path);
    const auto collect = [&](const auto& nodes) {
        for (auto at = nodes.lower_bound(prefix);
             at != nodes.end() && at->first.starts_with(prefix);
             ++at) {
            gone.push_back(at->first);
        }
    };
    collect(shown_);
    collect(staged_);
    for (const std::string& each : gone) {
        if (newest(each) != nullptr) {
            stage(each, std::nullopt);
        }
    }
}

/// Nodes that a whole round of reading has not found.
void tree_model::forget_unseen() {
    std::vector<std::string> unseen;
    for (const auto& [path, each] : shown_) {
        if (each.seen_in != round_ && !staged_.contains(path)) {
            unseen.push_back(path);
        }
    }
    for (const auto& [path, each] : staged_) {
        if (each.seen_in != round_ && each.node) {
            unseen.push_back(path);
        }
    }
    for (const std::string& path : unseen) {
        stage(path, std::nullopt);
    }
}

bool tree_model::is_overdue() const {
    return !is_filling_ && staged_.size() >= limits_.staged_changes_max;
}

bool tree_model::is_too_large() const {
    return node_count_ > limits_.node_count_max || data_size_ > limits_.data_size_max;
}

void tree_model::end_filling() {
    if (is_filling_ && is_settled()) {
        forget_unseen();
        is_filling_ = false;
    }
}

tree_change::kind tree_model::show(std::string path, staged newer) {
    const auto found = shown_.find(path);
    if (!newer.node) {
        shown_.erase(found);
        return tree_change::kind::removed;
    }
    kept node{std::move(*newer.node), newer.seen_in};
    if (found == shown_.end()) {
        shown_.emplace(std::move(path), std::move(node));
        return tree_change::kind::added;
    }
    found->second = std::move(node);
    return tree_change::kind::changed;
}

std::vector<tree_change> tree_model::publish() {
    end_filling();
    std::vector<tree_change> changes;
    while (!staged_.empty()) {
        auto taken = staged_.extract(staged_.begin());
        const auto what = show(taken.key(), std::move(taken.mapped()));
        changes.push_back({what, std::move(taken.key())});
    }
    return changes;
}

void tree_model::publish_silently() {
    end_filling();
    while (!staged_.empty()) {
        auto taken = staged_.extract(staged_.begin());
        show(std::move(taken.key()), std::move(taken.mapped()));
    }
}

// ---- what is shown ----

const client::node_data* tree_model::find(std::string_view path) const {
    const auto found = shown_.find(path);
    return found == shown_.end() ? nullptr : &found->second.node;
}

std::vector<std::string> tree_model::children(std::string_view path) const {
    std::vector<std::string> names;
    const std::string prefix = below(path);
    auto at = shown_.lower_bound(prefix);
    while (at != shown_.end() && at->first.starts_with(prefix)) {
        const std::string_view rest = std::string_view{at->first}.substr(prefix.size());
        const std::size_t slash = rest.find('/');
        if (slash != std::string_view::npos) {
            // A whole subtree of a child: everything that begins with the child and a slash.
            const char behind_slash = '/' + 1;
            at = shown_.lower_bound(prefix + std::string{rest.substr(0, slash)} + behind_slash);
            continue;
        }
        if (!rest.empty()) {
            names.emplace_back(rest);
        }
        ++at;
    }
    return names;
}

void tree_model::for_each(
    const std::function<void(const std::string& path, const client::node_data& node)>& visit
) const {
    for (const auto& [path, each] : shown_) {
        visit(path, each.node);
    }
}

} // namespace conclave::recipes::detail
