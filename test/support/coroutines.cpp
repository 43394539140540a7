#include "test/support/coroutines.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include <chrono>

namespace conclave::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

void run_coroutine(asio::io_context& context, std::function<asio::awaitable<void>()> body) {
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

asio::awaitable<void> await_condition(std::function<bool()> is_so) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    while (!is_so()) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

} // namespace conclave::test
