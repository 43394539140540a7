/// Recipes of several sessions beside one server, and what the server for tests does on command.
#include "test/unit/recipes/fixture.hpp"

#include <conclave/recipes.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::recipes;
using namespace conclave::recipes::test;
using boost::system::error_code;

namespace {

/// What an operation that was started has come to.
template <class Result>
struct pending {
    struct state {
        std::optional<error_code> failed;
        Result result;
    };

    std::shared_ptr<state> shared = std::make_shared<state>();

    [[nodiscard]] auto handler() const {
        return [kept = shared](error_code what, Result result) {
            kept->failed = what;
            kept->result = std::move(result);
        };
    }

    [[nodiscard]] bool is_complete() const { return shared->failed.has_value(); }
};

asio::awaitable<void> readers_and_writers(layout names) {
    testing::server server;
    const client::session zk = co_await connected(server);
    contest_options options;
    options.names = names;
    const read_write_lock book{zk, "/book", options};
    ownership first = co_await book.async_acquire_read(throwing);
    ownership second = co_await book.async_try_acquire_read(throwing);
    CHECK(second.fencing_token() > first.fencing_token());
    auto [refused, none] = co_await book.async_try_acquire_write(as_result);
    CHECK(refused == recipes::error::not_acquired);

    const pending<ownership> writer;
    book.async_acquire_write(writer.handler());
    co_await await_children(zk, "/book", 3);
    const pending<ownership> late_reader;
    book.async_acquire_read(late_reader.handler());
    co_await await_children(zk, "/book", 4);
    co_await first.async_release(throwing);
    CHECK_FALSE(writer.is_complete());
    co_await second.async_release(throwing);
    co_await await_condition([&] { return writer.is_complete(); });
    CHECK(writer.shared->result.is_held());
    CHECK_FALSE(late_reader.is_complete()); // it came behind the writer
    co_await writer.shared->result.async_release(throwing);
    co_await await_condition([&] { return late_reader.is_complete(); });
    co_await zk.async_close(throwing);
}

asio::awaitable<void> bounded_leases(layout names) {
    testing::server server;
    const client::session zk = co_await connected(server);
    contest_options options;
    options.names = names;
    const semaphore slots{zk, "/slots", 2, options};
    ownership first = co_await slots.async_acquire(throwing);
    ownership second = co_await slots.async_try_acquire(throwing);
    auto [refused, none] = co_await slots.async_try_acquire(as_result);
    CHECK(refused == recipes::error::not_acquired);
    auto [late, nothing] = co_await slots.async_acquire_within(20ms, as_result);
    CHECK(late == recipes::error::not_acquired);

    const pending<ownership> third;
    slots.async_acquire(third.handler());
    co_await first.async_release(throwing);
    co_await await_condition([&] { return third.is_complete(); });
    CHECK(third.shared->result.is_held());
    CHECK(second.is_held());
    co_await zk.async_close(throwing);
}

asio::awaitable<void> gates() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const barrier gate{zk, "/gates/one"};
    co_await gate.async_wait(throwing); // it does not stand
    co_await gate.async_set(throwing);
    co_await gate.async_set(throwing);
    std::optional<error_code> passed;
    gate.async_wait([&](error_code what) { passed = what; });
    co_await zk.async_sync("/", throwing);
    CHECK_FALSE(passed);
    co_await gate.async_remove(throwing);
    co_await await_condition([&] { return passed.has_value(); });
    CHECK_FALSE(*passed);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> cancelled_entry() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const double_barrier round{zk, "/round", 2};
    asio::cancellation_signal signal;
    std::optional<error_code> entered;
    round.async_enter(asio::bind_cancellation_slot(signal.slot(), [&](error_code what) {
        entered = what;
    }));
    co_await await_children(zk, "/round", 1);
    signal.emit(asio::cancellation_type::terminal);
    co_await await_condition([&] { return entered.has_value(); });
    CHECK(*entered == asio::error::operation_aborted);
    co_await await_children(zk, "/round", 0);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> counts(counter_format format) {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const shared_counter ours{zk, "/count/er", format};
    const shared_counter theirs{other, "/count/er", format};
    const auto initial = co_await ours.async_get(throwing);
    CHECK(initial == 0);
    constexpr int steps = 20;
    int done = 0;
    for (int step = 0; step < steps; ++step) {
        ours.async_add(2, [&](error_code failed, std::int64_t) { done += failed ? 1000 : 1; });
        theirs.async_add(-1, [&](error_code failed, std::int64_t) { done += failed ? 1000 : 1; });
    }
    co_await await_condition([&] { return done >= 2 * steps; });
    CHECK(done == 2 * steps);
    const auto total = co_await theirs.async_get(throwing);
    CHECK(total == steps);
    const bool refused = co_await ours.async_compare_and_set(total + 1, 0, throwing);
    CHECK_FALSE(refused);
    const bool exchanged = co_await ours.async_compare_and_set(total, 7, throwing);
    CHECK(exchanged);
    co_await zk.async_set("/count/er", "not a number", throwing);
    auto [unreadable, none] = co_await ours.async_add(1, as_result);
    CHECK(unreadable == recipes::error::unexpected_data);
    co_await zk.async_close(throwing);
    co_await other.async_close(throwing);
}

asio::awaitable<void> compares_and_sets() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const shared_value plan{zk, "/plan", "none"};
    versioned_value seen = co_await plan.async_get(throwing);
    CHECK(seen.data == "none");
    seen.data = "new";
    const auto version = co_await plan.async_compare_and_set(seen, throwing);
    CHECK(version == client::data_version{1});
    const auto outdated = co_await plan.async_compare_and_set(seen, throwing);
    CHECK_FALSE(outdated);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> works_off_a_queue() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const queue jobs{zk, "/jobs"};
    const queue same_jobs{other, "/jobs"};
    auto [empty, none] = co_await jobs.async_try_take(as_result);
    CHECK(empty == recipes::error::not_acquired);
    auto [wrong, nothing] = co_await jobs.async_put("x", 1000, as_result);
    CHECK(wrong == std::errc::invalid_argument);

