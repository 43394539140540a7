/// Looking at subtrees.
#include "client/shell/commands/commands.hpp"
#include "client/shell/data_text.hpp"
#include "client/shell/node_mode.hpp"
#include "client/shell/subtree_contents.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <fnmatch.h>
#include <limits>

namespace conclave::shell::commands {

namespace {

constexpr std::int64_t depth_max = 1'000'000;

outcome<subtree_limits> limits_of(const arguments& given) {
    subtree_limits limits;
    const auto depth =
        given.number("L", 0, depth_max, "-L takes a depth: a whole number from 0 on");
    if (!depth) {
        return unexpected{depth.error()};
    }
    if (*depth) {
        limits.depth_max = static_cast<std::size_t>(**depth);
    }
    return limits;
}

/// "ephemeral, 3 children" and the beginning of the data.
std::string remark_of(const subtree_node& node, const std::string& data) {
    const node_mode mode = mode_of(node.stat);
    std::string text = mode.what == node_mode::kind::persistent ? "" : std::string{name(mode.what)};
    const auto add = [&](std::string_view part) {
        text += (text.empty() || part.empty() ? "" : ", ") + std::string{part};
    };
    if (node.is_closed) {
        add("not permitted");
    }
    if (node.children.empty() && node.stat.num_children > 0) {
        add(fmt::format("{} children", node.stat.num_children));
    }
    add(data);
    return text;
}

/// Draws the branches before a node: which of the nodes above it have more siblings to come.
class tree_drawing {
public:
    explicit tree_drawing(const subtree& tree) : tree_(tree) {}

    std::string branch_of(std::size_t index, std::size_t depth) {
        if (depth == 0) {
            return {};
        }
        const subtree_node& node = tree_.node(index);
        const bool is_last = tree_.node(node.parent).children.back() == index;
        has_more_.resize(depth - 1);
        std::string branch;
        for (const bool has_more : has_more_) {
            branch += has_more ? "\u2502   " : "    ";
        }
        has_more_.push_back(!is_last);
        return branch + (is_last ? "\u2514\u2500\u2500 " : "\u251c\u2500\u2500 ");
    }

private:
    const subtree& tree_;
    std::vector<bool> has_more_;
};

outcome<std::vector<std::string>> summaries(shell& in, const subtree& tree) {
    constexpr std::size_t summary_width = 60;
    std::vector<std::string> texts(tree.size());
    auto read = read_contents(
        in.server(),
        tree,
        false,
        [&](std::size_t index, const node_contents& contents) -> outcome<> {
            texts[index] = summary_of(contents.data, summary_width);
            return {};
        },
        unreadable::is_left_out
    );
    return read ? outcome<std::vector<std::string>>{std::move(texts)}
                : outcome<std::vector<std::string>>{unexpected{read.error()}};
}

/// What `find` looks for. Everything that is given must hold.
struct search {
    std::optional<std::string> name_pattern;
    std::optional<node_mode::kind> kind;
    std::optional<std::string> text;
    std::int64_t size_min = 0;
    std::int64_t children_max = std::numeric_limits<std::int64_t>::max();

    [[nodiscard]] bool matches(const subtree_node& node, std::string_view path) const {
        const std::string base{path == "/" ? path : path::name_of(path)};
        // Of a node that we may not read nothing but the name is known.
        const bool is_name_enough = !kind && size_min == 0 && children_max > 0;
        return (is_name_enough || !node.is_closed) &&
               (!name_pattern || fnmatch(name_pattern->c_str(), base.c_str(), 0) == 0) &&
               (!kind || mode_of(node.stat).what == *kind) && node.stat.data_length >= size_min &&
               node.stat.num_children <= children_max;
    }
};

outcome<search> search_of(const arguments& given) {
    search wanted;
    wanted.name_pattern = given.value("name");
    wanted.text = given.value("text");
    if (given.has("ephemeral")) {
        wanted.kind = node_mode::kind::ephemeral;
    } else if (given.has("persistent")) {
        wanted.kind = node_mode::kind::persistent;
    }
    const auto size = given.number(
        "size", 0, std::numeric_limits<std::int32_t>::max(), "-size takes a number of bytes"
    );
    if (!size) {
        return unexpected{size.error()};
    }
    wanted.size_min = size->value_or(0);
    if (given.has("empty")) {
        wanted.children_max = 0;
    }
    return wanted;
}

/// Without looking at data, everything is known from the listing.
outcome<> print_matches(shell& in, const subtree& tree, const search& wanted) {
    tree.visit([&](std::size_t index, std::size_t) {
        const std::string path = tree.path_of(index);
        if (wanted.matches(tree.node(index), path)) {
            in.print(answer::found_path{path});
        }
        return true;
    });
    return check_none_is_closed(tree);
}

progress_callback listing_progress(shell& in, std::string_view what) {
    return [&in, what](std::size_t count) {
        in.output().show_progress(fmt::format("{} {} nodes", what, count));
    };
}

} // namespace

outcome<> tree(shell& in, const arguments& given) {
    const auto limits = limits_of(given);
    if (!limits) {
        return unexpected{limits.error()};
    }
    const std::string root = given.count() > 0 ? given.word(0) : "/";
    const auto listed = read_subtree(in.server(), root, *limits, listing_progress(in, "found"));
    if (!listed) {
        return unexpected{listed.error()};
    }
    std::vector<std::string> data(listed->size());
    if (given.has("d")) {
        auto read = summaries(in, *listed);
        if (!read) {
            return unexpected{read.error()};
        }
        data = *std::move(read);
    }
    tree_drawing drawing{*listed};
    listed->visit([&](std::size_t index, std::size_t depth) {
        const subtree_node& node = listed->node(index);
        in.print(answer::tree_node{
            listed->path_of(index),
            drawing.branch_of(index, depth),
            node.name,
            remark_of(node, data[index]),
            node.stat.num_children});
        return true;
    });
    return {};
}

outcome<> find(shell& in, const arguments& given) {
    const auto limits = limits_of(given);
    const auto wanted = search_of(given);
    if (!limits || !wanted) {
        return unexpected{limits ? wanted.error() : limits.error()};
    }
    const std::string root = given.count() > 0 ? given.word(0) : "/";
    const auto listed = read_subtree(in.server(), root, *limits, listing_progress(in, "looked at"));
    if (!listed) {
        return unexpected{listed.error()};
    }
    if (!wanted->text) {
        return print_matches(in, *listed, *wanted);
    }
    auto read = read_contents(
        in.server(),
        *listed,
        false,
        [&](std::size_t index, const node_contents& contents) -> outcome<> {
            const std::string path = listed->path_of(index);
            if (wanted->matches(listed->node(index), path) &&
                contents.data.find(*wanted->text) != bytes::npos) {
                in.print(answer::found_path{path});
            }
            return {};
        },
        unreadable::is_left_out
    );
    return read ? check_none_is_closed(*listed) : read;
}

} // namespace conclave::shell::commands
