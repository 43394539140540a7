#include "client/recipes/src/nodes.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace conclave::recipes::detail {

bool is_interrupted(const error_code& failed) {
    return failed == errc::connection_loss || failed == client::error::not_sent;
}

bool is_undecided(const error_code& failed) {
    return is_interrupted(failed) || failed == client::error::bad_reply;
}

namespace {

constexpr auto pause_first = std::chrono::milliseconds{10};
constexpr auto pause_max = std::chrono::milliseconds{1000};

} // namespace

carrying_through::carrying_through(const client::session& zk)
    : timer_(zk.get_executor()), pause_(pause_first) {}

asio::awaitable<bool> carrying_through::asks_again(error_code failed) {
    if (is_interrupted(failed)) {
        co_return true; // it waits for the next connection by itself
    }
    if (failed != client::condition::not_executed) {
        co_return false;
    }
    timer_.expires_after(pause_);
    pause_ = std::min(pause_ * 2, pause_max);
    co_await timer_.async_wait(as_result);
    co_return true;
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
        } else if (!is_undecided(failed)) {
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

namespace {

/// Only the node that was created at `created_at`, if that is given.
asio::awaitable<error_code>
remove_until_gone(client::session zk, std::string path, std::optional<zxid> created_at) {
    carrying_through removal{zk};
    while (true) {
        auto [failed] = co_await zk.async_remove(path, as_result);
        if (!failed || failed == errc::no_node) {
            co_return error_code{};
        }
        const bool is_repeated = is_undecided(failed) || co_await removal.asks_again(failed);
        if (!is_repeated) {
            co_return failed;
        }
        if (created_at) { // it may be done, and the name another's by now
            auto [look_failed, found] = co_await look_in_sync(zk, path);
            if (look_failed || !found || found->czxid != *created_at) {
                co_return look_failed;
            }
        }
    }
}

} // namespace

asio::awaitable<error_code> remove_node(client::session zk, std::string path) {
    return remove_until_gone(std::move(zk), std::move(path), std::nullopt);
}

asio::awaitable<error_code> remove_created(client::session zk, std::string path, zxid created_at) {
    return remove_until_gone(std::move(zk), std::move(path), created_at);
}

asio::awaitable<outcome<std::optional<client::node_stat>>>
look_in_sync(client::session zk, std::string path) {
    carrying_through look{zk};
    while (true) {
        auto [failed] = co_await zk.async_sync(path, as_result);
        std::optional<client::node_stat> found;
        if (!failed) {
            std::tie(failed, found) = co_await zk.async_exists(path, as_result);
        }
        const bool is_repeated = failed && co_await look.asks_again(failed);
        if (!is_repeated) {
            co_return outcome<std::optional<client::node_stat>>{failed, found};
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
    carrying_through look{zk};
    while (true) {
        auto [failed] = co_await zk.async_sync(parent, as_result);
        client::node_children children;
        if (!failed) {
            std::tie(failed, children) = co_await zk.async_get_children(parent, as_result);
        }
        const bool is_repeated = failed && co_await look.asks_again(failed);
        if (!is_repeated) {
            co_return outcome<client::node_children>{failed, std::move(children)};
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