    const pending<queue_item> waiting;
    same_jobs.async_take(waiting.handler());
    const std::string name = co_await jobs.async_put("first", throwing);
    co_await await_condition([&] { return waiting.is_complete(); });
    CHECK(waiting.shared->result.data() == "first");
    CHECK(waiting.shared->result.name() == name);
    auto [taken, no_item] = co_await jobs.async_try_take(as_result);
    CHECK(taken == recipes::error::not_acquired);

    server.expire(other.key().id); // its consumer dies: the entry is there for the next
    queue_item again = co_await jobs.async_take(throwing);
    CHECK(again.data() == "first");
    auto [late] = co_await waiting.shared->result.async_finish(as_result);
    CHECK(late);
    co_await again.async_finish(throwing);
    auto [finished, no_more] = co_await jobs.async_try_take(as_result);
    CHECK(finished == recipes::error::not_acquired);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> watches_a_group() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const group party{zk, "/party"};
    group_view view = party.watch();
    auto members = co_await view.async_next(throwing);
    CHECK(members.empty());
    ownership membership = co_await party.async_join("a", "1", throwing);
    members = co_await view.async_next(throwing);
    REQUIRE(members.size() == 1);
    CHECK(members[0].data == "1");

    const pending<ownership> same_id;
    const group same_party{other, "/party"};
    same_party.async_join("a", "2", same_id.handler());
    co_await other.async_sync("/", throwing);
    CHECK_FALSE(same_id.is_complete());
    co_await membership.async_release(throwing);
    co_await await_condition([&] { return same_id.is_complete(); });
    CHECK(same_id.shared->result.is_held());

    partitioner shards{party};
    co_await shards.async_next(throwing);
    CHECK(shards.is_owner("a", "any key"));
    server.expire(other.key().id);
    co_await shards.async_next(throwing);
    CHECK(shards.ring().empty());
    CHECK_FALSE(shards.is_owner("a", "any key"));
    co_await zk.async_close(throwing);
    auto [over, none] = co_await view.async_next(as_result);
    CHECK(over == client::condition::session_lost);
}

asio::awaitable<void> finds_services() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const service_directory services{zk, "/services"};
    const auto nobody = co_await services.async_instances("mail", throwing);
    CHECK(nobody.empty());
    service_instance here;
    here.name = "mail";
    here.id = "1";
    here.address = "127.0.0.1";
    here.port = 25;
    ownership registration = co_await services.async_register(here, throwing);
    service_view view = services.watch("mail");
    auto instances = co_await view.async_next(throwing);
    CHECK(instances == std::vector<service_instance>{here});
    registration = ownership{};
    instances = co_await view.async_next(throwing);
    CHECK(instances.empty());
    co_await zk.async_close(throwing);
}

