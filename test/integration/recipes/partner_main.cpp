/// Does what the lines of its standard input say, all at the same time, until they end:
/// recipes-partner SERVERS curator|kazoo
///
/// A line is `ID VERB ARGUMENT...`; its answer is `ID ok TEXT` or `ID failed MESSAGE`, when it has
/// one. partners.py talks to this, and to programs of other libraries that understand the same.
#include "test/integration/recipes/partner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <sstream>
#include <unistd.h>

namespace asio = boost::asio;
using namespace conclave;
using recipes::test::partner;
using recipes::test::request;

namespace {

request parse(const std::string& line) {
    std::istringstream words{line};
    request asked;
    words >> asked.id >> asked.verb;
    for (std::string word; words >> word;) {
        asked.arguments.push_back(word);
    }
    return asked;
}

void answer(const std::string& id, const std::string& text) {
    std::cout << id << ' ' << text << std::endl; // flushed: somebody waits for it
}

asio::awaitable<void> perform(partner& with, request asked) {
    const std::string id = asked.id;
    std::string text;
    try {
        text = "ok " + co_await with.perform(std::move(asked));
    } catch (const std::exception& error) {
        text = std::string{"failed "} + error.what();
    }
    answer(id, text);
}

asio::awaitable<void> serve(client::session zk, recipes::layout names) {
    const auto executor = co_await asio::this_coro::executor;
    co_await zk.async_connect(asio::use_awaitable);
    partner with{zk, names};
    asio::posix::stream_descriptor input{executor, STDIN_FILENO};
    std::string received;
    try {
        while (true) {
            const std::size_t size = co_await asio::async_read_until(
                input, asio::dynamic_buffer(received), '\n', asio::use_awaitable
            );
            request asked = parse(received.substr(0, size - 1));
            received.erase(0, size);
            asio::co_spawn(executor, perform(with, std::move(asked)), asio::detached);
        }
    } catch (const boost::system::system_error&) {
        // there are no more lines
    }
    co_await zk.async_close(asio::use_awaitable);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: recipes-partner SERVERS curator|kazoo\n";
        return EXIT_FAILURE;
    }
    client::settings chosen;
    chosen.servers = argv[1];
    const bool is_kazoo = std::string{argv[2]} == "kazoo";
    asio::io_context context{1};
    const client::session zk{context.get_executor(), chosen};
    auto body = serve(zk, is_kazoo ? recipes::layout::kazoo : recipes::layout::curator);
    int outcome = EXIT_SUCCESS;
    asio::co_spawn(context, std::move(body), [&](const std::exception_ptr& failed) {
        try {
            if (failed) {
                std::rethrow_exception(failed);
            }
        } catch (const std::exception& error) {
            std::cerr << "recipes-partner: " << error.what() << '\n';
            outcome = EXIT_FAILURE;
        }
        context.stop();
    });
    context.run();
    return outcome;
}
