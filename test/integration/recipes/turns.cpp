/// Counts in a node, in turn with all others who queue at the same path with the same names.
/// recipes-turns SERVERS PATH NODE TIMES curator|kazoo [--hold]
///
/// The number is written without a look at its version, so a step is lost unless all take turns.
/// With --hold the last turn ends with SIGTERM.
#include <conclave/client.hpp>
#include <conclave/recipes/lock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace zk = conclave::client;

namespace {

struct plan {
    std::string path;
    std::string node;
    int times = 0;
    conclave::recipes::layout names = conclave::recipes::layout::curator;
    bool holds = false;
};

asio::awaitable<void> count(const zk::session& session, const std::string& node) {
    const auto found = co_await session.async_exists(node, asio::use_awaitable);
    if (!found) {
        co_await session.async_create(node, "1", asio::use_awaitable);
        co_return;
    }
    const auto before = co_await session.async_get(node, asio::use_awaitable);
    const std::string next = std::to_string(std::stoi(before.data) + 1);
    co_await session.async_set(node, next, asio::use_awaitable);
}

asio::awaitable<void> take_turns(zk::session session, plan what, asio::signal_set& stop) {
    co_await session.async_connect(asio::use_awaitable);
    conclave::recipes::contest_options options;
    options.names = what.names;
    options.identifier = "recipes-turns";
    const conclave::recipes::lock lock{session, what.path, options};
    for (int turn = 0; turn < what.times; ++turn) {
        auto held = co_await lock.async_acquire(asio::use_awaitable);
        co_await count(session, what.node);
        if (what.holds && turn + 1 == what.times) {
            co_await stop.async_wait(asio::use_awaitable);
        }
        co_await held.async_release(asio::use_awaitable);
    }
    stop.cancel();
    co_await session.async_close(asio::use_awaitable);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::cerr << "usage: recipes-turns SERVERS PATH NODE TIMES curator|kazoo [--hold]\n";
        return EXIT_FAILURE;
    }
    zk::settings chosen;
    chosen.servers = argv[1];
    asio::io_context context{1};
    asio::signal_set stop{context, SIGTERM};
    int outcome = EXIT_SUCCESS;
    const zk::session session{context.get_executor(), chosen};
    using conclave::recipes::layout;
    const bool is_kazoo = std::string{argv[5]} == "kazoo";
    plan what{
        argv[2], argv[3], std::atoi(argv[4]), is_kazoo ? layout::kazoo : layout::curator, argc > 6};
    auto body = take_turns(session, std::move(what), stop);
    asio::co_spawn(context, std::move(body), [&](const std::exception_ptr& failed) {
        try {
            if (failed) {
                std::rethrow_exception(failed);
            }
        } catch (const std::exception& error) {
            std::cerr << "recipes-turns: " << error.what() << '\n';
            outcome = EXIT_FAILURE;
            context.stop();
        }
    });
    context.run();
    return outcome;
}