asio::awaitable<void> follows_a_node() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    node_cache cache{zk, "/node"};
    co_await cache.async_start(throwing);
    CHECK_FALSE(cache.current());
    co_await other.async_create("/node", "1", throwing);
    co_await await_condition([&] { return cache.current() && cache.current()->data == "1"; });

    server.partition();
    std::optional<error_code> changed;
    cache.async_next_change([&](error_code what) { changed = what; });
    server.heal();
    server.drop_connections();
    co_await await_connected(other);
    co_await other.async_set("/node", "2", throwing);
    co_await await_condition([&] { return changed.has_value(); });
    CHECK_FALSE(*changed);
    co_await await_condition([&] { return cache.current()->data == "2"; });
    co_await other.async_remove("/node", throwing);
    co_await await_condition([&] { return !cache.current(); });

    cache.async_next_change([&](error_code what) { changed = what; });
    changed.reset();
    co_await zk.async_close(throwing);
    co_await await_condition([&] { return changed.has_value(); });
    CHECK(*changed == client::condition::session_lost);
}

asio::awaitable<void> tells_changes_of_a_tree() {
    testing::server server;
    const client::session zk = co_await connected(server);
    co_await zk.async_create("/t", "", throwing);
    co_await zk.async_create("/t/a", "1", throwing);
    tree_cache cache{zk, "/t"};
    co_await cache.async_start(throwing);
    client::transaction both;
    both.set("/t/a", "2").create("/t/b", "3");
    co_await zk.async_commit(both, throwing);
    const auto changes = co_await cache.async_next_changes(throwing);
    using kind = tree_change::kind;
    CHECK(changes == std::vector<tree_change>{{kind::changed, "/t/a"}, {kind::added, "/t/b"}});
    CHECK(cache.find("/t/a")->data == "2");

    tree_cache_limits limits;
    limits.node_count_max = 2;
    tree_cache small{zk, "/t", limits};
    auto [too_large] = co_await small.async_start(as_result);
    CHECK(too_large == recipes::error::too_large);
    co_await zk.async_close(throwing);
    auto [over, none] = co_await cache.async_next_changes(as_result);
    CHECK(over == client::condition::session_lost);
}

asio::awaitable<void> costs_of_a_lock() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const recipes::lock door{zk, "/door"};
    ownership held = co_await door.async_acquire(throwing); // makes the path
    co_await held.async_release(throwing);
    const std::size_t before = server.request_count();
    held = co_await door.async_acquire(throwing);
    CHECK(server.request_count() == before + 2); // a creation and a look, in one packet
    co_await held.async_release(throwing);
    CHECK(server.request_count() == before + 3);
    co_await zk.async_close(throwing);
}

/// Contenders of several sessions queue for one lock, and hold it until `next` is called.
class queue_of_contenders {
public:
    asio::awaitable<void>
    join(const testing::server& server, std::size_t session_count, std::size_t count) {
        for (std::size_t index = 0; index < session_count; ++index) {
            sessions_.push_back(co_await connected(server));
        }
        for (std::size_t index = 0; index < count; ++index) {
            const recipes::lock door{sessions_[index % session_count], "/door"};
            door.async_acquire([this](error_code failed, ownership next) {
                acquired_ += failed ? 0U : 1U;
                holder_ = std::move(next);
            });
        }
    }

    /// Hands the lock over, and waits until the next one holds it.
    asio::awaitable<void> hand_over() {
        const std::size_t before = acquired_;
        ownership holder = std::move(holder_);
        co_await holder.async_release(throwing);
        co_await await_condition([&] { return acquired_ > before; });
    }

    /// All that was sent has been answered.
    asio::awaitable<void> settle() const {
        for (const client::session& each : sessions_) {
            co_await each.async_sync("/", throwing);
        }
    }

    [[nodiscard]] std::size_t acquired() const { return acquired_; }

private:
    std::vector<client::session> sessions_;
    std::size_t acquired_ = 0;
    ownership holder_;
};

