/// Locks, and what is owned by them.
#include "test/integration/client/proxy.hpp"

#include <conclave/recipes/lock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

using recipes::contest_options;
using recipes::layout;
using recipes::lock;
using recipes::ownership;

/// What an acquisition that was started has come to.
struct pending {
    std::shared_ptr<std::optional<boost::system::error_code>> failed =
        std::make_shared<std::optional<boost::system::error_code>>();
    std::shared_ptr<ownership> held = std::make_shared<ownership>();

    [[nodiscard]] auto handler() const {
        return [failed = failed, held = held](boost::system::error_code what, ownership acquired) {
            *failed = what;
            *held = std::move(acquired);
        };
    }

    [[nodiscard]] bool is_complete() const { return failed->has_value(); }
};

settings through(const proxy& way, const std::string& test) {
    settings chosen = settings_for(test);
    chosen.servers = way.address() + "/" + test;
    chosen.session_timeout = 6s;
    chosen.redial = {10ms, 100ms};
    return chosen;
}

asio::awaitable<std::size_t> child_count(session zk, std::string path) {
    auto [failed, found] = co_await zk.async_get_children(path, as_result);
    co_return failed ? 0 : found.names.size();
}

asio::awaitable<void> await_child_count(session zk, std::string path, std::size_t count) {
    std::size_t now = co_await child_count(zk, path);
    while (now != count) {
        now = co_await child_count(zk, path);
    }
}

asio::awaitable<void> acquires_and_releases(layout names) {
    co_await make_room("lock");
    const session zk = co_await connected(settings_for("lock"));
    contest_options options;
    options.names = names;
    options.identifier = "me";
    const lock door{zk, "/doors/front", options};

    ownership held = co_await door.async_acquire(throwing);
    CHECK(held.is_held());
    CHECK(held.held_until());
    const auto node = co_await zk.async_get(held.node(), throwing);
    CHECK(node.stat.czxid == held.fencing_token());
    CHECK(node.stat.ephemeral_owner == zk.key().id);
    CHECK(node.data == "me");

    co_await held.async_release(throwing);
    CHECK_FALSE(held.is_held());
    const std::size_t left = co_await child_count(zk, "/doors/front");
    CHECK(left == 0);
    co_await held.async_release(throwing); // nothing to do is no error

    ownership again = co_await door.async_acquire(throwing);
    CHECK(again.fencing_token() > held.fencing_token());
    co_await zk.async_close(throwing);
    CHECK_FALSE(again.is_held());
}

asio::awaitable<void> queues_in_order() {
    co_await make_room("queueing");
    const session zk = co_await connected(settings_for("queueing"));
    const session other = co_await connected(settings_for("queueing"));
    const lock door{zk, "/door"};
    const lock same_door{other, "/door"};

    ownership first = co_await door.async_acquire(throwing);
    const pending second;
    same_door.async_acquire(second.handler());
    co_await await_child_count(zk, "/door", 2);
    const pending third;
    door.async_acquire(third.handler());
    co_await await_child_count(zk, "/door", 3);

    auto [refused, none] = co_await door.async_try_acquire(as_result);
    CHECK(refused == recipes::error::not_acquired);
    auto [late, nothing] = co_await door.async_acquire_within(30ms, as_result);
    CHECK(late == recipes::error::not_acquired);
    co_await await_child_count(zk, "/door", 3);

    const auto queue = co_await door.async_contenders(throwing);
    REQUIRE(queue.size() == 3);
    CHECK(queue[0].fencing_token == first.fencing_token());
    CHECK(queue[1].session == other.key().id);

    co_await first.async_release(throwing);
    co_await await_condition([&] { return second.is_complete(); });
    CHECK(second.held->is_held());
    CHECK_FALSE(third.is_complete());
    CHECK(second.held->fencing_token() > first.fencing_token());
    co_await other.async_close(throwing); // as if it had died and its session had expired
    co_await await_condition([&] { return third.is_complete(); });
    CHECK(third.held->is_held());
    CHECK_FALSE(second.held->is_held());
    co_await zk.async_close(throwing);
}

