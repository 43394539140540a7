/// Acquisitions beside nodes that are removed, made and lost by others, and by this program itself.
#include "test/unit/recipes/fixture.hpp"

#include <conclave/client/blocking_session.hpp>
#include <conclave/recipes.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <algorithm>

using namespace conclave;
using namespace conclave::recipes;
using namespace conclave::recipes::test;
using boost::system::error_code;
using last_request = testing::server::last_request;

namespace {

/// An acquisition that was started.
struct waiting {
    struct state {
        std::optional<error_code> failed;
        ownership held;
    };

    std::shared_ptr<state> shared = std::make_shared<state>();

    [[nodiscard]] auto handler() const {
        return [kept = shared](error_code what, ownership acquired) {
            kept->failed = what;
            kept->held = std::move(acquired);
        };
    }

    [[nodiscard]] bool is_over() const { return shared->failed.has_value(); }

    [[nodiscard]] bool is_held() const { return shared->held.is_held(); }
};

/// The one child of `all` that is not among `known`.
std::string new_among(std::vector<std::string> all, const std::vector<std::string>& known) {
    std::erase_if(all, [&](const std::string& each) {
        return std::find(known.begin(), known.end(), each) != known.end();
    });
    REQUIRE(all.size() == 1);
    return all.front();
}

asio::awaitable<void> removed_while_waiting() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const recipes::lock door{zk, "/door"};
    const recipes::lock same_door{other, "/door"};
    ownership first = co_await door.async_acquire(throwing);
    const auto one = co_await children(zk, "/door");
    const waiting second;
    door.async_acquire(second.handler());
    co_await await_children(zk, "/door", 2);
    const auto two = co_await children(zk, "/door");
    const waiting third;
    same_door.async_acquire(third.handler());
    co_await await_children(zk, "/door", 3);
    co_await other.async_sync("/", throwing); // both wait for the one before them
    co_await zk.async_sync("/", throwing);
    co_await other.async_remove("/door/" + new_among(two, one), throwing);
    co_await other.async_sync("/", throwing);
    co_await other.async_sync("/", throwing); // the third waits for the first now
    co_await first.async_release(throwing);
    co_await await_condition([&] { return third.is_over(); });
    CHECK(third.is_held());
    // The second has to queue again: it stands behind the third.
    co_await await_children(zk, "/door", 2);
    CHECK_FALSE(second.is_over());
    co_await third.shared->held.async_release(throwing);
    co_await await_condition([&] { return second.is_over(); });
    CHECK(second.is_held());
}

asio::awaitable<void> finds_an_earlier_node() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const recipes::lock door{zk, "/door"};
    const recipes::lock same_door{other, "/door"};
    ownership first = co_await door.async_acquire(throwing);
    ownership between;
    const auto one = co_await children(zk, "/door");
    asio::cancellation_signal signal;
    same_door.async_acquire(
        asio::bind_cancellation_slot(signal.slot(), [](error_code, const ownership&) {})
    );
    co_await await_children(zk, "/door", 2);
    const auto two = co_await children(zk, "/door");
    const waiting last;
    door.async_acquire(last.handler());
    co_await await_children(zk, "/door", 3);
    const auto three = co_await children(zk, "/door");
    const std::string name = new_among(three, two);
    // As if an earlier creation of the same acquisition had come through after all.
    const std::string earlier = name.substr(0, name.size() - 1) + "1";
    co_await zk.async_create("/door/" + earlier, "", create_mode::ephemeral, throwing);
    signal.emit(asio::cancellation_type::terminal);
    co_await await_children(zk, "/door", 2);
    const auto left = co_await children(zk, "/door");
    CHECK(new_among(left, one) == earlier);
    co_await first.async_release(throwing);
    co_await await_condition([&] { return last.is_over(); });
    CHECK(last.is_held());
    CHECK(last.shared->held.node() == "/door/" + earlier);
}

void stand_still_until(client::session_clock::time_point end) {
    while (client::session_clock::now() < end) {
        // as a process does that is stopped
    }
}

asio::awaitable<void> wins_too_late() {
    testing::server server;
    client::settings chosen = settings_for(server);
    chosen.session_timeout = 200ms;
    const client::session zk{co_await asio::this_coro::executor, chosen};
    co_await zk.async_connect(throwing);
    chosen.session_timeout = 60s;
    client::blocking_session other{chosen};
    other.create("/door", "");
    const std::string ahead =
        other.create("/door/x-lock-", "", create_mode::ephemeral_sequential).path;
    const recipes::lock door{zk, "/door"};
    const waiting late;
    door.async_acquire(late.handler());
    co_await await_children(zk, "/door", 2);
    co_await zk.async_sync("/", throwing);
    other.remove(ahead); // its event waits in the socket, while this thread stands still
    const auto end = zk.valid_until();
    REQUIRE(end);
    stand_still_until(*end);
    co_await await_condition([&] { return late.is_over(); });
    CHECK(*late.shared->failed == client::condition::session_lost);
    CHECK_FALSE(late.is_held());
}

/// Outside the event loop, where what is started begins later.
void given_up_before_it_began() {
    testing::server server;
    asio::io_context context{1};
    const client::session zk{context.get_executor(), settings_for(server)};
    conclave::test::run_coroutine(context, [&] { return zk.async_connect(throwing); });
    const std::size_t before = server.request_count();
    const semaphore slots{zk, "/slots", 1};
    asio::cancellation_signal signal;
    const waiting never;
    slots.async_acquire(asio::bind_cancellation_slot(signal.slot(), never.handler()));
    signal.emit(asio::cancellation_type::terminal);
    conclave::test::run_coroutine(context, [&] { return zk.async_sync("/", throwing); });
    conclave::test::run_coroutine(context, [&] { return zk.async_sync("/", throwing); });
    CHECK(server.request_count() == before + 2);
    CHECK(never.is_over());
    CHECK(*never.shared->failed == asio::error::operation_aborted);
}

