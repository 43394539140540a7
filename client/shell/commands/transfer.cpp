/// Subtrees that go to files and come from them.
#include "client/shell/commands/commands.hpp"
#include "client/shell/subtree_import.hpp"

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

/// What was left out, and why.
void remark_on(shell& in, const import_plan& plan) {
    if (plan.ephemeral_count > 0) {
        in.output().remark(fmt::format(
            "left out {} ephemeral nodes: they belonged to other sessions", plan.ephemeral_count
        ));
    }
    if (plan.kept_count > 0) {
        in.output().remark(fmt::format(
            "kept {} nodes that the file does not hold: ephemerals of living sessions and what is "
            "above them, or what cannot be listed",
            plan.kept_count
        ));
    }
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
    const import_mode mode = given.has("r")   ? import_mode::replace
                             : given.has("f") ? import_mode::write_over
                                              : import_mode::refuse;
    const std::string& root = given.word(0);
    auto plan = plan_import(in.server(), *std::move(nodes), root, mode);
    if (!plan) {
        return unexpected{plan.error()};
    }
    remark_on(in, *plan);
    const std::string deleted =
        plan->surplus.empty() ? "" : fmt::format(", {} deleted", plan->surplus.size());
    const std::size_t count = plan->nodes.size();
    if (given.has("n")) {
        in.print(answer::done{
            fmt::format("{} nodes would be imported to {}{}", count, root, deleted)});
        return {};
    }
    const auto show = [&](std::size_t written) {
        in.output().show_progress(fmt::format("{} of {} nodes", written, count));
    };
    const auto written = carry_out(in.server(), *std::move(plan), mode, show);
    if (!written) {
        return unexpected{written.error()};
    }
    in.print(answer::done{fmt::format("imported {} nodes to {}{}", *written, root, deleted)});
    return {};
}

} // namespace conclave::shell::commands
