/// A program that does the same with a recipe again and again, for tests that make its life hard:
/// recipes-contender SERVERS KIND PATH LOG NAME SEED
///
/// KIND is one of turns.cpp, which says what is written to the standard output. A turn that fails
/// is given up; a session that is lost is followed by a new one. SIGTERM ends it, after it has
/// given back what it holds.
#include "test/integration/recipes/turns.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace zk = conclave::client;
using conclave::recipes::test::contention;
using conclave::recipes::test::turn;
using conclave::recipes::test::turn_of;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void>
contend(const contention& what, turn take_turn, std::mt19937_64& random, const bool& is_stopping) {
    const auto executor = co_await asio::this_coro::executor;
    while (!is_stopping) {
        const zk::session session{executor, what.settings};
        auto [failed] = co_await session.async_connect(as_result);
        bool is_useful = !failed;
        while (is_useful && !is_stopping) {
            is_useful = co_await take_turn(session, what, random);
        }
        co_await session.async_close(as_result);
    }
}

} // namespace

int main(int argc, char** argv) {
    const turn take_turn = argc == 7 ? turn_of(argv[2]) : nullptr;
    if (take_turn == nullptr) {
        std::cerr << "usage: recipes-contender SERVERS KIND PATH LOG NAME SEED\n";
        return EXIT_FAILURE;
    }
    contention what;
    what.settings.servers = argv[1];
    what.settings.session_timeout = std::chrono::seconds{2};
    what.settings.redial = {std::chrono::milliseconds{20}, std::chrono::milliseconds{200}};
    what.path = argv[3];
    what.log = argv[4];
    what.name = argv[5];
    std::mt19937_64 random{std::strtoull(argv[6], nullptr, 10)};
    bool is_stopping = false;
    asio::io_context context{1};
    asio::signal_set stop{context, SIGTERM};
    stop.async_wait([&](boost::system::error_code, int) { is_stopping = true; });
    auto body = contend(what, take_turn, random, is_stopping);
    asio::co_spawn(context, std::move(body), [&](const std::exception_ptr& failed) {
        stop.cancel();
        if (failed) {
            std::rethrow_exception(failed);
        }
    });
    context.run();
    return EXIT_SUCCESS;
}
