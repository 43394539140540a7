#include "conclave/recipes/barrier.hpp"

#include "client/recipes/src/nodes.hpp"

namespace conclave::recipes::detail {

namespace {

asio::awaitable<outcome<>> raise(client::session zk, std::string path) {
    const error_code failed = co_await make_path(std::move(zk), std::move(path));
    co_return outcome<>{failed};
}

asio::awaitable<outcome<>> lower(client::session zk, std::string path) {
    const error_code failed = co_await remove_node(std::move(zk), std::move(path));
    co_return outcome<>{failed};
}

asio::awaitable<outcome<>> wait(client::session zk, std::string path) {
    const error_code failed = co_await await_absence(std::move(zk), std::move(path));
    co_return outcome<>{failed};
}

} // namespace

void raise_barrier(const client::session& zk, const std::string& path, plain_handler handler) {
    launch(zk.get_executor(), raise(zk, path), std::move(handler));
}

void lower_barrier(const client::session& zk, const std::string& path, plain_handler handler) {
    launch(zk.get_executor(), lower(zk, path), std::move(handler));
}

void await_barrier(const client::session& zk, const std::string& path, plain_handler handler) {
    launch(zk.get_executor(), wait(zk, path), std::move(handler));
}

} // namespace conclave::recipes::detail
