/// What is owned is given back for certain, once, and on the session's thread.
#include "test/unit/recipes/fixture.hpp"

#include <conclave/client/blocking_session.hpp>
#include <conclave/recipes.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace conclave;
using namespace conclave::recipes;
using namespace conclave::recipes::test;
using boost::system::error_code;

namespace {

/// Cut off from its server, which keeps its session.
asio::awaitable<void> suspend(testing::server& server, client::session zk) {
    server.partition();
    server.drop_connections();
    co_await await_condition([&] { return zk.state() == client::session_state::suspended; });
}

asio::awaitable<void> cancelled_release() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const recipes::lock door{zk, "/door"};
    ownership held = co_await door.async_acquire(throwing);
    co_await suspend(server, zk);
    asio::cancellation_signal signal;
    std::optional<error_code> released;
    held.async_release(asio::bind_cancellation_slot(signal.slot(), [&](error_code what) {
        released = what;
    }));
    co_await asio::post(throwing); // the removal waits for a connection now
    signal.emit(asio::cancellation_type::terminal);
    co_await await_condition([&] { return released.has_value(); });
    CHECK(*released == asio::error::operation_aborted);
    CHECK_FALSE(held.is_held());
    server.heal();
    co_await await_children(zk, "/door", 0);
}

asio::awaitable<void> release_without_room() {
    testing::server server;
    client::settings chosen = settings_for(server);
    chosen.queued_bytes_max = 10'000;
    const client::session zk{co_await asio::this_coro::executor, chosen};
    co_await zk.async_connect(throwing);
    co_await zk.async_create("/written", "", throwing);
    const recipes::lock door{zk, "/door"};
    std::optional<ownership> held = co_await door.async_acquire(throwing);
    std::optional<error_code> waiting;
    asio::cancellation_signal signal;
    door.async_acquire(asio::bind_cancellation_slot(
        signal.slot(), [&](error_code what, const ownership&) { waiting = what; }
    ));
    co_await await_children(zk, "/door", 2);
    co_await suspend(server, zk);
    std::optional<error_code> refused;
    int written = 0;
    while (!refused) { // fills what may be queued
        zk.async_set("/written", bytes(100, 'x'), [&](error_code what, const client::node_stat&) {
            if (what == client::error::queue_full) {
                refused = what;
            } else {
                ++written;
            }
        });
        co_await asio::post(throwing);
    }
    held.reset();
    signal.emit(asio::cancellation_type::terminal);
    co_await await_condition([&] { return waiting.has_value(); });
    co_await asio::post(throwing);
    server.heal();
    co_await await_condition([&] { return written > 0; });
    co_await await_children(zk, "/door", 0);
}

/// In one step, so that a look finds a node before and after.
asio::awaitable<void>
replace_node(client::session by, std::string path, client::create_options how) {
    client::transaction replacement;
    replacement.remove(path).create(path, "other", how);
    co_await by.async_commit(replacement, throwing);
}

asio::awaitable<void> replaced_by_another() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const group party{zk, "/party"};
    ownership membership = co_await party.async_join("me", "", throwing);
    std::optional<error_code> lost;
    membership.async_lost([&](error_code what) { lost = what; });
    co_await zk.async_sync("/", throwing);
    const client::create_options how{create_mode::ephemeral};
    co_await replace_node(other, "/party/me", how);
    co_await await_condition([&] { return lost.has_value(); });
    CHECK(*lost == recipes::error::not_owner);
    CHECK_FALSE(membership.is_held());
    co_await membership.async_release(throwing);
    const auto left = co_await children(zk, "/party");
    CHECK(left == std::vector<std::string>{"me"});
}

/// The answer to a release is lost, and another takes what is free before the next connection.
asio::awaitable<void> taken_in_between() {
    testing::server server;
    const client::session zk = co_await connected(server);
    client::blocking_session other{settings_for(server)};
    const queue jobs{zk, "/jobs"};
    co_await jobs.async_put("one", throwing);
    queue_item one = co_await jobs.async_take(throwing);
    const std::string mark = one.claim().node();
    co_await zk.async_sync("/", throwing); // the watches of the taking are gone
    client::state_watch states = zk.watch_state();
    server.break_after(0, testing::server::last_request::is_unanswered, zk.key().id);
    std::optional<error_code> put_back;
    one.async_put_back([&](error_code what) { put_back = what; });
    const auto state = co_await states.async_next(throwing);
    CHECK(state == client::session_state::suspended);
    other.create(mark, "other", create_mode::ephemeral); // while this thread stands still
    co_await await_condition([&] { return put_back.has_value(); });
    CHECK_FALSE(*put_back);
    CHECK(other.get(mark).data == "other");
}

asio::awaitable<void> latch_that_never_led() {
    testing::server server;
    const client::session zk = co_await connected(server);
    leader_latch latch{zk, "/leader", "me"};
    const auto here = std::this_thread::get_id();
    std::atomic<bool> is_here_for_abdication = false;
    std::atomic<bool> is_here_for_commit = false;
    std::atomic<int> completed = 0;
    latch.async_abdicate([&](error_code failed) {
        is_here_for_abdication = !failed && std::this_thread::get_id() == here;
        ++completed;
    });
    const client::transaction nothing;
    latch.async_commit(nothing, [&](error_code failed, const auto&) {
        const bool is_refused = failed == recipes::error::not_owner;
        is_here_for_commit = is_refused && std::this_thread::get_id() == here;
        ++completed;
    });
    std::optional<error_code> led;
    latch.async_await_leadership([&](error_code what) { led = what; });
    co_await latch.async_close(throwing);
    co_await await_condition([&] { return completed == 2 && led.has_value(); });
    CHECK(is_here_for_abdication);
    CHECK(is_here_for_commit);
    CHECK(*led == recipes::error::closed);
}

} // namespace

TEST_CASE("a release that is cancelled takes place nevertheless", "[recipes][ownership]") {
    run(cancelled_release);
}

TEST_CASE("a release waits for room among the requests", "[recipes][ownership]") {
    run(release_without_room);
}

TEST_CASE("a node that another has made is not ours", "[recipes][ownership]") {
    run(replaced_by_another);
}

TEST_CASE("a release whose answer is lost removes nothing of others", "[recipes][ownership]") {
    run(taken_in_between);
}

TEST_CASE("a latch that never led completes where it belongs", "[recipes][ownership]") {
    run(latch_that_never_led);
}
