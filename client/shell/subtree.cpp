#include "client/shell/subtree.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace conclave::shell {

namespace {

/// So many requests are under way at once.
constexpr std::size_t listing_batch_count = 512;

} // namespace

subtree::subtree(std::string root) {
    subtree_node first;
    first.name = std::move(root);
    nodes_.push_back(std::move(first));
}

std::string subtree::path_of(std::size_t index) const {
    return index == 0 ? root() : path::join(root(), relative_path_of(index));
}

std::string subtree::relative_path_of(std::size_t index) const {
    std::vector<const std::string*> names;
    for (; index != 0; index = nodes_[index].parent) {
        names.push_back(&nodes_[index].name);
    }
    std::string text;
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
        text += (text.empty() ? "" : "/") + **name;
    }
    return text;
}

void subtree::visit(const std::function<bool(std::size_t, std::size_t)>& visit) const {
    std::vector<std::pair<std::size_t, std::size_t>> waiting{{0, 0}};
    while (!waiting.empty()) {
        const auto [index, depth] = waiting.back();
        waiting.pop_back();
        if (visit(index, depth)) {
            const std::vector<std::size_t>& children = nodes_[index].children;
            for (auto child = children.rbegin(); child != children.rend(); ++child) {
                waiting.emplace_back(*child, depth + 1);
            }
        }
    }
}

outcome<> check_none_is_closed(const subtree& listed) {
    for (std::size_t index = 0; index < listed.size(); ++index) {
        if (listed.node(index).is_closed) {
            return failed_with(make_error_code(errc::no_auth), listed.path_of(index));
        }
    }
    return {};
}

/// Lists one level after the other. A node enters the tree when its own listing has succeeded, so
/// that one that has gone meanwhile never does.
class subtree_reader {
public:
    subtree_reader(
        connection& from, subtree_limits limits, const progress_callback& progress, subtree& into
    )
        : from_(from), limits_(limits), progress_(progress), into_(into) {}

    outcome<> read() {
        std::vector<candidate> level{{0, into_.root(), into_.root()}};
        for (std::size_t depth = 0; !level.empty(); ++depth) {
            std::vector<candidate> below;
            if (auto listed = read_level(level, depth, below); !listed) {
                return listed;
            }
            level = std::move(below);
        }
        return {};
    }

private:
    struct candidate {
        std::size_t parent;
        std::string name;
        std::string path;
    };

    outcome<>
    read_level(std::vector<candidate>& level, std::size_t depth, std::vector<candidate>& below) {
        for (std::size_t begin = 0; begin < level.size(); begin += listing_batch_count) {
            const std::size_t end = std::min(begin + listing_batch_count, level.size());
            std::vector<client::operation::get_children> batch;
            for (std::size_t at = begin; at < end; ++at) {
                batch.push_back({level[at].path});
            }
            auto replies = from_.ask_all(std::move(batch));
            for (std::size_t at = begin; at < end; ++at) {
                if (auto taken = take(level[at], replies[at - begin], depth, below); !taken) {
                    return taken;
                }
            }
            if (progress_) {
                progress_(into_.size());
            }
        }
        return {};
    }

    outcome<> take(
        candidate& listed,
        reply_to<client::operation::get_children>& reply,
        std::size_t depth,
        std::vector<candidate>& below
    ) {
        const bool is_root = listed.path == into_.root() && depth == 0;
        const bool is_closed = !reply && reply.error() == errc::no_auth;
        if (!reply && !is_closed) {
            const bool has_gone = reply.error() == errc::no_node && !is_root;
            return has_gone ? outcome<>{} : outcome<>{failed_with(reply.error(), listed.path)};
        }
        const std::size_t index = is_root ? 0 : add(listed);
        subtree_node& node = into_.nodes_[index];
        node.is_closed = is_closed;
        if (is_closed) {
            return {};
        }
        node.stat = reply->stat;
        if (depth >= limits_.depth_max) {
            return {};
        }
        std::sort(reply->names.begin(), reply->names.end());
        for (std::string& name : reply->names) {
            std::string path = path::join(listed.path, name);
            below.push_back({index, std::move(name), std::move(path)});
        }
        if (into_.size() + below.size() > limits_.nodes_max) {
            return failed_because(fmt::format(
                "{} has more than {} nodes below it, which is too much for one command",
                into_.root(),
                limits_.nodes_max
            ));
        }
        return {};
    }

    std::size_t add(candidate& listed) {
        const std::size_t index = into_.nodes_.size();
        into_.nodes_[listed.parent].children.push_back(index);
        subtree_node added;
        added.name = std::move(listed.name);
        added.parent = listed.parent;
        into_.nodes_.push_back(std::move(added));
        return index;
    }

    connection& from_;
    subtree_limits limits_;
    const progress_callback& progress_;
    subtree& into_;
};

outcome<subtree> read_subtree(
    connection& from,
    const std::string& root,
    const subtree_limits& limits,
    const progress_callback& progress
) {
    subtree found{root};
    if (auto read = subtree_reader{from, limits, progress, found}.read(); !read) {
        return unexpected{read.error()};
    }
    return found;
}

} // namespace conclave::shell
