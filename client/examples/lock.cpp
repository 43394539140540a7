/// Adds one to a number, in turn with all others who do. lock SERVERS LOCK NODE
///
/// The number is read and written under a lock. The write is guarded: should this program have lost
/// the lock unawares, nothing is written.
#include <conclave/recipes/lock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace zk = conclave::client;

namespace {

asio::awaitable<void> add_one(zk::session session, std::string lock_path, std::string path) {
    co_await session.async_connect(asio::use_awaitable);
    const conclave::recipes::lock lock{session, lock_path};
    auto held = co_await lock.async_acquire(asio::use_awaitable);

    const auto found = co_await session.async_exists(path, asio::use_awaitable);
    int value = 1;
    zk::transaction write;
    if (found) {
        const auto node = co_await session.async_get(path, asio::use_awaitable);
        value = std::stoi(node.data) + 1;
        write.set(path, std::to_string(value));
    } else {
        write.create(path, std::to_string(value));
    }
    co_await held.async_commit(write, asio::use_awaitable);
    std::cout << path << " is " << value << '\n';

    co_await held.async_release(asio::use_awaitable);
    co_await session.async_close(asio::use_awaitable);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: lock SERVERS LOCK NODE\n";
        return EXIT_FAILURE;
    }
    zk::settings chosen;
    chosen.servers = argv[1];

    asio::io_context context{1};
    int outcome = EXIT_SUCCESS;
    const zk::session session{context.get_executor(), chosen};
    asio::co_spawn(
        context,
        add_one(session, argv[2], argv[3]),
        [&](const std::exception_ptr& failed) {
            try {
                if (failed) {
                    std::rethrow_exception(failed);
                }
            } catch (const std::exception& error) {
                std::cerr << "lock: " << error.what() << '\n';
                outcome = EXIT_FAILURE;
                context.stop(); // the session would keep it running
            }
        }
    );
    context.run();
    return outcome;
}
