/// Coroutines in tests: run to their end, and waiting for conditions.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>

namespace conclave::test {

/// Runs the coroutine to its end. An exception fails the test with its text, as does a coroutine
/// that does not end within a minute.
void run_coroutine(
    boost::asio::io_context& context, std::function<boost::asio::awaitable<void>()> body
);

/// Waits until it is so.
[[nodiscard]] boost::asio::awaitable<void> await_condition(std::function<bool()> is_so);

} // namespace conclave::test
