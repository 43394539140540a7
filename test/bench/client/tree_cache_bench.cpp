#include "test/bench/client/recipes_bench.hpp"

#include <conclave/recipes/tree_cache.hpp>

#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <malloc.h>

namespace conclave::bench {

namespace {

namespace asio = boost::asio;
constexpr auto& throwing = asio::use_awaitable;

constexpr const char* root = "/bench-recipes-tree";
constexpr std::uint64_t children_per_parent = 1000;
constexpr std::size_t stat_size = 68; ///< as it travels

std::uint64_t number_at(const numbers& given, std::size_t index, std::uint64_t otherwise) {
    return index < given.size() ? given[index] : otherwise;
}

/// A line of /proc/self/status, in octets.
std::size_t memory_of(const std::string& key) {
    std::ifstream status{"/proc/self/status"};
    std::string word;
    while (status >> word) {
        if (word == key + ":") {
            std::size_t kib = 0;
            status >> kib;
            return kib * 1024;
        }
    }
    return 0;
}

constexpr double mib = 1024.0 * 1024.0;

} // namespace

asio::awaitable<void> fill_tree(client::session zk, client::settings, numbers given) {
    const std::uint64_t node_count = number_at(given, 0, 1'000'000);
    const std::string data(number_at(given, 1, 100), 'x');
    co_await zk.async_create(root, data, throwing);
    for (std::uint64_t parent = 0; parent * children_per_parent < node_count; ++parent) {
        const std::string below = fmt::format("{}/parent-{:04}", root, parent);
        co_await zk.async_create(below, data, throwing);
        client::transaction children;
        for (std::uint64_t child = 1; child < children_per_parent; ++child) {
            children.create(fmt::format("{}/child-{:04}", below, child), data);
        }
        co_await zk.async_commit(children, throwing);
    }
}

asio::awaitable<void> measure_tree_cache(client::session zk, client::settings, numbers) {
    recipes::tree_cache_limits limits;
    limits.node_count_max = 10'000'000;
    limits.data_size_max = std::size_t{8} << 30U;
    recipes::tree_cache cache{zk, root, limits};
    const std::size_t before = memory_of("VmRSS");
    const auto start = std::chrono::steady_clock::now();
    co_await cache.async_start(throwing);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const std::size_t peak = memory_of("VmHWM") - before;
    malloc_trim(0);
    const std::size_t resident = memory_of("VmRSS") - before;
    std::size_t data_size = 0;
    cache.for_each([&](const std::string& path, const client::node_data& node) {
        data_size += path.size() + node.data.size() + stat_size;
    });
    fmt::print(
        "nodes={} seconds={:.1f} data_mib={:.1f} resident_mib={:.1f} peak_mib={:.1f} "
        "resident_to_data={:.2f} peak_to_data={:.2f}\n",
        cache.size(),
        took.count(),
        static_cast<double>(data_size) / mib,
        static_cast<double>(resident) / mib,
        static_cast<double>(peak) / mib,
        static_cast<double>(resident) / static_cast<double>(data_size),
        static_cast<double>(peak) / static_cast<double>(data_size)
    );
}

} // namespace conclave::bench
