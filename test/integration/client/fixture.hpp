/// What the tests of the client library share: where the server is, and coroutines that are run.
#pragma once

#include "test/support/coroutines.hpp"

#include <conclave/client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <string>

namespace conclave::client::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using conclave::test::await_condition;

/// Errors as exceptions, and errors as values.
inline constexpr auto throwing = asio::use_awaitable;
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// "host:port" of the server under test.
[[nodiscard]] std::string server_under_test();

/// A session below a node of its own, so that tests do not meet. Made when it is first asked for.
[[nodiscard]] settings settings_for(const std::string& test);

/// Runs a coroutine to its end (`run_coroutine`).
inline constexpr auto& run = conclave::test::run_coroutine;

/// Creates the node that `settings_for` uses as chroot, and removes what an earlier run has left.
asio::awaitable<void> make_room(const std::string& test);

/// Connects a new session below the room of the test.
asio::awaitable<session> connected(const settings& chosen);

asio::awaitable<void> remove_tree(session zk, std::string path);

/// Waits until a state is reached.
asio::awaitable<void> await_state(session zk, session_state wanted);

} // namespace conclave::client::test