asio::awaitable<void> wakes_one_of_many() {
    constexpr std::size_t contender_count = 1000;
    constexpr std::size_t session_count = 10;
    constexpr std::size_t release_count = 50;
    testing::server server;
    queue_of_contenders contenders;
    co_await contenders.join(server, session_count, contender_count);
    const client::session observer = co_await connected(server);
    co_await await_children(observer, "/door", contender_count);
    co_await contenders.settle();
    CHECK(contenders.acquired() == 1);
    for (std::size_t release = 0; release < release_count; ++release) {
        const std::size_t requests = server.request_count();
        const std::size_t notifications = server.notification_count();
        co_await contenders.hand_over();
        // The removal, and a look at the queue by the one that it has woken, unless that one knows.
        CHECK(server.request_count() <= requests + 2);
        CHECK(server.notification_count() == notifications + 1);
    }
    CHECK(contenders.acquired() == 1 + release_count);
}

asio::awaitable<void> loses_ownership_with_its_session() {
    testing::server server;
    const client::session zk = co_await connected(server);
    const client::session other = co_await connected(server);
    const recipes::lock door{zk, "/door"};
    ownership held = co_await door.async_acquire(throwing);
    std::optional<error_code> lost;
    held.async_lost([&](error_code why) { lost = why; });
    CHECK(server.expire(zk.key().id));
    CHECK_FALSE(server.expire(zk.key().id));
    const recipes::lock same_door{other, "/door"};
    ownership next = co_await same_door.async_acquire(throwing);
    CHECK(next.fencing_token() > held.fencing_token());
    client::transaction write;
    write.create("/written", "");
    auto [refused, none] = co_await held.async_commit(write, as_result);
    CHECK(refused);
    co_await await_condition([&] { return lost.has_value(); });
    CHECK(*lost == client::condition::session_lost);
    CHECK_FALSE(held.is_held());
    const auto written = co_await other.async_exists("/written", throwing);
    CHECK_FALSE(written);
    co_await other.async_close(throwing);
}

asio::awaitable<void> lets_time_pass() {
    testing::server server;
    const client::session zk = co_await connected(server);
    CHECK(server.session_count() == 1);
    client::create_options brief{create_mode::persistent_ttl};
    brief.with_ttl(10s);
    co_await zk.async_create("/brief", "", brief, throwing);
    co_await zk.async_create("/ephemeral", "", create_mode::ephemeral, throwing);
    server.advance(2min); // longer than the session lives, and than the TTL
    CHECK(server.session_count() == 0);
    const client::session other = co_await connected(server);
    server.advance(1min); // the server looks for nodes to be removed once a minute
    const client::session later = co_await connected(server);
    const auto names = co_await children(later, "/");
    CHECK(names == std::vector<std::string>{"zookeeper"});
}

} // namespace

TEST_CASE("readers share and writers do not", "[recipes][read_write_lock]") {
    run([] { return readers_and_writers(layout::curator); });
    run([] { return readers_and_writers(layout::kazoo); });
}

TEST_CASE("there are never more leases than there may be", "[recipes][semaphore]") {
    run([] { return bounded_leases(layout::curator); });
    run([] { return bounded_leases(layout::kazoo); });
}

TEST_CASE("a barrier holds up who comes", "[recipes][barrier]") {
    run(gates);
}

TEST_CASE("a cancelled entry leaves no member behind", "[recipes][barrier]") {
    run(cancelled_entry);
}

TEST_CASE("no step of a counter is lost", "[recipes][counter]") {
    run([] { return counts(counter_format::text); });
    run([] { return counts(counter_format::binary_32bit); });
    run([] { return counts(counter_format::binary_64bit); });
}

TEST_CASE("a value changes only from the version that was seen", "[recipes][counter]") {
    run(compares_and_sets);
}

TEST_CASE("an entry of a queue is worked off although its consumer dies", "[recipes][queue]") {
    run(works_off_a_queue);
}

TEST_CASE("members are seen to come and go", "[recipes][group]") {
    run(watches_a_group);
}

TEST_CASE("instances of a service are found", "[recipes][service]") {
    run(finds_services);
}

TEST_CASE("a node cache follows its node", "[recipes][cache]") {
    run(follows_a_node);
}

TEST_CASE("a tree cache tells what has changed", "[recipes][cache]") {
    run(tells_changes_of_a_tree);
}

TEST_CASE("a free lock costs two round trips", "[recipes][lock]") {
    run(costs_of_a_lock);
}

TEST_CASE("a release wakes one contender of many", "[recipes][lock]") {
    run(wakes_one_of_many);
}

TEST_CASE("ownership ends with its session", "[recipes][lock]") {
    run(loses_ownership_with_its_session);
}

TEST_CASE("time passes for a server on command", "[recipes][testing]") {
    run(lets_time_pass);
}
