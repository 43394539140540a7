#include "client/shell/subtree_import.hpp"

#include "client/shell/subtree_removal.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace conclave::shell {

namespace operation = client::operation;

namespace {

constexpr std::size_t look_batch_count = 1000;

bool is_there_always(std::string_view path) {
    return path == "/" || path::is_at_or_below(path, "/zookeeper");
}

/// Which of the nodes is there, if any.
outcome<std::optional<std::string>>
find_existing(connection& at, const std::vector<filed_node>& nodes) {
    for (std::size_t begin = 0; begin < nodes.size(); begin += look_batch_count) {
        const std::size_t end = std::min(begin + look_batch_count, nodes.size());
        std::vector<operation::exists> questions;
        for (std::size_t index = begin; index < end; ++index) {
            questions.push_back({nodes[index].path});
        }
        const auto replies = at.ask_all(std::move(questions));
        for (std::size_t index = begin; index < end; ++index) {
            const auto& reply = replies[index - begin];
            if (!reply) {
                return failed_with(reply.error(), nodes[index].path);
            }
            if (*reply) {
                return std::optional{nodes[index].path};
            }
        }
    }
    return std::optional<std::string>{};
}

/// Sorts what is there into what is in the file, what has to stay, and what is too much.
outcome<> find_surplus(const subtree& there, import_plan& into) {
    std::unordered_set<std::string> filed;
    for (const filed_node& each : into.nodes) {
        filed.insert(each.path);
    }
    std::vector<bool> stays(there.size());
    for (std::size_t left = there.size(); left > 0; --left) {
        const std::size_t index = left - 1;
        const subtree_node& node = there.node(index);
        std::string path = there.path_of(index);
        const bool is_ephemeral = node.stat.ephemeral_owner != session_id{};
        const bool is_filed = filed.contains(path);
        if (is_ephemeral && is_filed) {
            return unexpected{failure{
                exit_code::conflict,
                fmt::format(
                    "{} is an ephemeral node of session 0x{:x} now: nothing was changed. It goes "
                    "with its session",
                    path,
                    node.stat.ephemeral_owner.value
                ),
                {},
                {}}};
        }
        stays[index] = stays[index] || is_ephemeral || is_there_always(path) || node.is_closed;
        if (stays[index] && index != 0) {
            stays[node.parent] = true;
        }
        if (is_filed || is_there_always(path)) {
            continue;
        }
        if (stays[index]) {
            ++into.kept_count;
        } else {
            into.surplus.push_back(std::move(path));
        }
    }
    return {};
}

outcome<> look_for_surplus(connection& at, const std::string& root, import_plan& into) {
    const auto there = read_subtree(at, root);
    if (there) {
        return find_surplus(*there, into);
    }
    return there.error().error == errc::no_node ? outcome<>{} : unexpected{there.error()};
}

} // namespace

outcome<import_plan> plan_import(
    connection& at, std::vector<filed_node> nodes, const std::string& root, import_mode mode
) {
    import_plan made;
    for (filed_node& each : nodes) {
        if (each.contents.mode.what == node_mode::kind::ephemeral) {
            ++made.ephemeral_count;
            continue;
        }
        each.path = each.path.empty() ? root : path::join(root, each.path);
        if (!is_there_always(each.path)) {
            made.nodes.push_back(std::move(each));
        }
    }
    if (mode == import_mode::refuse) {
        const auto existing = find_existing(at, made.nodes);
        if (!existing) {
            return unexpected{existing.error()};
        }
        if (*existing) {
            return unexpected{failure{
                exit_code::conflict,
                fmt::format(
                    "{} is there already: nothing was written. -f writes over what is there, -r "
                    "deletes besides what the file does not hold",
                    **existing
                ),
                {},
                {}}};
        }
    }
    if (mode == import_mode::replace) {
        if (auto looked = look_for_surplus(at, root, made); !looked) {
            return unexpected{looked.error()};
        }
    }
    return made;
}

outcome<std::size_t>
carry_out(connection& at, import_plan plan, import_mode mode, const progress_callback& progress) {
    const auto surplus = [&plan](std::size_t index) {
        return plan.surplus[index];
    };
    if (auto removed = remove_nodes(at, plan.surplus.size(), surplus, removal_batch_count);
        !removed) {
        return unexpected{removed.error()};
    }
    subtree_writer writer{at, mode != import_mode::refuse};
    for (filed_node& each : plan.nodes) {
        if (auto added = writer.add(std::move(each.path), std::move(each.contents)); !added) {
            return unexpected{added.error()};
        }
        progress(writer.written_count());
    }
    if (auto finished = writer.finish(); !finished) {
        return unexpected{finished.error()};
    }
    return writer.written_count();
}

} // namespace conclave::shell
