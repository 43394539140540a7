#include "conclave/recipes/service_discovery.hpp"

#include "client/recipes/src/launch.hpp"

#include <conclave/path.hpp>

#include <algorithm>

namespace conclave::recipes {

namespace detail {

namespace {

using instances_outcome = outcome<std::vector<service_instance>>;

std::vector<service_instance> read_documents(const std::vector<group_member>& members) {
    std::vector<service_instance> instances;
    for (const group_member& each : members) {
        if (auto instance = parse_service_instance(each.data)) {
            instances.push_back(std::move(*instance));
        }
    }
    return instances;
}

asio::awaitable<instances_outcome> run_next(group_view from) {
    auto [failed, members] = co_await from.async_next(as_result);
    co_return instances_outcome{failed, read_documents(members)};
}

asio::awaitable<instances_outcome> run_list(group of) {
    auto [failed, members] = co_await of.async_members(as_result);
    co_return instances_outcome{failed, read_documents(members)};
}

} // namespace

void next_instances(group_view from, instances_handler handler) {
    const auto home = from.get_executor();
    launch(home, run_next(std::move(from)), std::move(handler));
}

void list_instances(const group& of, instances_handler handler) {
    launch(of.get_executor(), run_list(of), std::move(handler));
}

} // namespace detail

group service_directory::place_of(std::string_view service) const {
    return group{zk_, path::join(base_path_, service)};
}

const service_instance* round_robin::pick(std::span<const service_instance> instances) {
    for (std::size_t tried = 0; tried < instances.size(); ++tried) {
        const service_instance& candidate = instances[next_++ % instances.size()];
        if (candidate.is_enabled) {
            return &candidate;
        }
    }
    return nullptr;
}

const service_instance*
pick_random(std::span<const service_instance> instances, std::mt19937_64& random) {
    const auto is_enabled = [](const service_instance& each) {
        return each.is_enabled;
    };
    const auto count = std::count_if(instances.begin(), instances.end(), is_enabled);
    if (count == 0) {
        return nullptr;
    }
    auto skipped = std::uniform_int_distribution<std::ptrdiff_t>{0, count - 1}(random);
    const auto found = std::find_if(instances.begin(), instances.end(), [&](const auto& each) {
        return is_enabled(each) && skipped-- == 0;
    });
    return &*found;
}

} // namespace conclave::recipes
