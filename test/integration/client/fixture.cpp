#include "test/integration/client/fixture.hpp"

#include <conclave/path.hpp>

#include <boost/asio/this_coro.hpp>

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

asio::awaitable<void> await_state(session zk, session_state wanted) {
    state_watch states = zk.watch_state();
    session_state now = zk.state();
    while (now != wanted) {
        now = co_await states.async_next(throwing);
    }
}

} // namespace conclave::client::test
