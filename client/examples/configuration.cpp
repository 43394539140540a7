/// Follows a value: prints it, and prints it again whenever it changes. configuration SERVERS PATH
/// [COUNT]
///
/// A one-shot watch that comes with the read cannot miss a change between the two. COUNT ends the
/// program after so many values.
#include <conclave/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <iostream>
#include <limits>

namespace asio = boost::asio;
namespace zk = conclave::client;

namespace {

asio::awaitable<void> follow(zk::session session, std::string path, int count) {
    co_await session.async_connect(asio::use_awaitable);
    for (int seen = 0; seen < count; ++seen) {
        auto value = co_await session.async_get_and_watch(path, asio::use_awaitable);
        std::cout << value.result.stat.version.value << ": " << value.result.data << std::endl;
        if (seen + 1 < count) {
            co_await value.next.async_next(asio::use_awaitable);
        }
    }
    co_await session.async_close(asio::use_awaitable);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: configuration SERVERS PATH [COUNT]\n";
        return EXIT_FAILURE;
    }
    zk::settings chosen;
    chosen.servers = argv[1];
    const int count = argc > 3 ? std::atoi(argv[3]) : std::numeric_limits<int>::max();

    asio::io_context context{1};
    int outcome = EXIT_SUCCESS;
    const zk::session session{context.get_executor(), chosen};
    asio::co_spawn(context, follow(session, argv[2], count), [&](const std::exception_ptr& failed) {
        try {
            if (failed) {
                std::rethrow_exception(failed);
            }
        } catch (const std::exception& error) {
            std::cerr << "configuration: " << error.what() << '\n';
            outcome = EXIT_FAILURE;
            context.stop(); // the session would keep it running
        }
    });
    context.run();
    return outcome;
}
