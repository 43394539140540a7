/// How a session comes, goes from server to server, and ends.
#include "test/unit/client/machine_driver.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

TEST_CASE("session: starts by dialling and greets the server that answers", "[client]") {
    machine_driver driver;
    driver.machine.start(driver.now);
    CHECK(driver.said() == words{"dial 0"});
    driver.reopen();
    const auto greeting = driver.greeting();
    REQUIRE(greeting);
    CHECK(greeting->timeout_ms == 9000);
    CHECK(greeting->session == session_id{0});
    CHECK(greeting->password->size() == session_password_size);
    CHECK(greeting->read_only == false);
    driver.receive(welcome(7, 6s));
    CHECK(driver.said() == words{"state connected"});
    CHECK(driver.machine.key().id == session_id{7});
    CHECK(driver.machine.timeout() == 6s);
}

TEST_CASE("session: tries every server before it waits", "[client]") {
    machine_driver driver{short_session(), 3};
    driver.machine.start(driver.now);
    std::vector<std::string> dialled;
    for (int attempt = 0; attempt < 3; ++attempt) {
        const words said = driver.said();
        REQUIRE(said.size() == 1);
        dialled.push_back(said.front());
        driver.machine.on_unreachable(
            std::make_error_code(std::errc::host_unreachable), driver.now
        );
    }
    std::sort(dialled.begin(), dialled.end());
    CHECK(dialled == words{"dial 0", "dial 1", "dial 2"});
    CHECK(driver.said().empty());
    driver.pass(49ms);
    CHECK(driver.said().empty());
    driver.pass(52ms);
    CHECK(driver.said().size() == 1);
    CHECK(driver.machine.last_failure() == std::errc::host_unreachable);
}

TEST_CASE("session: waits longer each round but never above the limit", "[client]") {
    machine_driver driver;
    driver.machine.start(driver.now);
    duration longest{};
    for (int round = 0; round < 40; ++round) {
        driver.machine.on_unreachable(
            std::make_error_code(std::errc::host_unreachable), driver.now
        );
        const auto next = driver.machine.next_deadline();
        REQUIRE(next);
        longest = std::max(longest, *next - driver.now);
        CHECK(*next - driver.now <= 5s);
        driver.pass(*next - driver.now);
    }
    CHECK(longest >= 2500ms);
    CHECK(driver.machine.state() == session_state::connecting);
}

TEST_CASE("session: gives up a server that accepts and says nothing", "[client]") {
    machine_driver driver{short_session(), 3};
    driver.machine.start(driver.now);
    driver.said();
    driver.reopen();
    driver.pass(2999ms);
    CHECK(driver.said().empty());
    driver.pass(1ms);
    const words said = driver.said();
    REQUIRE(said.size() == 2);
    CHECK(said[0] == "hang up");
    CHECK(said[1].starts_with("dial "));
    CHECK(driver.machine.last_failure() == error::server_silent);
}

TEST_CASE("session: pings an idle server and leaves one that does not answer", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.pass(2999ms);
    CHECK(driver.sent_words().empty());
    driver.pass(1ms);
    CHECK(driver.sent_words() == "11:-2");
    driver.receive(reply(-2, 0));
    driver.pass(3s);
    CHECK(driver.sent_words() == "11:-2");
    driver.pass(3s);
    CHECK(driver.said() == words{"hang up", "state suspended", "dial 0"});
}

TEST_CASE("session: is continued on the next connection", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1);
    CHECK(driver.sent_words() == "5:1");
    driver.receive(reply(1, 42));
    driver.said();
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    CHECK(driver.said() == words{"state suspended", "dial 0"});
    driver.reopen();
    const auto greeting = driver.greeting();
    REQUIRE(greeting);
    CHECK(greeting->session == session_id{7});
    CHECK(greeting->password == bytes(16, 'p'));
    CHECK(greeting->last_zxid_seen == zxid{42});
    driver.receive(welcome(7, 9s));
    CHECK(driver.said() == words{"state connected"});
}

