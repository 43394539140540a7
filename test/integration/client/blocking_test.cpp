/// The facade for programs without an event loop.
#include "test/integration/client/fixture.hpp"

#include <conclave/client/blocking_session.hpp>

#include <catch2/catch.hpp>

#include <thread>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

settings prepared(const std::string& test) {
    asio::io_context context;
    run(context, [&] { return make_room(test); });
    return settings_for(test);
}

template <class Call>
boost::system::error_code error_of(Call call) {
    try {
        call();
    } catch (const boost::system::system_error& failed) {
        return failed.code();
    }
    return {};
}

} // namespace

TEST_CASE("blocking: nodes are written and read", "[client][blocking]") {
    blocking_session zk{prepared("blocking")};
    CHECK(zk.create("/a", "one").path == "/a");
    const node_data read = zk.get("/a");
    CHECK(read.data == "one");
    CHECK(zk.set("/a", "two", read.stat.version).version == data_version{1});
    CHECK(error_of([&] { zk.set("/a", "x", read.stat.version); }) == errc::bad_version);
    zk.create("/a/b", std::nullopt, create_mode::ephemeral);
    CHECK(zk.get_children("/a").names == std::vector<std::string>{"b"});
    CHECK(error_of([&] { zk.remove("/a"); }) == errc::not_empty);
    zk.remove("/a/b");
    CHECK_FALSE(zk.exists("/a/b"));
    CHECK(zk.set_acl("/a", open_acl()).aversion == acl_version{1});
    CHECK(zk.get_acl("/a").entries == open_acl());
    zk.sync("/");
    zk.add_auth("digest", "bob:pw");
    transaction steps;
    steps.check("/a", data_version{1}).remove("/a");
    CHECK(zk.commit(steps).size() == 2);
    CHECK(zk.execute(operation::get_ephemerals{}).empty());
    zk.close();
    CHECK(zk.state() == session_state::lost);
    CHECK(error_of([&] { static_cast<void>(zk.get("/")); }) == error::session_closed);
}

TEST_CASE("blocking: a watch waits as long as it is told to", "[client][blocking]") {
    blocking_session zk{prepared("blocking-watch")};
    blocking_watch all = zk.watch_node("/", watch_mode::recursive);
    CHECK_FALSE(all.next(20ms));
    zk.create("/a", "");
    const auto event = all.next(10s);
    REQUIRE(event);
    CHECK(event->what == watch_event::kind::created);
    CHECK(event->path == "/a");
    zk.close();
    CHECK(error_of([&] { static_cast<void>(all.next(10s)); }) == error::session_closed);
}

TEST_CASE("blocking: many threads share a session", "[client][blocking]") {
    blocking_session zk{prepared("blocking-threads")};
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&zk, number] {
            for (int index = 0; index < 50; ++index) {
                zk.create("/" + std::to_string(number) + "-" + std::to_string(index), "");
            }
        });
    }
    for (std::thread& each : threads) {
        each.join();
    }
    CHECK(zk.get_children("/").names.size() == 200);
}

TEST_CASE("blocking: a session that cannot be opened says why", "[client][blocking]") {
    settings chosen;
    chosen.servers = "127.0.0.1:1";
    chosen.connect_timeout = 100ms;
    CHECK(error_of([&] { blocking_session{chosen}; }) == asio::error::connection_refused);
    chosen.servers = "nonsense:port";
    CHECK_THROWS_AS(blocking_session{chosen}, std::invalid_argument);
}
