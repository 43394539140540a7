/// What the tests beside a server in the same program share.
#pragma once

#include "test/support/coroutines.hpp"

#include <conclave/client.hpp>
#include <conclave/testing/server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <string>

namespace conclave::recipes::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using conclave::test::await_condition;

/// Errors as exceptions, and errors as values.
inline constexpr auto throwing = asio::use_awaitable;
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Runs the coroutine to its end (`run_coroutine`).
void run(std::function<asio::awaitable<void>()> body);

/// Reconnects quickly.
[[nodiscard]] client::settings settings_for(const testing::server& server);

[[nodiscard]] asio::awaitable<client::session> connected(const testing::server& server);

/// Names of the children as of now; none if there is no such node.
[[nodiscard]] asio::awaitable<std::vector<std::string>>
children(client::session zk, std::string path);

/// Waits until there are so many.
[[nodiscard]] asio::awaitable<void>
await_children(client::session zk, std::string path, std::size_t count);

/// Waits until requests are answered again.
[[nodiscard]] asio::awaitable<void> await_connected(client::session zk);

} // namespace conclave::recipes::test
