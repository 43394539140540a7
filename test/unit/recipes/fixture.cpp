#include "test/unit/recipes/fixture.hpp"

#include <boost/asio/this_coro.hpp>

namespace conclave::recipes::test {

using boost::system::error_code;

void run(std::function<asio::awaitable<void>()> body) {
    asio::io_context context{1};
    conclave::test::run_coroutine(context, std::move(body));
}

client::settings settings_for(const testing::server& server) {
    client::settings chosen;
    chosen.servers = server.address();
    chosen.session_timeout = 20s;
    chosen.redial = {1ms, 10ms};
    return chosen;
}

asio::awaitable<client::session> connected(const testing::server& server) {
    client::session zk{co_await asio::this_coro::executor, settings_for(server)};
    co_await zk.async_connect(throwing);
    co_return zk;
}

asio::awaitable<std::vector<std::string>> children(client::session zk, std::string path) {
    co_await zk.async_sync("/", throwing);
    auto [failed, found] = co_await zk.async_get_children(path, as_result);
    co_return std::move(found.names);
}

asio::awaitable<void> await_children(client::session zk, std::string path, std::size_t count) {
    auto names = co_await children(zk, path);
    while (names.size() != count) {
        names = co_await children(zk, path);
    }
}

asio::awaitable<void> await_connected(client::session zk) {
    error_code failed;
    do {
        std::tie(failed) = co_await zk.async_sync("/", as_result);
    } while (failed);
}

} // namespace conclave::recipes::test
