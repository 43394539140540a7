/// What is different between two subtrees, of one ensemble or of two.
#include "client/shell/commands/commands.hpp"
#include "client/shell/data_text.hpp"
#include "client/shell/subtree_contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace conclave::shell::commands {

namespace {

using nodes_by_path = std::map<std::string, std::size_t>;

nodes_by_path by_relative_path(const subtree& of) {
    nodes_by_path found;
    for (std::size_t index = 0; index < of.size(); ++index) {
        found.emplace(of.relative_path_of(index), index);
    }
    return found;
}

/// A session with another ensemble, for the time of one command.
outcome<std::unique_ptr<connection>> connect_to(shell& in, const std::string& servers) {
    client::settings settings = in.chosen().session;
    settings.servers = servers;
    std::unique_ptr<connection> other;
    try {
        other = std::make_unique<connection>(in.loop(), settings, in.chosen().operation_limit);
    } catch (const std::invalid_argument& wrong) {
        return misused(wrong.what());
    }
    other->open();
    if (const std::error_code failed = other->await_open(in.chosen().open_limit)) {
        return unexpected{failure{
            exit_code::not_connected,
            fmt::format("cannot reach {}: {}", servers, describe_error(failed)),
            failed,
            {}}};
    }
    return other;
}

/// Reads both sides and compares them node by node.
class comparison {
public:
    comparison(shell& in, connection& left, connection& right, bool with_access)
        : in_(in), left_(left), right_(right), with_access_(with_access) {}

    outcome<std::size_t> compare(const std::string& left_root, const std::string& right_root) {
        auto left = read_subtree(left_, left_root, {}, progress());
        if (!left) {
            return unexpected{left.error()};
        }
        auto right = read_subtree(right_, right_root, {}, progress());
        if (!right) {
            return unexpected{right.error()};
        }
        tell_missing(*left, by_relative_path(*right), '<');
        tell_missing(*right, by_relative_path(*left), '>');
        auto compared = compare_contents(*left, *right);
        return compared ? outcome<std::size_t>{count_}
                        : outcome<std::size_t>{unexpected{compared.error()}};
    }

private:
    progress_callback progress() {
        return [this](std::size_t count) {
            in_.output().show_progress(fmt::format("found {} nodes", count));
        };
    }

    void tell(char side, std::string path, std::string what) {
        ++count_;
        in_.print(answer::difference{side, '/' + std::move(path), std::move(what)});
    }

    void tell_missing(const subtree& here, const nodes_by_path& there, char side) {
        for (std::size_t index = 0; index < here.size(); ++index) {
            const std::string path = here.relative_path_of(index);
            if (!there.contains(path)) {
                tell(side, path, {});
            }
        }
    }

    /// Keeps what is in the common nodes of the left side until the right side has been read.
    outcome<> compare_contents(const subtree& left, const subtree& right) {
        std::map<std::string, node_contents> kept;
        const nodes_by_path common = by_relative_path(right);
        auto read = read_contents(
            left_,
            left,
            with_access_,
            [&](std::size_t index, node_contents contents) -> outcome<> {
                std::string path = left.relative_path_of(index);
                if (common.contains(path)) {
                    kept.emplace(std::move(path), std::move(contents));
                }
                return {};
            }
        );
        if (!read) {
            return read;
        }
        return read_contents(
            right_,
            right,
            with_access_,
            [&](std::size_t index, const node_contents& contents) -> outcome<> {
                const std::string path = right.relative_path_of(index);
                const auto found = kept.find(path);
                if (found != kept.end()) {
                    compare_nodes(path, found->second, contents);
                }
                return {};
            }
        );
    }

    void
    compare_nodes(const std::string& path, const node_contents& left, const node_contents& right) {
        constexpr std::size_t summary_width = 30;
        if (left.data != right.data || left.is_null != right.is_null) {
            const auto shown = [](const node_contents& side) {
                return side.is_null ? std::string{"null"}
                                    : fmt::format("\"{}\"", summary_of(side.data, summary_width));
            };
            tell('!', path, fmt::format("data: {} and {}", shown(left), shown(right)));
        }
        if (left.access != right.access) {
            tell('!', path, "access control list");
        }
        if (left.mode != right.mode) {
            tell(
                '!',
                path,
                fmt::format("mode: {} and {}", name(left.mode.what), name(right.mode.what))
            );
        }
    }

    shell& in_;
    connection& left_;
    connection& right_;
    bool with_access_;
    std::size_t count_ = 0;
};

} // namespace

outcome<> diff(shell& in, const arguments& given) {
    const std::string& left = given.word(0);
    const std::string& right = given.count() > 1 ? given.word(1) : left;
    std::unique_ptr<connection> other;
    if (const auto servers = given.value("with")) {
        auto connected = connect_to(in, *servers);
        if (!connected) {
            return unexpected{connected.error()};
        }
        other = *std::move(connected);
    } else if (given.count() == 1) {
        return misused("diff needs two paths, or -with the servers of another ensemble");
    }
    comparison both{in, in.server(), other ? *other : in.server(), given.has("acl")};
    const auto count = both.compare(left, right);
    if (other) {
        other->close();
    }
    if (!count) {
        return unexpected{count.error()};
    }
    if (*count > 0) {
        return unexpected{
            failure{exit_code::different, fmt::format("{} differences", *count), {}, {}}};
    }
    in.print(answer::done{"no differences"});
    return {};
}

} // namespace conclave::shell::commands
