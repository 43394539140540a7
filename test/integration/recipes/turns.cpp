#include "test/integration/recipes/turns.hpp"

#include <conclave/recipes.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <map>

namespace conclave::recipes::test {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using random_source = std::mt19937_64;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t lease_count = 2;

void tell(const std::string& line) {
    std::cout << line << std::endl; // flushed: it is read while this runs, and may be killed
}

bool is_useful(const error_code& failed) {
    return failed != client::condition::session_lost;
}

/// Since when, and until when for certain, something is held: a moment counts if it was held when
/// it was looked at afterwards.
class tenure {
public:
    explicit tenure(const ownership& held) : held_(held) { look(); }

    bool look() {
        const auto now = std::chrono::steady_clock::now();
        if (!held_.is_held()) {
            return false;
        }
        from_ = from_.value_or(now);
        to_ = now;
        return true;
    }

    void tell_as(const std::string& kind) const {
        if (from_) {
            tell(
                "held " + kind + " " + std::to_string(held_.fencing_token().value) + " " +
                std::to_string(from_->time_since_epoch().count()) + " " +
                std::to_string(to_.time_since_epoch().count())
            );
        }
    }

private:
    using moment = std::chrono::steady_clock::time_point;

    const ownership& held_;
    std::optional<moment> from_;
    moment to_;
};

/// Keeps it for a few milliseconds.
asio::awaitable<void> linger(tenure& held, random_source& random) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    const auto looks = random() % 5;
    for (std::size_t look = 0; look < looks && held.look(); ++look) {
        timer.expires_after(std::chrono::microseconds{random() % 2000});
        co_await timer.async_wait(as_result);
    }
    held.look();
}

/// Counts up the value and writes down from what to what, in one guarded transaction. The value
/// itself is written without a look at its version, so two holders at one time would leave a
/// step out or make it twice.
asio::awaitable<void>
count_up(client::session session, const contention& what, const ownership& held) {
    auto [failed, value] = co_await session.async_get(what.log, as_result);
    if (failed) {
        co_return;
    }
    const int before = std::stoi(value.data);
    const std::string token = std::to_string(held.fencing_token().value);
    const std::string entry =
        token + " " + std::to_string(before) + " " + std::to_string(before + 1);
    client::transaction writes;
    writes.set(what.log, std::to_string(before + 1));
    writes.create(what.log + "/turn-", entry, create_mode::persistent_sequential);
    co_await held.async_commit(writes, as_result);
}

asio::awaitable<bool> give_back(ownership held) {
    auto [lost] = co_await held.async_release(as_result);
    co_return is_useful(lost);
}

asio::awaitable<bool> hold_alone(
    client::session session,
    const contention& what,
    random_source& random,
    ownership held,
    std::string kind
) {
    tenure kept{held};
    co_await count_up(session, what, held);
    co_await linger(kept, random);
    kept.tell_as(kind);
    co_return co_await give_back(std::move(held));
}

asio::awaitable<bool>
take_lock(client::session session, const contention& what, random_source& random) {
    const recipes::lock lock{session, what.path};
    auto [failed, held] = co_await lock.async_acquire(as_result);
    if (failed) {
        co_return is_useful(failed);
    }
    co_return co_await hold_alone(session, what, random, std::move(held), "alone");
}

asio::awaitable<bool> lead(client::session session, const contention& what, random_source& random) {
    const leader_election election{session, what.path, what.name};
    auto [failed, held] = co_await election.async_lead(as_result);
    if (failed) {
        co_return is_useful(failed);
    }
    co_return co_await hold_alone(session, what, random, std::move(held), "alone");
}

asio::awaitable<bool>
take_lease(client::session session, const contention& what, random_source& random) {
    const semaphore slots{session, what.path, lease_count};
    auto [failed, held] = co_await slots.async_acquire(as_result);
    if (failed) {
        co_return is_useful(failed);
    }
    tenure kept{held};
    co_await linger(kept, random);
    kept.tell_as("shared");
    co_return co_await give_back(std::move(held));
}

/// Reads twice; nobody writes in between while it is held throughout.
asio::awaitable<bool>
read_twice(client::session session, const contention& what, random_source& random, ownership held) {
    tenure kept{held};
    auto [first_failed, first] = co_await session.async_get(what.log, as_result);
    co_await linger(kept, random);
    auto [second_failed, second] = co_await session.async_get(what.log, as_result);
    auto [failed, results] = co_await held.async_commit(client::transaction{}, as_result);
    if (!first_failed && !second_failed && !failed && first.data != second.data) {
        tell("torn " + first.data + " " + second.data);
    }
    kept.tell_as("shared");
    co_return co_await give_back(std::move(held));
}

asio::awaitable<bool>
read_or_write(client::session session, const contention& what, random_source& random) {
    const read_write_lock book{session, what.path};
    constexpr unsigned readers_per_writer = 3;
    if (random() % (readers_per_writer + 1) != 0) {
        auto [failed, held] = co_await book.async_acquire_read(as_result);
        if (failed) {
            co_return is_useful(failed);
        }
        co_return co_await read_twice(session, what, random, std::move(held));
    }
    auto [failed, held] = co_await book.async_acquire_write(as_result);
    if (failed) {
        co_return is_useful(failed);
    }
    co_return co_await hold_alone(session, what, random, std::move(held), "alone");
}

asio::awaitable<bool>
produce(client::session session, const contention& what, random_source& random) {
    const queue jobs{session, what.path};
    const std::string item = what.name + "-" + std::to_string(random());
    constexpr int priority_max = 9;
    auto [failed, name] =
        co_await jobs.async_put(item, static_cast<int>(random() % priority_max), as_result);
    if (!failed) {
        tell("put " + item);
    } else if (failed == client::condition::outcome_unknown || !is_useful(failed)) {
        tell("maybe-put " + item);
    }
    asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_after(std::chrono::milliseconds{random() % 40});
    co_await timer.async_wait(as_result);
    co_return is_useful(failed);
}

asio::awaitable<bool>
consume(client::session session, const contention& what, random_source& random) {
    const queue jobs{session, what.path};
    auto [failed, item] =
        co_await jobs.async_take_within(std::chrono::milliseconds{100}, as_result);
    if (failed) {
        co_return is_useful(failed);
    }
    tenure kept{item.claim()};
    co_await linger(kept, random);
    constexpr unsigned items_per_change_of_mind = 10;
    if (random() % items_per_change_of_mind == 0) {
        auto [lost] = co_await item.async_put_back(as_result);
        co_return is_useful(lost);
    }
    auto [unfinished] = co_await item.async_finish(as_result);
    if (!unfinished) {
        tell("done " + item.data());
    } else if (unfinished != error::not_owner) {
        tell("maybe-done " + item.data());
    }
    co_return is_useful(unfinished);
}

asio::awaitable<bool> add(client::session session, const contention& what, random_source&) {
    const shared_counter counter{session, what.path};
    auto [failed, now] = co_await counter.async_add(1, as_result);
    if (!failed) {
        tell("added " + std::to_string(now));
    } else if (failed == client::condition::outcome_unknown || !is_useful(failed)) {
        tell("maybe-added");
    }
    co_return is_useful(failed);
}

} // namespace

turn turn_of(const std::string& kind) {
    static const std::map<std::string, turn> turns{
        {"lock", take_lock},
        {"election", lead},
        {"semaphore", take_lease},
        {"read-write", read_or_write},
        {"producer", produce},
        {"consumer", consume},
        {"counter", add},
    };
    const auto found = turns.find(kind);
    return found == turns.end() ? nullptr : found->second;
}

} // namespace conclave::recipes::test