asio::awaitable<void> gives_up_when_cancelled() {
    co_await make_room("cancelled");
    const session zk = co_await connected(settings_for("cancelled"));
    const lock door{zk, "/door"};
    ownership first = co_await door.async_acquire(throwing);

    asio::cancellation_signal signal;
    const pending second;
    door.async_acquire(asio::bind_cancellation_slot(signal.slot(), second.handler()));
    co_await await_child_count(zk, "/door", 2);
    signal.emit(asio::cancellation_type::terminal);
    co_await await_condition([&] { return second.is_complete(); });
    CHECK(*second.failed == asio::error::operation_aborted);
    co_await await_child_count(zk, "/door", 1);
    CHECK(first.is_held());

    first = ownership{}; // given back in the background
    co_await await_child_count(zk, "/door", 0);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> guards_writes() {
    co_await make_room("guard");
    const session zk = co_await connected(settings_for("guard"));
    const lock door{zk, "/door"};
    co_await zk.async_create("/value", "0", throwing);

    ownership held = co_await door.async_acquire(throwing);
    transaction steps;
    steps.set("/value", "1").create("/log", "x");
    const auto results = co_await held.async_commit(steps, throwing);
    REQUIRE(results.size() == 2);
    CHECK(results[1].path == "/log");

    transaction refused_steps;
    refused_steps.set("/value", "2", data_version{77});
    auto [refused, reasons] = co_await held.async_commit(refused_steps, as_result);
    CHECK(refused == errc::bad_version);
    CHECK(held.is_held());

    pending lost;
    held.async_lost([failed = lost.failed](boost::system::error_code why) { *failed = why; });
    co_await zk.async_remove(held.node(), throwing); // an administrator takes it away
    auto [failed, none] = co_await held.async_commit(steps, as_result);
    CHECK(failed == recipes::error::not_owner);
    CHECK_FALSE(held.is_held());
    co_await await_condition([&] { return lost.is_complete(); });
    CHECK(*lost.failed == recipes::error::not_owner);
    const auto value = co_await zk.async_get("/value", throwing);
    CHECK(value.data == "1");
    co_await zk.async_close(throwing);
}

asio::awaitable<void> leaves_no_orphans(asio::io_context& context) {
    co_await make_room("orphans");
    proxy way{context};
    const session zk = co_await connected(through(way, "orphans"));
    const session observer = co_await connected(settings_for("orphans"));
    const lock door{zk, "/door"};
    co_await (co_await door.async_acquire(throwing)).async_release(throwing);

    way.hold(); // the request gets out or not, its answer does not come back
    const pending acquisition;
    door.async_acquire(acquisition.handler());
    co_await await_condition([&] { return way.held_size() > 0; });
    way.release();
    co_await await_condition([&] { return acquisition.is_complete(); });
    CHECK(acquisition.held->is_held());
    co_await await_child_count(observer, "/door", 1);

    way.cut();
    co_await acquisition.held->async_release(throwing);
    const std::size_t left = co_await child_count(observer, "/door");
    CHECK(left == 0);
    co_await zk.async_close(throwing);
    co_await observer.async_close(throwing);
}

asio::awaitable<void> waits_across_reconnects(asio::io_context& context) {
    co_await make_room("reconnects");
    proxy way{context};
    const session zk = co_await connected(through(way, "reconnects"));
    const session other = co_await connected(settings_for("reconnects"));
    const lock door{zk, "/door"};
    const lock same_door{other, "/door"};
    ownership first = co_await same_door.async_acquire(throwing);

    const pending second;
    door.async_acquire(second.handler());
    co_await await_child_count(other, "/door", 2);
    way.hold();
    co_await first.async_release(throwing); // while nothing gets through to the one that waits
    way.release();
    co_await await_condition([&] { return second.is_complete(); });
    CHECK(second.held->is_held());
    co_await zk.async_close(throwing);
    co_await other.async_close(throwing);
}

asio::awaitable<void> is_not_held_past_the_deadline(asio::io_context& context) {
    co_await make_room("deadline");
    proxy way{context};
    settings chosen = through(way, "deadline");
    chosen.session_timeout = 1s;
    const session zk = co_await connected(chosen);
    const session other = co_await connected(settings_for("deadline"));
    const lock door{zk, "/door"};
    const lock same_door{other, "/door"};
    ownership first = co_await door.async_acquire(throwing);
    pending lost;
    first.async_lost([failed = lost.failed](boost::system::error_code why) { *failed = why; });

    way.hold();
    bool was_held_twice = false;
    same_door.async_acquire([&](boost::system::error_code, ownership second) {
        was_held_twice = first.is_held() && second.is_held();
    });
    co_await await_condition([&] { return lost.is_complete(); });
    CHECK(*lost.failed == condition::session_lost);
    CHECK_FALSE(first.is_held());
    const auto second = co_await same_door.async_acquire_within(20s, throwing);
    CHECK(second.fencing_token() > first.fencing_token());
    CHECK_FALSE(was_held_twice);
    co_await other.async_close(throwing);
}

} // namespace

TEST_CASE("a lock is acquired with Curator's names", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [] { return acquires_and_releases(layout::curator); });
}

TEST_CASE("a lock is acquired with kazoo's names", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [] { return acquires_and_releases(layout::kazoo); });
}

TEST_CASE("contenders queue in their order", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [] { return queues_in_order(); });
}

TEST_CASE("a cancelled acquisition leaves its place", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [] { return gives_up_when_cancelled(); });
}

TEST_CASE("a guarded write happens only while the lock is held", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [] { return guards_writes(); });
}

TEST_CASE("a lost answer leaves no orphan", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [&] { return leaves_no_orphans(context); });
}

TEST_CASE("waiting for a lock goes on across reconnects", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [&] { return waits_across_reconnects(context); });
}

TEST_CASE("a lock is not held past the deadline of its session", "[recipes][lock]") {
    asio::io_context context{1};
    run(context, [&] { return is_not_held_past_the_deadline(context); });
}
