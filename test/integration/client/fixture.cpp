#include "test/integration/client/fixture.hpp"

#include <conclave/path.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <catch2/catch.hpp>

#include <cstdlib>

namespace conclave::client::test {

std::string server_under_test() {
    const char* given = std::getenv("CONCLAVE_TEST_SERVERS");
    return given != nullptr ? given : "127.0.0.1:2181";
}

settings settings_for(const std::string& test) {
    settings chosen;
    chosen.servers = server_under_test() + "/" + test;
    chosen.session_timeout = 20s;
    return chosen;
}

void run(asio::io_context& context, std::function<asio::awaitable<void>()> body) {
    bool has_ended = false;
    std::string failure;
    asio::co_spawn(context, body, [&](const std::exception_ptr& failed) {
        has_ended = true;
        try {
            if (failed) {
                std::rethrow_exception(failed);
            }
        } catch (const std::exception& error) {
            failure = error.what();
        }
    });
    context.restart();
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!has_ended && std::chrono::steady_clock::now() < end) {
        context.run_one_for(1s);
    }
    INFO(failure);
    REQUIRE(failure.empty());
    REQUIRE(has_ended);
}

asio::awaitable<void> remove_tree(session zk, std::string path) {
    auto [failed, found] = co_await zk.async_get_children(path, as_result);
    if (failed == errc::no_node) {
        co_return;
    }
    for (const std::string& name : found.names) {
        co_await remove_tree(zk, path::join(path, name));
    }
    co_await zk.async_remove(path, as_result);
}

asio::awaitable<void> make_room(const std::string& test) {
    settings chosen;
    chosen.servers = server_under_test();
    const session zk{co_await asio::this_coro::executor, chosen};
    co_await zk.async_connect(throwing);
    const std::string path = "/" + test;
    co_await remove_tree(zk, path);
    co_await zk.async_create(path, std::nullopt, throwing);
    co_await zk.async_close(throwing);
}

asio::awaitable<session> connected(const settings& chosen) {
    session zk{co_await asio::this_coro::executor, chosen};
    co_await zk.async_connect(throwing);
    co_return zk;
}

asio::awaitable<void> await_condition(std::function<bool()> is_so) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    while (!is_so()) {
        timer.expires_after(1ms);
        co_await timer.async_wait(throwing);
    }
}

asio::awaitable<void> await_state(session zk, session_state wanted) {
    state_watch states = zk.watch_state();
    session_state now = zk.state();
    while (now != wanted) {
        now = co_await states.async_next(throwing);
    }
}

} // namespace conclave::client::test
