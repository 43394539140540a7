/// What is below a node.
#include "client/shell/commands/commands.hpp"
#include "client/shell/commands/options.hpp"
#include "client/shell/subtree.hpp"

#include <algorithm>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

/// The children of a node, then the subtree of each child in the same way: the order of zkCli.sh.
void print_descendants(shell& in, const subtree& tree) {
    std::vector<std::size_t> waiting{0};
    while (!waiting.empty()) {
        const std::vector<std::size_t>& children = tree.node(waiting.back()).children;
        waiting.pop_back();
        for (const std::size_t child : children) {
            in.print(answer::found_path{tree.path_of(child)});
        }
        waiting.insert(waiting.end(), children.rbegin(), children.rend());
    }
}

outcome<> ls_recursively(shell& in, const std::string& path) {
    const auto tree = read_subtree(in.server(), path);
    if (!tree) {
        return unexpected{tree.error()};
    }
    in.print(answer::found_path{path});
    print_descendants(in, *tree);
    return {};
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