TEST_CASE("session: is lost when the server says that it has expired", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    driver.submit(3);
    driver.said();
    driver.reopen();
    driver.receive(refusal());
    CHECK(driver.said() == words{"hang up", "done 3 SessionExpired", "state lost"});
    CHECK(driver.machine.lost_reason() == errc::session_expired);
    CHECK_FALSE(driver.machine.next_deadline());
    driver.submit(4);
    CHECK(driver.said() == words{"done 4 SessionExpired"});
}

TEST_CASE("session: is lost when another session answers", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    driver.said();
    driver.reopen();
    driver.receive(welcome(8, 9s));
    CHECK(driver.said() == words{"hang up", "state lost"});
}

TEST_CASE("session: is lost by its own clock when a server can have ended it", "[client]") {
    machine_driver driver;
    driver.establish();
    const time_point start = driver.now;
    // The last request that is answered is sent after one second and answered after two.
    driver.pass(1s);
    driver.submit(1);
    driver.sent();
    driver.pass(1s);
    driver.receive(reply(1, 1));
    CHECK(driver.machine.valid_until() == start + 10s);
    driver.submit(2);
    driver.sent();
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    driver.said();
    while (driver.now < start + 10s - 1ms) {
        driver.machine.on_unreachable(
            std::make_error_code(std::errc::host_unreachable), driver.now
        );
        driver.pass(std::min<duration>(500ms, start + 10s - 1ms - driver.now));
    }
    CHECK(driver.machine.state() == session_state::suspended);
    driver.pass(1ms);
    CHECK(driver.machine.state() == session_state::lost);
    CHECK(driver.machine.lost_reason() == errc::session_expired);
}

TEST_CASE("session: a program that slept too long loses it before old answers count", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.pass(3s);
    CHECK(driver.sent_words() == "11:-2");
    driver.now += 1h;
    driver.receive(reply(-2, 0));
    CHECK(driver.said() == words{"hang up", "state lost"});
}

TEST_CASE("session: closes behind what was asked before", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1);
    driver.machine.close(operation_id{2}, driver.now);
    driver.submit(3);
    CHECK(driver.said() == words{"done 3 the session was closed by this program"});
    CHECK(driver.sent_words() == "5:1 -11:2");
    driver.receive(reply(1, 1) + reply(2, 2));
    CHECK(driver.said() == words{"done 1 ok", "done 2 ok", "hang up", "state lost"});
    driver.machine.close(operation_id{4}, driver.now);
    CHECK(driver.said() == words{"done 4 ok"});
}

TEST_CASE("session: closing says so when the server was not reached", "[client]") {
    machine_driver driver;
    driver.establish();
    SECTION("there is no connection") {
        driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
        driver.said();
        driver.machine.close(operation_id{2}, driver.now);
        CHECK(driver.said() == words{"hang up", "state lost", "done 2 ConnectionLoss"});
    }
    SECTION("the connection breaks before the answer") {
        driver.machine.close(operation_id{2}, driver.now);
        driver.sent();
        driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
        CHECK(driver.said() == words{"done 2 ConnectionLoss", "state lost"});
    }
    SECTION("the server does not answer") {
        driver.machine.close(operation_id{2}, driver.now);
        driver.sent();
        driver.pass(3s);
        CHECK(driver.said() == words{"hang up", "done 2 ConnectionLoss", "state lost"});
    }
}

