/// Sessions that lose their connection, are handed over, or end.
#include "test/integration/client/proxy.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

settings through(const proxy& way, const std::string& test) {
    settings chosen = settings_for(test);
    chosen.servers = way.address() + "/" + test;
    chosen.session_timeout = 6s;
    chosen.redial = {10ms, 100ms};
    return chosen;
}

asio::awaitable<void> survives_a_cut(asio::io_context& context) {
    co_await make_room("cut");
    proxy way{context};
    const session zk = co_await connected(through(way, "cut"));
    const session_key before = zk.key();
    co_await zk.async_create("/e", "x", create_mode::ephemeral, throwing);
    auto one_shot = co_await zk.async_get_and_watch("/e", throwing);
    watch all = co_await zk.async_watch("/", watch_mode::recursive, throwing);
    state_watch states = zk.watch_state();

    way.hold();
    const session other = co_await connected(settings_for("cut"));
    co_await other.async_set("/e", "y", throwing);
    way.release();

    const session_state suspended = co_await states.async_next(throwing);
    CHECK(suspended == session_state::suspended);
    const session_state back = co_await states.async_next(throwing);
    CHECK(back == session_state::connected);
    CHECK(zk.key().id == before.id);
    const watch_event missed = co_await one_shot.next.async_next(throwing);
    CHECK(missed.what == watch_event::kind::data_changed);
    CHECK(missed.path == "/e");
    // The persistent watch hears what the server has told the other one, then that it may have
    // missed more.
    const watch_event same = co_await all.async_next(throwing);
    CHECK(same == missed);
    const watch_event restored = co_await all.async_next(throwing);
    CHECK(restored.what == watch_event::kind::restored);
    co_await other.async_create("/new", "", throwing);
    const watch_event created = co_await all.async_next(throwing);
    CHECK(created.what == watch_event::kind::created);
    CHECK(created.path == "/new");
    const auto is_there = co_await zk.async_exists("/e", throwing);
    CHECK(is_there);
    co_await other.async_close(throwing);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> is_lost_in_time(asio::io_context& context) {
    co_await make_room("lost");
    proxy way{context};
    settings chosen = through(way, "lost");
    chosen.session_timeout = 2s;
    const session zk = co_await connected(chosen);
    co_await zk.async_create("/e", "", create_mode::ephemeral, throwing);
    watch mine = co_await zk.async_watch("/", watch_mode::persistent, throwing);
    const session other = co_await connected(settings_for("lost"));
    auto seen = co_await other.async_exists_and_watch("/e", throwing);
    REQUIRE(seen.result);

    way.hold();
    co_await await_state(zk, session_state::lost);
    CHECK(zk.lost_reason() == errc::session_expired);
    auto [over, nothing] = co_await zk.async_get("/", as_result);
    CHECK(over == condition::session_lost);
    auto [ended, no_event] = co_await mine.async_next(as_result);
    CHECK(ended == errc::session_expired);
    const watch_event gone = co_await seen.next.async_next(throwing);
    CHECK(gone.what == watch_event::kind::deleted);
    co_await other.async_close(throwing);
}

asio::awaitable<void> doubt_is_told(asio::io_context& context) {
    co_await make_room("doubt");
    proxy way{context};
    const session zk = co_await connected(through(way, "doubt"));
    way.hold();
    boost::system::error_code in_doubt;
    bool has_read = false;
    zk.async_create("/x", "", [&](boost::system::error_code failed, const created_node&) {
        in_doubt = failed;
    });
    zk.async_exists("/", [&](boost::system::error_code failed, const auto& found) {
        has_read = !failed && found;
    });
    const std::function<bool()> is_sent = [&] {
        return way.held_size() > 0;
    };
    co_await await_condition(is_sent);
    way.release();
    const auto is_there = co_await zk.async_exists("/x", throwing);
    CHECK_FALSE(is_there);
    CHECK(in_doubt == errc::connection_loss);
    CHECK(in_doubt == condition::outcome_unknown);
    CHECK(has_read);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> hand_over() {
    co_await make_room("handover");
    settings chosen = settings_for("handover");
    auto first = std::make_unique<session>(co_await connected(chosen));
    co_await first->async_create("/e", "", create_mode::ephemeral, throwing);
    chosen.resume = first->key();
    first.reset();
    const session second = co_await connected(chosen);
    CHECK(second.key().id == chosen.resume.id);
    const auto is_there = co_await second.async_exists("/e", throwing);
    REQUIRE(is_there);
    CHECK(is_there->ephemeral_owner == chosen.resume.id);
    co_await second.async_close(throwing);

    session third{co_await asio::this_coro::executor, chosen};
    auto [refused] = co_await third.async_connect(as_result);
    CHECK(refused == errc::session_expired);
}

asio::awaitable<void> deadlines_and_cancellation(asio::io_context& context) {
    co_await make_room("limits");
    proxy way{context};
    const session zk = co_await connected(through(way, "limits"));
    way.hold();
    auto [late, nothing] = co_await zk.within(50ms).async_create("/a", "", as_result);
    CHECK(late == errc::operation_timeout);
    asio::cancellation_signal signal;
    bool is_done = false;
    zk.async_get(
        "/",
        asio::bind_cancellation_slot(
            signal.slot(),
            [&](auto failed, const node_data&) {
                CHECK(failed == asio::error::operation_aborted);
                is_done = true;
            }
        )
    );
    CHECK_FALSE(is_done);
    signal.emit(asio::cancellation_type::terminal);
    CHECK_FALSE(is_done);
    const std::function<bool()> is_over = [&] {
        return is_done;
    };
    co_await await_condition(is_over);
    way.release();
    const auto is_there = co_await zk.async_exists("/", throwing);
    CHECK(is_there);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> nobody_there() {
    settings chosen;
    chosen.servers = "127.0.0.1:1";
    const session refused{co_await asio::this_coro::executor, chosen};
    auto [why] = co_await refused.within(300ms).async_connect(as_result);
    CHECK(why == asio::error::connection_refused);
    CHECK(refused.state() == session_state::lost);

    chosen.servers = "no-such-host.invalid:2181";
    const session unknown{co_await asio::this_coro::executor, chosen};
    auto [no_name] = co_await unknown.within(2s).async_connect(as_result);
    CHECK(no_name);
    CHECK(unknown.state() == session_state::lost);
}

asio::awaitable<void> silence(asio::io_context& context) {
    proxy way{context};
    way.hold();
    settings chosen = through(way, "silence");
    chosen.session_timeout = 200ms;
    const session zk{context.get_executor(), chosen};
    auto [why] = co_await zk.within(1s).async_connect(as_result);
    CHECK(why == error::server_silent);
    CHECK(way.connection_count() > 1);
}

asio::awaitable<void> many_at_once() {
    co_await make_room("many");
    const session zk = co_await connected(settings_for("many"));
    constexpr int count = 20000;
    int done = 0;
    int in_order = 0;
    for (int index = 0; index < count; ++index) {
        zk.async_get("/", [&, index](boost::system::error_code failed, const node_data&) {
            CHECK_FALSE(failed);
            in_order += done == index ? 1 : 0;
            ++done;
        });
    }
    co_await zk.async_sync("/", throwing);
    CHECK(done == count);
    CHECK(in_order == count);
    co_await zk.async_close(throwing);
}

asio::awaitable<void> dropped_handle() {
    co_await make_room("dropped");
    auto zk = std::make_unique<session>(co_await connected(settings_for("dropped")));
    watch left = co_await zk->async_watch("/", watch_mode::recursive, throwing);
    bool is_done = false;
    zk->async_create("/a", "", [&](boost::system::error_code failed, const created_node&) {
        CHECK(failed == error::session_closed);
        is_done = true;
    });
    zk.reset();
    auto [ended, nothing] = co_await left.async_next(as_result);
    CHECK(ended == error::session_closed);
    CHECK(is_done);
}

} // namespace

TEST_CASE("client: a session survives the loss of its connection with its watches", "[client]") {
    asio::io_context context;
    run(context, [&] { return survives_a_cut(context); });
}

TEST_CASE("client: a session is lost here before the server ends it", "[client]") {
    asio::io_context context;
    run(context, [&] { return is_lost_in_time(context); });
}

TEST_CASE("client: a write whose answer is lost is in doubt and a read is repeated", "[client]") {
    asio::io_context context;
    run(context, [&] { return doubt_is_told(context); });
}

TEST_CASE("client: a session is handed over", "[client]") {
    asio::io_context context;
    run(context, hand_over);
}

TEST_CASE("client: deadlines and cancellation", "[client]") {
    asio::io_context context;
    run(context, [&] { return deadlines_and_cancellation(context); });
}

TEST_CASE("client: connecting says what is wrong with the servers", "[client]") {
    asio::io_context context;
    run(context, nobody_there);
}

TEST_CASE("client: a server that takes connections and says nothing is told apart", "[client]") {
    asio::io_context context;
    run(context, [&] { return silence(context); });
}

TEST_CASE("client: thousands of operations at once are answered in order", "[client]") {
    asio::io_context context;
    run(context, many_at_once);
}

TEST_CASE("client: what waits ends when the last handle goes", "[client]") {
    asio::io_context context;
    run(context, dropped_handle);
}
