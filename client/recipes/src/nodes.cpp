#include "client/recipes/src/nodes.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <random>

namespace conclave::recipes::detail {

bool is_interrupted(const error_code& failed) {
    return failed == errc::connection_loss || failed == client::error::not_sent ||
           failed == client::error::bad_reply;
}

client::session without_limit(const client::session& zk) {
    return zk.within(std::chrono::milliseconds{0});
}

std::string random_uuid() {
    std::random_device source;
    const auto draw = [&] {
        return (std::uint64_t{source()} << 32U) | source();
    };
    constexpr std::uint64_t version_4 = 0x4000;
    constexpr std::uint64_t variant_1 = 0x8000000000000000;
    const std::uint64_t high = (draw() & ~std::uint64_t{0xf000}) | version_4;
    const std::uint64_t low = (draw() & ~std::uint64_t{0xc000000000000000}) | variant_1;
    return fmt::format(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32U,
        (high >> 16U) & 0xffffU,
        high & 0xffffU,
        low >> 48U,
        low & 0xffffffffffffU
    );
}

namespace {

/// Empty, not null: kazoo's Semaphore reads its node, and stumbles over null.
constexpr bytes_view no_data{""};

asio::awaitable<error_code> make(client::session zk, std::string path, create_mode mode) {
    const std::string parent{path::parent_of(path)};
    while (true) {
        auto [failed, made] =
            co_await zk.async_create(path, no_data, client::create_options{mode}, as_result);
        if (!failed || failed == errc::node_exists) {
            co_return error_code{};
        }
        if (failed == errc::no_node && !parent.empty() && parent != "/") {
            const error_code parent_failed = co_await make(zk, parent, mode);
            if (parent_failed) {
                co_return parent_failed;
            }
        } else if (failed == errc::unimplemented && mode == create_mode::container) {
            mode = create_mode::persistent; // a server before 3.5.3
        } else if (!is_interrupted(failed)) {
            co_return failed;
        }
    }
}

} // namespace

asio::awaitable<error_code> make_container(client::session zk, std::string path) {
    return make(std::move(zk), std::move(path), create_mode::container);
}

asio::awaitable<error_code> make_path(client::session zk, std::string path) {
    return make(std::move(zk), std::move(path), create_mode::persistent);
}

asio::awaitable<error_code> remove_node(client::session zk, std::string path) {
    while (true) {
        auto [failed] = co_await zk.async_remove(path, as_result);
        if (!failed || failed == errc::no_node) {
            co_return error_code{};
        }
        if (!is_interrupted(failed)) {
            co_return failed;
        }
    }
}

asio::awaitable<error_code> await_absence(client::session zk, std::string path) {
    while (true) {
        auto [failed, seen] = co_await zk.async_exists_and_watch(path, as_result);
        if (is_interrupted(failed)) {
            continue;
        }
        if (failed || !seen.result) {
            co_return failed;
        }
        auto [ended, event] = co_await seen.next.async_next(as_result);
        if (ended && !is_interrupted(ended)) {
            co_return ended;
        }
    }
}

asio::awaitable<outcome<client::node_children>>
list_in_sync(client::session zk, std::string parent) {
    while (true) {
        auto [sync_failed] = co_await zk.async_sync(parent, as_result);
        if (is_interrupted(sync_failed)) {
            continue;
        }
        if (sync_failed) {
            co_return outcome<client::node_children>{sync_failed, {}};
        }
        auto [failed, found] = co_await zk.async_get_children(parent, as_result);
        if (!is_interrupted(failed)) {
            co_return outcome<client::node_children>{failed, std::move(found)};
        }
    }
}

asio::awaitable<error_code>
remove_beginning_with(client::session zk, std::string parent, std::string prefix) {
    auto [failed, found] = co_await list_in_sync(zk, parent);
    if (failed) {
        co_return failed == errc::no_node ? error_code{} : failed;
    }
    for (const std::string& each : found.names) {
        if (each.starts_with(prefix)) {
            const error_code remove_failed = co_await remove_node(zk, path::join(parent, each));
            if (remove_failed) {
                co_return remove_failed;
            }
        }
    }
    co_return error_code{};
}

} // namespace conclave::recipes::detail
