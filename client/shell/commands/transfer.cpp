/// Subtrees that go to files and come from them.
#include "client/shell/commands/commands.hpp"
#include "client/shell/subtree_file.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>

namespace conclave::shell::commands {

namespace {

/// @return how many nodes were written
outcome<std::size_t> export_to(shell& in, const subtree& listed, std::ostream& to) {
    subtree_file_writer file{to, listed.root()};
    std::size_t count = 0;
    auto read = read_contents(
        in.server(),
        listed,
        true,
        [&](std::size_t index, node_contents contents) -> outcome<> {
            file.add({listed.relative_path_of(index), std::move(contents)});
            ++count;
            in.output().show_progress(fmt::format("{} of {} nodes", count, listed.size()));
            return {};
        }
    );
    if (!read) {
        return unexpected{read.error()};
    }
    file.finish();
    to.flush();
    return to ? outcome<std::size_t>{count}
              : outcome<std::size_t>{failed_because("the file could not be written")};
}

outcome<std::string> read_whole_file(const std::string& name) {
    std::ifstream file;
    if (name != "-") {
        file.open(name, std::ios::binary);
    }
    std::ostringstream text;
    if (!(text << (name == "-" ? std::cin : file).rdbuf())) {
        return failed_because(fmt::format("{} cannot be read, or is empty", name));
    }
    return text.str();
}

outcome<>
write_nodes(shell& in, std::vector<filed_node> nodes, const std::string& root, bool overwrites) {
    subtree_writer writer{in.server(), overwrites};
    std::size_t ephemeral_count = 0;
    const std::size_t count = nodes.size();
    for (filed_node& node : nodes) {
        if (node.contents.mode.what == node_mode::kind::ephemeral) {
            ++ephemeral_count;
            continue;
        }
        std::string path = node.path.empty() ? root : path::join(root, node.path);
        const bool is_there_always = path == "/" || path::is_at_or_below(path, "/zookeeper");
        if (is_there_always) {
            continue;
        }
        if (auto added = writer.add(std::move(path), std::move(node.contents)); !added) {
            return added;
        }
        in.output().show_progress(fmt::format("{} of {} nodes", writer.written_count(), count));
    }
    if (auto finished = writer.finish(); !finished) {
        return finished;
    }
    if (ephemeral_count > 0) {
        in.output().remark(fmt::format(
            "left out {} ephemeral nodes: they belonged to other sessions", ephemeral_count
        ));
    }
    in.print(answer::done{fmt::format("imported {} nodes to {}", writer.written_count(), root)});
    return {};
}

} // namespace

outcome<> export_subtree(shell& in, const arguments& given) {
    const auto listed = read_subtree(in.server(), given.word(0), {}, [&in](std::size_t count) {
        in.output().show_progress(fmt::format("found {} nodes", count));
    });
    if (!listed) {
        return unexpected{listed.error()};
    }
    if (given.count() == 1 || given.word(1) == "-") {
        const auto count = export_to(in, *listed, std::cout);
        return count ? outcome<>{} : outcome<>{unexpected{count.error()}};
    }
    std::ofstream file{given.word(1), std::ios::binary};
    if (!file) {
        return failed_because(fmt::format("{} cannot be written", given.word(1)));
    }
    const auto count = export_to(in, *listed, file);
    if (!count) {
        return unexpected{count.error()};
    }
    in.print(answer::done{fmt::format("exported {} nodes to {}", *count, given.word(1))});
    return {};
}

outcome<> import_subtree(shell& in, const arguments& given) {
    const auto text = read_whole_file(given.word(1));
    if (!text) {
        return unexpected{text.error()};
    }
    auto nodes = parse_subtree_file(*text);
    if (!nodes) {
        return unexpected{nodes.error()};
    }
    if (given.has("n")) {
        in.print(answer::done{
            fmt::format("{} nodes would be imported to {}", nodes->size(), given.word(0))});
        return {};
    }
    return write_nodes(in, *std::move(nodes), given.word(0), given.has("f"));
}

} // namespace conclave::shell::commands