TEST_CASE("session: proves its identities on every connection before anything else", "[client]") {
    settings chosen = short_session();
    chosen.auth.push_back({"digest", "bob:pw"});
    machine_driver driver{chosen};
    driver.machine.start(driver.now);
    driver.reopen();
    driver.submit(1);
    driver.receive(welcome(7, 9s));
    CHECK(driver.sent_words() == "100:-4 5:1");
    driver.receive(reply(-4, 0));
    driver.machine.authenticate(operation_id{2}, {"digest", "eve:pw"});
    CHECK(driver.sent_words() == "100:-4");
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    driver.said();
    driver.reopen();
    driver.receive(welcome(7, 9s));
    CHECK(driver.sent_words() == "100:-4 100:-4");
    driver.receive(reply(-4, 0) + reply(-4, 0));
    CHECK(driver.said() == words{"state connected", "done 2 ok"});
}

TEST_CASE("session: is lost when an identity is not accepted", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.machine.authenticate(operation_id{2}, {"digest", "eve:pw"});
    driver.sent();
    driver.receive(reply(-4, 0, errc::auth_failed));
    CHECK(driver.said() == words{"hang up", "done 2 AuthFailed", "state lost"});
    CHECK(driver.machine.lost_reason() == errc::auth_failed);
}

TEST_CASE("session: reads from a server without quorum until there is one with", "[client]") {
    settings chosen = short_session();
    chosen.is_read_only_allowed = true;
    machine_driver driver{chosen, 2};
    driver.machine.start(driver.now);
    driver.said();
    driver.reopen();
    CHECK(driver.greeting()->read_only == true);
    driver.receive(welcome(5, 9s, true));
    CHECK(driver.said() == words{"state connected_read_only"});
    CHECK_FALSE(driver.machine.valid_until());
    driver.machine.on_timer(driver.now);
    words said = driver.said();
    REQUIRE(said.size() == 1);
    REQUIRE(said.front().starts_with("probe "));
    const std::string probed = said.front().substr(6);
    driver.machine.on_probed(false, driver.now);
    CHECK(driver.said().empty());
    driver.pass(1s);
    driver.said();
    driver.machine.on_probed(true, driver.now);
    said = driver.said();
    REQUIRE(said.size() == 3);
    CHECK(said[0] == "hang up");
    CHECK(said[1] == "state suspended");
    CHECK(said[2] == (probed == "0" ? "dial 1" : "dial 0"));
    driver.reopen();
    // What the server without quorum has opened is known to nobody else.
    CHECK(driver.greeting()->session == session_id{0});
    driver.receive(welcome(6, 9s));
    CHECK(driver.said() == words{"state connected"});
}

TEST_CASE("session: is not given up because a server without quorum does not know it", "[client]") {
    settings chosen = short_session();
    chosen.is_read_only_allowed = true;
    machine_driver driver{chosen};
    driver.establish();
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    driver.said();
    driver.reopen();
    CHECK(driver.greeting()->read_only == false);
    driver.receive(refusal(true));
    CHECK(driver.said() == words{"hang up"});
    CHECK(driver.machine.state() == session_state::suspended);
}

TEST_CASE("session: another program's session is continued by its key", "[client]") {
    settings chosen = short_session();
    chosen.resume = {session_id{77}, bytes(16, 'q')};
    machine_driver driver{chosen};
    driver.machine.start(driver.now);
    driver.said();
    driver.reopen();
    CHECK(driver.greeting()->session == session_id{77});
    CHECK(driver.greeting()->password == bytes(16, 'q'));
    SECTION("and is alive") {
        driver.receive(welcome(77, 9s));
        CHECK(driver.said() == words{"state connected"});
    }
    SECTION("or not") {
        driver.receive(refusal());
        CHECK(driver.said() == words{"hang up", "state lost"});
    }
}

