/// Recipes whose connection breaks at every step in turn, with the request lost or its answer.
#include "test/unit/recipes/fixture.hpp"

#include <conclave/recipes.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace conclave;
using namespace conclave::recipes;
using namespace conclave::recipes::test;
using last_request = testing::server::last_request;

namespace {

constexpr std::size_t step_count_max = 100;

/// What a recipe does between two looks of an observer.
using scenario = std::function<asio::awaitable<void>(client::session zk, client::session observer)>;

/// Runs the scenario again and again, with a break one request later each time, until it is over
/// before the break comes.
asio::awaitable<void> break_at_every_step(scenario what) {
    for (const auto fate : {last_request::is_lost, last_request::is_unanswered}) {
        for (std::size_t step = 0; step < step_count_max; ++step) {
            INFO(
                "request " << step
                           << (fate == last_request::is_lost ? " is lost" : " is unanswered")
            );
            testing::server server;
            const client::session observer = co_await connected(server);
            const client::session zk = co_await connected(server);
            const std::size_t connections = server.connection_count();
            REQUIRE(connections == 2);
            std::size_t broken = 0;
            client::state_watch states = zk.watch_state();
            server.break_after(step, fate, zk.key().id);
            co_await what(zk, observer);
            while (const auto state = states.try_next()) {
                broken += *state == client::session_state::suspended ? 1U : 0U;
            }
            if (broken == 0) {
                CHECK(step > 2);
                break;
            }
        }
    }
}

asio::awaitable<void> lock_scenario(client::session zk, client::session observer) {
    const recipes::lock door{zk, "/room/door"};
    ownership held = co_await door.async_acquire(throwing);
    CHECK(held.is_held());
    const auto names = co_await children(observer, "/room/door");
    CHECK(names.size() == 1);
    CHECK(held.node() == "/room/door/" + names.front());
    client::transaction write;
    write.create("/written", "");
    auto [failed, results] = co_await held.async_commit(write, as_result);
    CHECK((!failed || failed == client::condition::outcome_unknown));
    co_await held.async_release(throwing);
    const auto left = co_await children(observer, "/room/door");
    CHECK(left.empty());
}

asio::awaitable<void> queueing_scenario(client::session zk, client::session observer) {
    const recipes::lock door{zk, "/door"};
    ownership first = co_await door.async_acquire(throwing);
    ownership second;
    bool is_acquired = false;
    door.async_acquire([&](boost::system::error_code failed, ownership acquired) {
        CHECK_FALSE(failed);
        second = std::move(acquired);
        is_acquired = true;
    });
    co_await first.async_release(throwing);
    co_await await_condition([&] { return is_acquired; });
    CHECK(second.fencing_token() > first.fencing_token());
    co_await second.async_release(throwing);
    const auto left = co_await children(observer, "/door");
    CHECK(left.empty());
}

asio::awaitable<void> semaphore_scenario(client::session zk, client::session observer) {
    const semaphore slots{zk, "/slots", 1};
    ownership lease = co_await slots.async_acquire(throwing);
    const auto leases = co_await children(observer, "/slots/leases");
    CHECK(leases.size() == 1);
    const auto turns = co_await children(observer, "/slots/locks");
    CHECK(turns.empty());
    co_await lease.async_release(throwing);
    const auto left = co_await children(observer, "/slots/leases");
    CHECK(left.empty());
}

asio::awaitable<void> read_write_scenario(client::session zk, client::session observer) {
    const read_write_lock book{zk, "/book"};
    const read_write_lock same_book{observer, "/book"};
    ownership reading = co_await book.async_acquire_read(throwing);
    auto [writer_refused, no_writer] = co_await same_book.async_try_acquire_write(as_result);
    CHECK(writer_refused == recipes::error::not_acquired);
    ownership also_reading = co_await same_book.async_try_acquire_read(throwing);
    co_await also_reading.async_release(throwing);
    co_await reading.async_release(throwing);
    ownership writing = co_await book.async_acquire_write(throwing);
    auto [reader_refused, no_reader] = co_await same_book.async_try_acquire_read(as_result);
    CHECK(reader_refused == recipes::error::not_acquired);
    co_await writing.async_release(throwing);
    const auto left = co_await children(observer, "/book");
    CHECK(left.empty());
}

asio::awaitable<void> latch_scenario(client::session zk, client::session observer) {
    leader_latch latch{zk, "/leader", "me"};
    latch.start();
    co_await latch.async_await_leadership(throwing);
    const zxid first_token = latch.fencing_token();
    co_await latch.async_abdicate(throwing);
    co_await latch.async_await_leadership(throwing);
    CHECK(latch.fencing_token() > first_token);
    const auto names = co_await children(observer, "/leader");
    CHECK(names.size() == 1);
    co_await latch.async_close(throwing);
    const auto left = co_await children(observer, "/leader");
    CHECK(left.empty());
}

asio::awaitable<void> counter_scenario(client::session zk, client::session observer) {
    const shared_counter ours{zk, "/count"};
    const shared_counter theirs{observer, "/count"};
    std::int64_t certain = 0;
    std::int64_t uncertain = 0;
    for (int turn = 0; turn < 3; ++turn) {
        auto [failed, now] = co_await ours.async_add(1, as_result);
        certain += failed ? 0 : 1;
        uncertain += failed == client::condition::outcome_unknown ? 1 : 0;
        co_await await_connected(zk);
    }
    const auto value = co_await theirs.async_get(throwing);
    CHECK(value >= certain);
    CHECK(value <= certain + uncertain);
    CHECK(uncertain <= 1);
}

asio::awaitable<void>
queue_scenario(client::session zk, client::session observer, queue_options options) {
    const queue jobs{observer, "/jobs", options};
    co_await jobs.async_put("late", 2, throwing);
    co_await jobs.async_put("soon", 1, throwing);
    const queue same_jobs{zk, "/jobs", options};
    queue_item soon = co_await same_jobs.async_take(throwing);
    CHECK(soon.data() == "soon");
    queue_item late = co_await same_jobs.async_take(throwing);
    CHECK(late.data() == "late");
    co_await soon.async_finish(throwing);
    bool is_taken_again = false;
    queue_item again;
    jobs.async_take([&](boost::system::error_code failed, queue_item taken) {
        CHECK_FALSE(failed);
        again = std::move(taken);
        is_taken_again = true;
    });
    co_await late.async_put_back(throwing);
    co_await await_condition([&] { return is_taken_again; });
    CHECK(again.data() == "late");
    const auto mark = co_await observer.async_exists(again.claim().node(), throwing);
    CHECK(mark); // nobody else gets it
    co_await again.async_put_back(throwing);
    const bool is_kazoo = options.names == layout::kazoo;
    const auto entries = co_await children(observer, is_kazoo ? "/jobs/entries" : "/jobs");
    CHECK(entries.size() == 1);
    const auto taken = co_await children(observer, is_kazoo ? "/jobs/taken" : "/jobs-locks");
    CHECK(taken.empty());
}

asio::awaitable<void> kazoo_queue_scenario(client::session zk, client::session observer) {
    return queue_scenario(std::move(zk), std::move(observer), queue_options{});
}

asio::awaitable<void> curator_queue_scenario(client::session zk, client::session observer) {
    queue_options options;
    options.names = layout::curator;
    return queue_scenario(std::move(zk), std::move(observer), std::move(options));
}

asio::awaitable<void> group_scenario(client::session zk, client::session observer) {
    const group party{zk, "/party"};
    ownership membership = co_await party.async_join("me", "data", throwing);
    const group same_party{observer, "/party"};
    const auto members = co_await same_party.async_members(throwing);
    REQUIRE(members.size() == 1);
    CHECK(members.front().id == "me");
    CHECK(members.front().data == "data");
    CHECK(members.front().joined_at == membership.fencing_token());
    ownership successor;
    same_party.async_join("me", "", [&](boost::system::error_code failed, ownership joined) {
        CHECK_FALSE(failed);
        successor = std::move(joined);
    });
    co_await membership.async_release(throwing);
    co_await await_condition([&] { return successor.fencing_token() != zxid{}; });
    const auto node = co_await observer.async_exists("/party/me", throwing);
    CHECK((node && node->czxid == successor.fencing_token()));
    co_await successor.async_release(throwing);
    const auto left = co_await children(observer, "/party");
    CHECK(left.empty());
}

asio::awaitable<void> double_barrier_scenario(client::session zk, client::session observer) {
    const double_barrier ours{zk, "/round", 2};
    const double_barrier theirs{observer, "/round", 2};
    int entered = 0;
    ours.async_enter([&](boost::system::error_code failed) { entered += failed ? 100 : 1; });
    theirs.async_enter([&](boost::system::error_code failed) { entered += failed ? 100 : 1; });
    co_await await_condition([&] { return entered >= 2; });
    CHECK(entered == 2);
    int left = 0;
    ours.async_leave([&](boost::system::error_code failed) { left += failed ? 100 : 1; });
    theirs.async_leave([&](boost::system::error_code failed) { left += failed ? 100 : 1; });
    co_await await_condition([&] { return left >= 2; });
    CHECK(left == 2);
    const auto remaining = co_await children(observer, "/round");
    CHECK(remaining.empty());
}

asio::awaitable<void> tree_scenario(client::session zk, client::session observer) {
    for (const char* path : {"/t", "/t/a", "/t/b", "/t/a/c"}) {
        co_await observer.async_create(path, path, throwing);
    }
    tree_cache cache{zk, "/t"};
    co_await cache.async_start(throwing);
    CHECK(cache.size() == 4);
    co_await observer.async_set("/t/b", "new", throwing);
    co_await observer.async_remove("/t/a/c", throwing);
    co_await await_condition([&] {
        return cache.is_current() && cache.find("/t/b")->data == "new" && !cache.find("/t/a/c");
    });
    CHECK(cache.children("/t") == std::vector<std::string>{"a", "b"});
}

} // namespace

