/// Stands for election, leads, and abdicates. election SERVERS PATH NAME [TERMS]
#include <conclave/recipes/leader_election.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace zk = conclave::client;

namespace {

asio::awaitable<void>
lead(zk::session session, std::string path, std::string name, int term_count) {
    co_await session.async_connect(asio::use_awaitable);
    const conclave::recipes::leader_election election{session, path, name};
    for (int term = 1; term <= term_count; ++term) {
        auto leadership = co_await election.async_lead(asio::use_awaitable);
        const auto candidates = co_await election.async_candidates(asio::use_awaitable);
        std::cout << name << " leads in term " << term << " of " << term_count << ", "
                  << std::max<std::size_t>(candidates.size(), 1) - 1 << " wait" << std::endl;
        co_await leadership.async_release(asio::use_awaitable); // the next one leads at once
    }
    co_await session.async_close(asio::use_awaitable);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: election SERVERS PATH NAME [TERMS]\n";
        return EXIT_FAILURE;
    }
    zk::settings chosen;
    chosen.servers = argv[1];
    const int term_count = argc > 4 ? std::atoi(argv[4]) : 1;

    asio::io_context context{1};
    int outcome = EXIT_SUCCESS;
    const zk::session session{context.get_executor(), chosen};
    auto body = lead(session, argv[2], argv[3], term_count);
    asio::co_spawn(context, std::move(body), [&](const std::exception_ptr& failed) {
        try {
            if (failed) {
                std::rethrow_exception(failed);
            }
        } catch (const std::exception& error) {
            std::cerr << "election: " << error.what() << '\n';
            outcome = EXIT_FAILURE;
            context.stop(); // the session would keep it running
        }
    });
    context.run();
    return outcome;
}
