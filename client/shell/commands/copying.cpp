/// Subtrees that are copied, moved or removed.
#include "client/shell/commands/commands.hpp"
#include "client/shell/subtree_contents.hpp"
#include "client/shell/subtree_removal.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

/// So much fits in one request of a server with the usual limits.
constexpr std::size_t atomic_nodes_max = 1000;
constexpr std::size_t atomic_size_max = std::size_t{512} << 10U; // bytes

std::string path_below(const std::string& root, const std::string& relative) {
    return relative.empty() ? root : path::join(root, relative);
}

outcome<subtree> read_source(shell& in, const std::string& path, bool is_recursive) {
    auto listed = read_subtree(in.server(), path, {}, [&in](std::size_t count) {
        in.output().show_progress(fmt::format("found {} nodes", count));
    });
    if (listed && listed->size() > 1 && !is_recursive) {
        return misused(
            fmt::format("{} has {} nodes below it; -r takes them along", path, listed->size() - 1)
        );
    }
    return listed;
}

outcome<> check_places(const std::string& from, const std::string& to) {
    if (path::is_at_or_below(to, from)) {
        return misused(fmt::format("{} is {} itself or lies below it", to, from));
    }
    return {};
}

outcome<> check_none_is_ephemeral(const subtree& listed) {
    for (std::size_t index = 0; index < listed.size(); ++index) {
        if (mode_of(listed.node(index).stat).what == node_mode::kind::ephemeral) {
            return misused(fmt::format(
                "{} is ephemeral and cannot be moved: it belongs to the session that made it",
                listed.path_of(index)
            ));
        }
    }
    return {};
}

/// @return how many nodes were written
outcome<std::size_t>
copy_nodes(shell& in, const subtree& from, const std::string& to, bool overwrites) {
    subtree_writer writer{in.server(), overwrites};
    std::size_t ephemeral_count = 0;
    auto copied = read_contents(
        in.server(),
        from,
        true,
        [&](std::size_t index, node_contents contents) -> outcome<> {
            if (contents.mode.what == node_mode::kind::ephemeral) {
                ++ephemeral_count;
                return {};
            }
            in.output().show_progress(fmt::format("copied {} of {} nodes", index, from.size()));
            auto added =
                writer.add(path_below(to, from.relative_path_of(index)), std::move(contents));
            // Where the first one is refused because it is there, the others must not be written
            // below it.
            const bool is_checked = index == 0 && !overwrites;
            return added && is_checked ? writer.finish() : added;
        }
    );
    if (copied) {
        copied = writer.finish();
    }
    if (!copied) {
        return unexpected{copied.error()};
    }
    if (ephemeral_count > 0) {
        in.output().remark(fmt::format(
            "left out {} ephemeral nodes: they belong to the sessions that made them",
            ephemeral_count
        ));
    }
    return writer.written_count();
}

/// One transaction that creates all and removes all, if they are few and small.
outcome<std::optional<operation::commit>>
atomic_move(shell& in, const subtree& from, const std::string& to) {
    client::transaction steps;
    std::size_t size = 0;
    bool is_possible = from.size() <= atomic_nodes_max;
    if (is_possible) {
        auto read = read_contents(
            in.server(),
            from,
            true,
            [&](std::size_t index, const node_contents& contents) -> outcome<> {
                const std::string relative = from.relative_path_of(index);
                size += contents.data.size() + 2 * (to.size() + relative.size());
                client::create_options options = create_options_for(contents.mode);
                options.with_acl(contents.access);
                steps.create(
                    path_below(to, relative),
                    contents.is_null ? client::data_view{} : client::data_view{contents.data},
                    options
                );
                return {};
            }
        );
        if (!read) {
            return unexpected{read.error()};
        }
        is_possible = size <= atomic_size_max && steps.size() == from.size();
    }
    if (!is_possible) {
        return std::optional<operation::commit>{};
    }
    for (std::size_t left = from.size(); left > 0; --left) {
        steps.remove(from.path_of(left - 1), from.node(left - 1).stat.version);
    }
    return std::optional{operation::commit{std::move(steps)}};
}

outcome<> remove_nodes(shell& in, const subtree& listed) {
    return remove_subtree(in.server(), listed, removal_batch_count, [&](std::size_t count) {
        in.output().show_progress(fmt::format("removed {} of {} nodes", count, listed.size()));
    });
}

} // namespace

outcome<> copy(shell& in, const arguments& given) {
    const std::string& from = given.word(0);
    const std::string& to = given.word(1);
    if (auto possible = check_places(from, to); !possible) {
        return possible;
    }
    const auto listed = read_source(in, from, given.has("r"));
    if (!listed) {
        return unexpected{listed.error()};
    }
    const auto count = copy_nodes(in, *listed, to, given.has("f"));
    if (!count) {
        return unexpected{count.error()};
    }
    in.print(answer::done{fmt::format("copied {} nodes to {}", *count, to)});
    return {};
}

outcome<> move(shell& in, const arguments& given) {
    const std::string& from = given.word(0);
    const std::string& to = given.word(1);
    if (auto possible = check_places(from, to); !possible) {
        return possible;
    }
    const auto listed = read_source(in, from, true);
    if (!listed) {
        return unexpected{listed.error()};
    }
    if (auto possible = check_none_is_ephemeral(*listed); !possible) {
        return possible;
    }
    auto atomic = atomic_move(in, *listed, to);
    if (!atomic) {
        return unexpected{atomic.error()};
    }
    if (*atomic) {
        const auto moved = in.server().ask(*std::move(*atomic));
        if (!moved) {
            return failed_with(moved.error(), fmt::format("{} to {}", from, to));
        }
        in.print(answer::done{fmt::format("moved {} nodes to {} as one", listed->size(), to)});
        return {};
    }
    const auto count = copy_nodes(in, *listed, to, false);
    if (!count) {
        return unexpected{count.error()};
    }
    if (auto removed = remove_nodes(in, *listed); !removed) {
        return removed;
    }
    in.print(answer::done{fmt::format("copied {} nodes to {}, then removed {}", *count, to, from)});
    return {};
}

outcome<> rm(shell& in, const arguments& given) {
    for (const std::string& path : given.words()) {
        if (path == "/") {
            return misused("/ cannot be removed; name what is below it");
        }
        const auto listed = read_source(in, path, given.has("r"));
        if (!listed) {
            if (given.has("f") && listed.error().code == exit_code::no_node) {
                continue;
            }
            return unexpected{listed.error()};
        }
        if (auto removed = remove_nodes(in, *listed); !removed) {
            return removed;
        }
    }
    return {};
}

} // namespace conclave::shell::commands
