/// A program that holds a lock again and again, and writes while it holds it, for tests that make
/// its life hard. recipes-contender SERVERS LOCK LOG
///
/// Each turn adds a node to LOG, in one guarded transaction: its data are the fencing token, what
/// the value was, and the value that this turn gives it. The value itself is written without a look
/// at its version, so two holders at one time would leave a step out or make it twice. A turn
/// that fails is given up; a session that is lost is followed by a new one. SIGTERM ends it, after
/// it has given back what it holds.
#include <conclave/client.hpp>
#include <conclave/recipes/lock.hpp>

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

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct plan {
    zk::settings settings;
    std::string lock;
    std::string log;
};

/// One turn. False if the session is of no use any more.
asio::awaitable<bool> take_turn(zk::session session, const plan& what) {
    const conclave::recipes::lock lock{session, what.lock};
    auto [failed, held] = co_await lock.async_acquire(as_result);
    if (failed) {
        co_return failed != zk::condition::session_lost;
    }
    auto [read_failed, value] = co_await session.async_get(what.log, as_result);
    if (!read_failed) {
        const int before = std::stoi(value.data);
        const std::string token = std::to_string(held.fencing_token().value);
        const std::string entry =
            token + " " + std::to_string(before) + " " + std::to_string(before + 1);
        zk::transaction writes;
        writes.set(what.log, std::to_string(before + 1));
        writes.create(what.log + "/turn-", entry, conclave::create_mode::persistent_sequential);
        co_await held.async_commit(writes, as_result);
    }
    auto [lost] = co_await held.async_release(as_result);
    co_return lost != zk::condition::session_lost;
}

asio::awaitable<void> contend(plan what, const bool& is_stopping) {
    const auto executor = co_await asio::this_coro::executor;
    while (!is_stopping) {
        const zk::session session{executor, what.settings};
        auto [failed] = co_await session.async_connect(as_result);
        bool is_useful = !failed;
        while (is_useful && !is_stopping) {
            is_useful = co_await take_turn(session, what);
        }
        co_await session.async_close(as_result);
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: recipes-contender SERVERS LOCK LOG\n";
        return EXIT_FAILURE;
    }
    plan what;
    what.settings.servers = argv[1];
    what.settings.session_timeout = std::chrono::seconds{2};
    what.settings.redial = {std::chrono::milliseconds{20}, std::chrono::milliseconds{200}};
    what.lock = argv[2];
    what.log = argv[3];
    bool is_stopping = false;
    asio::io_context context{1};
    asio::signal_set stop{context, SIGTERM};
    stop.async_wait([&](boost::system::error_code, int) { is_stopping = true; });
    auto body = contend(std::move(what), is_stopping);
    asio::co_spawn(context, std::move(body), [&](const std::exception_ptr& failed) {
        stop.cancel();
        if (failed) {
            std::rethrow_exception(failed);
        }
    });
    context.run();
    return EXIT_SUCCESS;
}
