/// What the recipes cost: docs/performance.md.
///
///     bench-recipes lock SERVERS [TURNS]                        one program alone
///     bench-recipes contend SERVERS [CONTENDERS] [SESSIONS]     a queue of them, handed over once
///     bench-recipes fill SERVERS [NODES] [SIZE]                 a tree for the next one
///     bench-recipes tree SERVERS                                a cache of it, and its memory
#include "test/bench/client/recipes_bench.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <map>

namespace {

using namespace conclave;
namespace asio = boost::asio;

asio::awaitable<void> run(bench::measurement what, client::settings chosen, bench::numbers given) {
    const client::session zk{co_await asio::this_coro::executor, chosen};
    co_await zk.async_connect(asio::use_awaitable);
    co_await what(zk, chosen, given);
    co_await zk.async_close(asio::use_awaitable);
}

} // namespace

int main(int argc, char** argv) {
    const std::map<std::string, bench::measurement> measurements{
        {"lock", bench::measure_lock},
        {"contend", bench::measure_contention},
        {"fill", bench::fill_tree},
        {"tree", bench::measure_tree_cache},
    };
    const auto found = argc > 2 ? measurements.find(argv[1]) : measurements.end();
    if (found == measurements.end()) {
        fmt::print(
            stderr, "usage: bench-recipes lock|contend|fill|tree SERVERS [NUMBER] [NUMBER]\n"
        );
        return EXIT_FAILURE;
    }
    client::settings chosen;
    chosen.servers = argv[2];
    bench::numbers given;
    for (int index = 3; index < argc; ++index) {
        given.push_back(std::strtoull(argv[index], nullptr, 10));
    }
    int outcome = EXIT_SUCCESS;
    asio::io_context context{1};
    auto body = run(found->second, chosen, std::move(given));
    asio::co_spawn(context, std::move(body), [&](const std::exception_ptr& failed) {
        try {
            if (failed) {
                std::rethrow_exception(failed);
            }
        } catch (const std::exception& error) {
            fmt::print(stderr, "bench-recipes: {}\n", error.what());
            outcome = EXIT_FAILURE;
        }
        context.stop();
    });
    context.run();
    return outcome;
}
