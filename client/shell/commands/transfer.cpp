/// Subtrees that go to files and come from them.
#include "client/shell/commands/commands.hpp"
#include "client/shell/subtree_import.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

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
            if (auto added = file.add({listed.relative_path_of(index), std::move(contents)});
                !added) {
                return added;
            }
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

unexpected<failure> not_written(const std::string& name, int why) {
    return failed_because(fmt::format("{} cannot be written: {}", name, std::strerror(why)));
}

/// An empty file that nobody else can read: lists hold hashes of passwords.
outcome<> make_private_file(const std::string& name) {
    constexpr mode_t own = 0600;
    const int descriptor =
        ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, own);
    if (descriptor < 0) {
        return not_written(name, errno);
    }
    const bool is_private = ::fchmod(descriptor, own) == 0; // it may be left from another time
    const int why = errno;
    ::close(descriptor);
    return is_private ? outcome<>{} : outcome<>{not_written(name, why)};
}

/// Takes the place of an earlier file once it is whole, so that a server that is gone or a disk
/// that is full does not cost the earlier one.
outcome<std::size_t>
export_to_new_file(shell& in, const subtree& listed, const std::filesystem::path& name) {
    const std::string fresh = name.string() + ".new";
    if (auto made = make_private_file(fresh); !made) {
        return unexpected{made.error()};
    }
    std::ofstream file{fresh, std::ios::binary};
    auto count = export_to(in, listed, file);
    file.close();
    if (count && (!file || std::rename(fresh.c_str(), name.c_str()) != 0)) {
        count = not_written(name.string(), errno);
    }
    if (!count) {
        std::remove(fresh.c_str());
    }
    return count;
}

outcome<std::size_t>
export_to_file(shell& in, const subtree& listed, const std::filesystem::path& name) {
    std::error_code failed;
    const std::filesystem::file_status there = std::filesystem::status(name, failed);
    if (!std::filesystem::exists(there)) {
        return export_to_new_file(in, listed, name);
    }
    if (std::filesystem::is_regular_file(there)) { // a symbolic link stays
        return export_to_new_file(in, listed, std::filesystem::canonical(name, failed));
    }
    std::ofstream pipe{name, std::ios::binary};
    return pipe ? export_to(in, listed, pipe)
                : outcome<std::size_t>{not_written(name.string(), errno)};
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
    const auto count = export_to_file(in, *listed, given.word(1));
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