TEST_CASE("session: garbage costs the connection and nothing else", "[client]") {
    machine_driver driver;
    SECTION("before the handshake") {
        driver.machine.start(driver.now);
        driver.said();
        driver.reopen();
        const auto garbage = GENERATE(
            bytes("HTTP/1.1 400 Bad Request\r\n\r\n"),
            bytes("\0\0\0\4abcd", 8),
            bytes("\xff\xff\xff\xff", 4),
            refusal()
        );
        driver.receive(garbage);
        CHECK(driver.said() == words{"hang up"});
        CHECK(driver.machine.state() == session_state::connecting);
    }
    SECTION("after it") {
        driver.establish();
        driver.submit(1);
        driver.sent();
        const auto garbage = GENERATE(
            bytes("\xff\xff\xff\xff", 4),
            bytes("\0\0\0\4abcd", 8),
            reply(2, 1),
            reply(-2, 1),
            reply(-4, 1),
            reply(-8, 1),
            reply(-1, 1),
            reply(0, 1)
        );
        driver.receive(garbage);
        CHECK(
            driver.said() == words{"hang up", "done 1 ConnectionLoss", "state suspended", "dial 0"}
        );
        CHECK(driver.machine.last_failure() == error::bad_reply);
    }
    CHECK(driver.machine.last_failure() == error::bad_reply);
}

TEST_CASE(
    "session: a server that answers garbage for ever is dialled ever more rarely", "[client]"
) {
    machine_driver driver;
    driver.machine.start(driver.now);
    int dialled = 0;
    const time_point end = driver.now + 60s;
    while (driver.now < end) {
        driver.reopen();
        driver.receive(welcome(driver.session, 9s));
        driver.receive(bytes("\xff\xff\xff\xff", 4));
        ++dialled;
        if (const auto next = driver.machine.next_deadline()) {
            driver.pass(*next - driver.now);
        }
    }
    CHECK(dialled < 40);
    CHECK(dialled > 5);
}

TEST_CASE("session: a server that answers and hangs up is dialled ever more rarely", "[client]") {
    machine_driver driver;
    driver.machine.start(driver.now);
    int dialled = 0;
    const time_point end = driver.now + 60s;
    while (driver.now < end) {
        driver.reopen();
        driver.receive(welcome(driver.session, 9s));
        driver.receive(event(event_type::created, "/nobody-cares"));
        driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
        ++dialled;
        const words said = driver.said();
        const bool is_dialled = said.back() == "dial 0";
        if (!is_dialled) {
            const auto next = driver.machine.next_deadline();
            REQUIRE(next);
            driver.pass(*next - driver.now);
        }
        REQUIRE(dialled < 100);
    }
    CHECK(dialled > 5);
}

TEST_CASE("session: a connection that has lasted is replaced at once", "[client]") {
    machine_driver driver;
    driver.establish();
    for (int connection = 0; connection < 10; ++connection) {
        driver.pass(3s);
        driver.receive(reply(-2, 0));
        driver.said();
        driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
        CHECK(driver.said() == words{"state suspended", "dial 0"});
        driver.reopen();
        driver.receive(welcome(driver.session, 9s));
    }
}

TEST_CASE("session: is lost earlier by the margin that was asked for", "[client]") {
    settings chosen = short_session();
    SECTION("as it is") {
        chosen.deadline_margin = 2s;
        machine_driver driver{chosen};
        driver.establish();
        CHECK(driver.machine.valid_until() == driver.now + 7s);
    }
    SECTION("but a third of the timeout at most") {
        chosen.deadline_margin = 1h;
        machine_driver driver{chosen};
        driver.establish();
        CHECK(driver.machine.valid_until() == driver.now + 6s);
        driver.pass(3s);
        CHECK(driver.sent_words() == "11:-2");
        driver.receive(reply(-2, 0));
        CHECK(driver.machine.valid_until() == driver.now + 6s);
    }
}

TEST_CASE("session: once lost it stays so, whatever answer comes yet", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.pass(3s);
    CHECK(driver.sent_words() == "11:-2");
    driver.now += 6s;
    driver.machine.expire_if_due(driver.now);
    CHECK(driver.said() == words{"hang up", "state lost"});
    CHECK_FALSE(driver.machine.valid_until());
    driver.receive(reply(-2, 0));
    CHECK(driver.said().empty());
    CHECK(driver.machine.state() == session_state::lost);
}
