/// What is below a node.
#include "client/shell/commands/commands.hpp"
#include "client/shell/commands/options.hpp"
#include "client/shell/subtree.hpp"

#include <algorithm>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

/// The children of a node, then the subtree of each child in the same way: the order of zkCli.sh,
/// which goes no further than to the first node that it may not list.
outcome<> print_descendants(shell& in, const subtree& tree) {
    std::vector<std::size_t> waiting{0};
    while (!waiting.empty()) {
        const std::size_t index = waiting.back();
        waiting.pop_back();
        if (in.is_zkcli() && tree.node(index).is_closed) {
            return failed_with(make_error_code(errc::no_auth), tree.path_of(index));
        }
        const std::vector<std::size_t>& children = tree.node(index).children;
        for (const std::size_t child : children) {
            in.print(answer::found_path{tree.path_of(child)});
        }
        waiting.insert(waiting.end(), children.rbegin(), children.rend());
    }
    return check_none_is_closed(tree);
}

outcome<> ls_recursively(shell& in, const std::string& path) {
    const auto tree = read_subtree(in.server(), path);
    if (!tree) {
        return unexpected{tree.error()};
    }
    if (in.is_zkcli() && tree->node(0).is_closed) {
        return failed_with(make_error_code(errc::no_auth), path);
    }
    in.print(answer::found_path{path});
    return print_descendants(in, *tree);
}

} // namespace

outcome<> ls(shell& in, const arguments& given) {
    const std::string& path = given.word(0);
    if (given.has("R")) {
        return ls_recursively(in, path);
    }
    client::node_children found;
    if (wants_watch(in, given, "ls [-w] path")) {
        auto seen = in.server().ask(operation::get_children_and_watch{path});
        if (!seen) {
            return failed_with(seen.error(), path);
        }
        in.watches().add(path, watch_target::children, std::move(seen->next));
        found = std::move(seen->result);
    } else {
        auto seen = in.server().ask(operation::get_children{path});
        if (!seen) {
            return failed_with(seen.error(), path);
        }
        found = *std::move(seen);
    }
    std::sort(found.names.begin(), found.names.end());
    in.print(answer::name_list{
        std::move(found.names), given.has("s") ? std::optional{found.stat} : std::nullopt});
    return {};
}

outcome<> get_all_children_number(shell& in, const arguments& given) {
    const auto count = in.server().ask(operation::get_all_children_number{given.word(0)});
    if (!count) {
        return failed_with(count.error(), given.word(0));
    }
    in.print(answer::number{"descendant_count", *count});
    return {};
}

outcome<> get_ephemerals(shell& in, const arguments& given) {
    const std::string prefix = given.count() > 0 ? given.word(0) : "/";
    auto paths = in.server().ask(operation::get_ephemerals{prefix});
    if (!paths) {
        return failed_with(paths.error(), prefix);
    }
    std::sort(paths->begin(), paths->end());
    in.print(answer::name_list{*std::move(paths), std::nullopt});
    return {};
}

} // namespace conclave::shell::commands