asio::awaitable<void> same_id_twice() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const group party{zk, "/party"};
    ownership first = co_await party.async_join("me", "", throwing);
    server.break_after(0, last_request::is_unanswered, zk.key().id);
    const waiting second;
    party.async_join("me", "", second.handler());
    client::state_watch states = zk.watch_state();
    auto state = co_await states.async_next(throwing);
    CHECK(state == client::session_state::suspended);
    co_await await_connected(zk);
    co_await zk.async_sync("/", throwing);
    CHECK_FALSE(second.is_over());
    co_await first.async_release(throwing);
    co_await await_condition([&] { return second.is_over(); });
    CHECK(second.is_held());
    CHECK(second.shared->held.fencing_token() > first.fencing_token());
    co_await await_children(other, "/party", 1);
}

asio::awaitable<void> view_that_is_given_up() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const group party{other, "/party"};
    ownership first = co_await party.async_join("a", "", throwing);
    const group same_party{zk, "/party"};
    group_view view = same_party.watch();
    auto members = co_await view.async_next(throwing);
    CHECK(members.size() == 1);

    asio::cancellation_signal signal;
    std::optional<error_code> given_up;
    view.async_next(asio::bind_cancellation_slot(signal.slot(), [&](error_code what, const auto&) {
        given_up = what;
    }));
    client::state_watch states = zk.watch_state();
    server.break_after(1, last_request::is_lost, zk.key().id); // while it reads the members
    ownership second = co_await party.async_join("b", "", throwing);
    auto state = co_await states.async_next(throwing);
    CHECK(state == client::session_state::suspended);
    signal.emit(asio::cancellation_type::terminal);
    co_await await_condition([&] { return given_up.has_value(); });
    CHECK(*given_up == asio::error::operation_aborted);
    members = co_await view.async_next(throwing);
    CHECK(members.size() == 2);
}

client::settings forgetful(const testing::server& server) {
    client::settings chosen = settings_for(server);
    chosen.restores_watches = false;
    chosen.retries_reads = false;
    return chosen;
}

asio::awaitable<void> takes_with_new_watches() {
    testing::server server;
    const client::session zk{co_await asio::this_coro::executor, forgetful(server)};
    co_await zk.async_connect(throwing);
    const client::session other = co_await connected(server);
    const queue jobs{zk, "/jobs"};
    std::optional<error_code> taken;
    jobs.async_take([&](error_code what, const queue_item&) { taken = what; });
    co_await await_children(other, "/jobs", 2);
    co_await zk.async_sync("/", throwing);
    co_await zk.async_sync("/", throwing); // it watches
    server.drop_connections();
    co_await await_connected(other);
    co_await await_connected(zk);
    constexpr std::size_t turns = 50;
    const std::size_t before = server.request_count();
    for (std::size_t turn = 0; turn < turns; ++turn) {
        co_await zk.async_sync("/", throwing);
    }
    CHECK(server.request_count() < before + turns + turns / 2); // it waits, and does not ask
    const queue same_jobs{other, "/jobs"};
    co_await same_jobs.async_put("one", throwing);
    co_await await_condition([&] { return taken.has_value(); });
    CHECK_FALSE(*taken);
}

asio::awaitable<void> takes_after_a_lost_look() {
    testing::server server;
    const client::session zk{co_await asio::this_coro::executor, forgetful(server)};
    co_await zk.async_connect(throwing);
    const client::session other = co_await connected(server);
    const queue same_jobs{other, "/jobs"};
    co_await same_jobs.async_put("one", throwing);
    const queue jobs{zk, "/jobs"};
    auto [none_yet, nothing] = co_await jobs.async_try_take(as_result); // makes the paths
    nothing = queue_item{};
    co_await await_children(other, "/jobs/taken", 0);
    server.break_after(0, last_request::is_lost, zk.key().id);
    queue_item one = co_await jobs.async_try_take(throwing);
    CHECK(one.data() == "one");
}

asio::awaitable<void> connects_after_the_end() {
    testing::server server;
    client::settings chosen = settings_for(server);
    chosen.connect_timeout = 0ms;
    const client::session zk{co_await asio::this_coro::executor, chosen};
    co_await zk.async_close(throwing);
    auto [failed] = co_await zk.async_connect(as_result);
    CHECK(failed == client::condition::session_lost);
}

} // namespace

TEST_CASE("a lock is not handed to one whose node is gone", "[recipes][lock]") {
    run(removed_while_waiting);
}

TEST_CASE("an acquisition takes the earliest of its nodes", "[recipes][lock]") {
    run(finds_an_earlier_node);
}

TEST_CASE("who wins when its session is over has not won", "[recipes][lock]") {
    run(wins_too_late);
}

TEST_CASE("an acquisition that was given up at once asks nothing", "[recipes][semaphore]") {
    given_up_before_it_began();
}

TEST_CASE("a member does not take the node of another one of its session", "[recipes][group]") {
    run(same_id_twice);
}

TEST_CASE("a view of a group that is given up loses no change", "[recipes][group]") {
    run(view_that_is_given_up);
}

TEST_CASE("a consumer whose watches ended makes new ones", "[recipes][queue]") {
    run(takes_with_new_watches);
}

TEST_CASE("a look that was interrupted is repeated", "[recipes][queue]") {
    run(takes_after_a_lost_look);
}

TEST_CASE("a session that is over does not connect", "[recipes][session]") {
    run(connects_after_the_end);
}
