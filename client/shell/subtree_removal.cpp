#include "client/shell/subtree_removal.hpp"

#include <algorithm>

namespace conclave::shell {

namespace operation = client::operation;

namespace {

constexpr std::size_t transactions_under_way = 8;

/// A transaction fails whole, if only because one node has gone: then each node by itself.
outcome<> remove_one_by_one(connection& at, const std::vector<std::string>& paths) {
    std::vector<operation::remove> batch;
    for (const std::string& path : paths) {
        batch.push_back({path});
    }
    const auto replies = at.ask_all(std::move(batch));
    outcome<> all;
    for (std::size_t index = 0; index < paths.size(); ++index) {
        const auto& reply = replies[index];
        if (all && !reply && reply.error() != errc::no_node) {
            all = failed_with(reply.error(), paths[index]);
        }
    }
    return all;
}

operation::commit removal_of(const std::vector<std::string>& paths) {
    client::transaction steps;
    for (const std::string& path : paths) {
        steps.remove(path);
    }
    return {std::move(steps)};
}

} // namespace

outcome<> remove_nodes(
    connection& at,
    std::size_t count,
    const std::function<std::string(std::size_t)>& path_at,
    std::size_t batch_count,
    const progress_callback& progress
) {
    outcome<> all;
    for (std::size_t begun = 0; begun < count;) {
        std::vector<std::vector<std::string>> groups;
        std::vector<operation::commit> batch;
        while (begun < count && groups.size() < transactions_under_way) {
            std::vector<std::string>& paths = groups.emplace_back();
            while (begun < count && paths.size() < batch_count) {
                paths.push_back(path_at(begun++));
            }
            batch.push_back(removal_of(paths));
        }
        const auto replies = at.ask_all(std::move(batch));
        for (std::size_t index = 0; index < groups.size(); ++index) {
            if (replies[index]) {
                continue;
            }
            if (replies[index].error() == std::errc::interrupted) {
                return failed_with(replies[index].error(), {});
            }
            const auto removed = remove_one_by_one(at, groups[index]);
            if (all && !removed) {
                all = removed;
            }
        }
        if (progress) {
            progress(begun);
        }
    }
    return all;
}

outcome<> remove_subtree(
    connection& at,
    const subtree& listed,
    std::size_t batch_count,
    const progress_callback& progress
) {
    const auto from_the_end = [&listed](std::size_t index) {
        return listed.path_of(listed.size() - 1 - index);
    };
    return remove_nodes(at, listed.size(), from_the_end, batch_count, progress);
}

} // namespace conclave::shell
