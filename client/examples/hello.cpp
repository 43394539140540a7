/// Opens a session, writes, reads, watches and cleans up. hello SERVERS [PATH]
#include <conclave/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace zk = conclave::client;

namespace {

asio::awaitable<void> say_hello(zk::session session, std::string path) {
    co_await session.async_connect(asio::use_awaitable);

    const auto made = co_await session.async_create(
        path, "hello", conclave::create_mode::ephemeral, asio::use_awaitable
    );
    auto seen = co_await session.async_get_and_watch(made.path, asio::use_awaitable);
    std::cout << made.path << " holds \"" << seen.result.data << "\" in version "
              << seen.result.stat.version.value << '\n';

    // Only if nobody has written since: the version is that of the read.
    co_await session.async_set(path, "world", seen.result.stat.version, asio::use_awaitable);
    const auto event = co_await seen.next.async_next(asio::use_awaitable);
    std::cout << event.path << ": " << zk::name(event.what) << '\n';

    co_await session.async_close(asio::use_awaitable);
}

} // namespace

int main(int argc, char** argv) {
    zk::settings chosen;
    chosen.servers = argc > 1 ? argv[1] : "localhost:2181";
    const std::string path = argc > 2 ? argv[2] : "/hello";

    asio::io_context context{1};
    int outcome = EXIT_SUCCESS;
    const zk::session session{context.get_executor(), chosen};
    asio::co_spawn(context, say_hello(session, path), [&](const std::exception_ptr& failed) {
        try {
            if (failed) {
                std::rethrow_exception(failed);
            }
        } catch (const std::exception& error) {
            std::cerr << "hello: " << error.what() << '\n';
            outcome = EXIT_FAILURE;
            context.stop(); // the session would keep it running
        }
    });
    context.run();
    return outcome;
}
