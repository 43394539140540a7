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

/// Paths of a part of the subtree, from the end of the listing.
std::vector<std::string> paths_before(const subtree& listed, std::size_t end, std::size_t count) {
    std::vector<std::string> paths;
    for (std::size_t index = end; index > 0 && paths.size() < count; --index) {
        paths.push_back(listed.path_of(index - 1));
    }
    return paths;
}

operation::commit removal_of(const std::vector<std::string>& paths) {
    client::transaction steps;
    for (const std::string& path : paths) {
        steps.remove(path);
    }
    return {std::move(steps)};
}

} // namespace

outcome<> remove_subtree(
    connection& at,
    const subtree& listed,
    std::size_t batch_count,
    const progress_callback& progress
) {
    outcome<> all;
    for (std::size_t left = listed.size(); left > 0;) {
        std::vector<std::vector<std::string>> groups;
        std::vector<operation::commit> batch;
        while (left > 0 && groups.size() < transactions_under_way) {
            groups.push_back(paths_before(listed, left, batch_count));
            batch.push_back(removal_of(groups.back()));
            left -= groups.back().size();
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
            progress(listed.size() - left);
        }
    }
    return all;
}

} // namespace conclave::shell
