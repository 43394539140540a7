/// A program with recipes, and the server that it is tested with.
#include <conclave/recipes.hpp>
#include <conclave/testing/server.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

namespace recipes = conclave::recipes;
using boost::system::error_code;

int main() {
    conclave::testing::server server;
    conclave::client::settings chosen;
    chosen.servers = server.address();
    boost::asio::io_context context{1};
    const conclave::client::session session{context.get_executor(), chosen};
    const recipes::lock lock{session, "/lock"};
    recipes::ownership held;
    session.async_connect([&](error_code) {
        lock.async_acquire([&](error_code, recipes::ownership acquired) {
            held = std::move(acquired);
            std::cout << (held.is_held() ? "held" : "not held") << std::endl;
            held.async_lost([&](error_code) {
                std::cout << (held.is_held() ? "held" : "lost") << std::endl;
                context.stop();
            });
            server.expire(session.key().id);
        });
    });
    context.run();
    return 0;
}