TEST_CASE("breaks: a lock leaves no orphan", "[recipes][breaks]") {
    run([] { return break_at_every_step(lock_scenario); });
}

TEST_CASE("breaks: a queue for a lock goes on", "[recipes][breaks]") {
    run([] { return break_at_every_step(queueing_scenario); });
}

TEST_CASE("breaks: a semaphore leaves no orphan", "[recipes][breaks]") {
    run([] { return break_at_every_step(semaphore_scenario); });
}

TEST_CASE("breaks: a queue loses nothing and does nothing twice", "[recipes][breaks]") {
    run([] { return break_at_every_step(kazoo_queue_scenario); });
    run([] { return break_at_every_step(curator_queue_scenario); });
}

TEST_CASE("breaks: a read-write lock leaves no orphan", "[recipes][breaks]") {
    run([] { return break_at_every_step(read_write_scenario); });
}

TEST_CASE("breaks: a leader latch leads, abdicates and leads again", "[recipes][breaks]") {
    run([] { return break_at_every_step(latch_scenario); });
}

TEST_CASE("breaks: no step of a counter is lost or made twice", "[recipes][breaks]") {
    run([] { return break_at_every_step(counter_scenario); });
}

TEST_CASE("breaks: a member joins once", "[recipes][breaks]") {
    run([] { return break_at_every_step(group_scenario); });
}

TEST_CASE("breaks: a double barrier opens and empties", "[recipes][breaks]") {
    run([] { return break_at_every_step(double_barrier_scenario); });
}

TEST_CASE("breaks: a tree cache agrees in the end", "[recipes][breaks]") {
    run([] { return break_at_every_step(tree_scenario); });
}
