#include "test/bench/client/recipes_bench.hpp"

#include <conclave/recipes/lock.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace conclave::bench {

namespace {

namespace asio = boost::asio;
constexpr auto& throwing = asio::use_awaitable;

constexpr const char* lock_path = "/bench-recipes-lock";
constexpr const char* node_path = "/bench-recipes-node";

class stop_watch {
public:
    [[nodiscard]] double microseconds() const {
        const std::chrono::duration<double, std::micro> passed = clock::now() - start_;
        return passed.count();
    }

private:
    using clock = std::chrono::steady_clock;
    clock::time_point start_ = clock::now();
};

std::uint64_t number_at(const numbers& given, std::size_t index, std::uint64_t otherwise) {
    return index < given.size() ? given[index] : otherwise;
}

void print(const char* what, std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const auto at = [&](double share) {
        return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
    };
    fmt::print(
        "{:<32} p50={:.0f} us p99={:.0f} us count={}\n", what, at(0.5), at(0.99), samples.size()
    );
}

/// What locks are compared with: a read, and a durable write.
asio::awaitable<void> measure_requests(client::session zk, std::uint64_t turns) {
    const auto there = co_await zk.async_exists(node_path, throwing);
    if (!there) {
        co_await zk.async_create(node_path, "x", throwing);
    }
    std::vector<double> reads;
    std::vector<double> writes;
    for (std::uint64_t turn = 0; turn < turns; ++turn) {
        const stop_watch reading;
        co_await zk.async_get(node_path, throwing);
        reads.push_back(reading.microseconds());
        const stop_watch writing;
        co_await zk.async_set(node_path, "x", throwing);
        writes.push_back(writing.microseconds());
    }
    print("read (one round trip)", std::move(reads));
    print("write (and one commit)", std::move(writes));
}

/// Contenders that queue for one lock and tell when the next one has it.
struct queue {
    explicit queue(const asio::any_io_executor& home) : wake(home) {}

    void join(const client::session& zk) {
        const recipes::lock door{zk, lock_path};
        door.async_acquire([this](boost::system::error_code failed, recipes::ownership next) {
            if (failed) {
                throw boost::system::system_error{failed};
            }
            holder = std::move(next);
            ++acquired;
            wake.cancel();
        });
    }

    asio::awaitable<void> await_next(std::uint64_t before) {
        while (acquired == before) {
            boost::system::error_code woken;
            wake.expires_at(asio::steady_timer::time_point::max());
            co_await wake.async_wait(asio::redirect_error(throwing, woken));
        }
    }

    asio::steady_timer wake;
    recipes::ownership holder;
    std::uint64_t acquired = 0;
};

asio::awaitable<void> await_length(client::session zk, std::uint64_t wanted) {
    std::size_t length = 0;
    while (length != wanted) {
        const auto found = co_await zk.async_get_children(lock_path, throwing);
        length = found.names.size();
    }
}

} // namespace

asio::awaitable<void> measure_lock(client::session zk, client::settings, numbers given) {
    const std::uint64_t turns = number_at(given, 0, 2000);
    co_await measure_requests(zk, turns);
    const recipes::lock door{zk, lock_path};
    std::vector<double> acquiring;
    std::vector<double> releasing;
    for (std::uint64_t turn = 0; turn < turns; ++turn) {
        const stop_watch first;
        auto held = co_await door.async_acquire(throwing);
        acquiring.push_back(first.microseconds());
        const stop_watch second;
        co_await held.async_release(throwing);
        releasing.push_back(second.microseconds());
    }
    print("lock: acquire, free", std::move(acquiring));
    print("lock: release", std::move(releasing));
}

asio::awaitable<void>
measure_contention(client::session zk, client::settings chosen, numbers given) {
    const std::uint64_t contender_count = number_at(given, 0, 1000);
    const std::uint64_t session_count = number_at(given, 1, 10);
    co_await measure_requests(zk, contender_count);
    queue waiting{co_await asio::this_coro::executor};
    std::vector<client::session> sessions;
    for (std::uint64_t index = 0; index < session_count; ++index) {
        sessions.emplace_back(zk.get_executor(), chosen);
        co_await sessions.back().async_connect(throwing);
    }
    for (std::uint64_t index = 0; index < contender_count; ++index) {
        waiting.join(sessions[index % session_count]);
    }
    co_await await_length(zk, contender_count);
    std::vector<double> latencies;
    while (waiting.acquired < contender_count) {
        const std::uint64_t before = waiting.acquired;
        auto held = std::move(waiting.holder);
        const stop_watch watch;
        held = recipes::ownership{}; // gives it back in the background
        co_await waiting.await_next(before);
        latencies.push_back(watch.microseconds());
    }
    print("lock: hand-over", std::move(latencies));
    for (const client::session& each : sessions) {
        co_await each.async_close(throwing);
    }
}

} // namespace conclave::bench
