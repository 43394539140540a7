/// Elections and latches: one leader at a time, hand-over, abdication.
#include "test/integration/client/proxy.hpp"

#include <conclave/recipes/leader_election.hpp>
#include <conclave/recipes/leader_latch.hpp>

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

using recipes::layout;
using recipes::leader_election;
using recipes::leader_latch;
using recipes::ownership;

asio::awaitable<void> leads_in_turn(layout names) {
    co_await make_room("election");
    const session zk = co_await connected(settings_for("election"));
    const session other = co_await connected(settings_for("election"));
    const leader_election ours{zk, "/leader", "a", names};
    const leader_election theirs{other, "/leader", "b", names};

    ownership leadership = co_await ours.async_lead(throwing);
    ownership next;
    bool has_followed = false;
    theirs.async_lead([&](boost::system::error_code, ownership acquired) {
        next = std::move(acquired);
        has_followed = true;
    });
    auto candidates = co_await ours.async_candidates(throwing);
    while (candidates.size() < 2) {
        candidates = co_await ours.async_candidates(throwing);
    }
    CHECK(candidates[0].identifier == "a");
    CHECK(candidates[1].identifier == "b");
    CHECK_FALSE(has_followed);

    co_await leadership.async_release(throwing);
    co_await await_condition([&] { return has_followed; });
    CHECK(next.is_held());
    CHECK(next.fencing_token() > leadership.fencing_token());
    co_await zk.async_close(throwing);
    co_await other.async_close(throwing);
}

asio::awaitable<void> latches() {
    co_await make_room("latch");
    const session zk = co_await connected(settings_for("latch"));
    const session other = co_await connected(settings_for("latch"));
    leader_latch first{zk, "/leader", "first"};
    leader_latch second{other, "/leader", "second"};
    CHECK_FALSE(first.has_leadership());
    first.start();
    co_await first.async_await_leadership(throwing);
    CHECK(first.has_leadership());
    const zxid first_token = first.fencing_token();
    second.start();
    auto candidates = co_await first.async_candidates(throwing);
    while (candidates.size() < 2) {
        candidates = co_await first.async_candidates(throwing);
    }
    CHECK(candidates[1].identifier == "second");

    co_await first.async_abdicate(throwing);
    CHECK_FALSE(first.has_leadership());
    co_await second.async_await_leadership(throwing);
    CHECK(second.fencing_token() > first_token);
    transaction steps;
    steps.create("/by-second", std::nullopt);
    auto [refused, none] = co_await first.async_commit(steps, as_result);
    CHECK(refused == recipes::error::not_owner);
    co_await second.async_commit(steps, throwing);

    co_await second.async_close(throwing); // the first stands again and follows
    co_await first.async_await_leadership(throwing);
    CHECK(first.fencing_token() > first_token);
    auto [closed] = co_await second.async_await_leadership(as_result);
    CHECK(closed == recipes::error::closed);
    co_await zk.async_close(throwing);
    auto [over] = co_await first.async_await_leadership(as_result);
    CHECK(over == condition::session_lost);
    CHECK_FALSE(first.has_leadership());
    co_await other.async_close(throwing);
}

asio::awaitable<void> stands_again_when_its_node_is_removed() {
    co_await make_room("removed");
    const session zk = co_await connected(settings_for("removed"));
    leader_latch latch{zk, "/leader", "it"};
    latch.start();
    co_await latch.async_await_leadership(throwing);
    const zxid before = latch.fencing_token();
    const auto candidates = co_await latch.async_candidates(throwing);
    co_await zk.async_remove("/leader/" + candidates[0].node, throwing);
    co_await await_condition([&] { return latch.fencing_token() > before; });
    co_await latch.async_close(throwing);
    const auto left = co_await latch.async_candidates(throwing);
    CHECK(left.empty());
    co_await zk.async_close(throwing);
}

asio::awaitable<void> closes_while_it_waits() {
    co_await make_room("closing");
    const session zk = co_await connected(settings_for("closing"));
    leader_latch first{zk, "/leader", "first"};
    first.start();
    co_await first.async_await_leadership(throwing);
    leader_latch second{zk, "/leader", "second"};
    second.start();
    std::optional<boost::system::error_code> told;
    second.async_await_leadership([&](boost::system::error_code what) { told = what; });
    co_await second.async_close(throwing);
    co_await await_condition([&] { return told.has_value(); });
    CHECK(*told == recipes::error::closed);
    auto candidates = co_await first.async_candidates(throwing);
    while (candidates.size() != 1) { // it takes its node back in the background
        candidates = co_await first.async_candidates(throwing);
    }
    CHECK(first.has_leadership());
    co_await zk.async_close(throwing);
}

} // namespace

TEST_CASE("candidates lead in turn with Curator's names", "[recipes][election]") {
    asio::io_context context{1};
    run(context, [] { return leads_in_turn(layout::curator); });
}

TEST_CASE("candidates lead in turn with kazoo's names", "[recipes][election]") {
    asio::io_context context{1};
    run(context, [] { return leads_in_turn(layout::kazoo); });
}

TEST_CASE("a latch leads until it abdicates or is closed", "[recipes][election]") {
    asio::io_context context{1};
    run(context, [] { return latches(); });
}

TEST_CASE("a latch stands again when its node is removed", "[recipes][election]") {
    asio::io_context context{1};
    run(context, [] { return stands_again_when_its_node_is_removed(); });
}

TEST_CASE("a latch that is closed stops waiting", "[recipes][election]") {
    asio::io_context context{1};
    run(context, [] { return closes_while_it_waits(); });
}
