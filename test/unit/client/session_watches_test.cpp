/// What a session does with its watches.
#include "test/unit/client/machine_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

/// A connected session with watches 1 (data of /a), 2 (children of /a), 3 (/n that does not exist),
/// 4 (persistent on /a) and 5 (recursive on /r).
void set_all(machine_driver& driver) {
    driver.watch(1, 1, watch_kind::data, "/a");
    driver.watch(2, 2, watch_kind::child, "/a");
    driver.watch(3, 3, watch_kind::exist, "/n");
    driver.watch(4, 4, watch_kind::persistent, "/a");
    driver.watch(5, 5, watch_kind::recursive, "/r");
    driver.sent();
    driver.receive(
        reply(1, 10) + reply(2, 10) + reply(3, 10, errc::no_node) + reply(4, 10) + reply(5, 10)
    );
    driver.said();
}

struct restored_lists {
    opcode type{};
    bytes body; ///< what `lists` looks into
    set_watches_request lists;
};

std::vector<restored_lists> restorations(machine_driver& driver) {
    std::vector<restored_lists> found;
    for (sent_request& each : driver.sent()) {
        if (each.header.id == set_watches_xid) {
            restored_lists next{each.header.type, std::move(each.body), {}};
            found.push_back(std::move(next));
        }
    }
    for (restored_lists& each : found) {
        const auto lists = decode_set_watches(each.body, each.type);
        REQUIRE(lists);
        each.lists = *lists;
    }
    return found;
}

void reconnect(machine_driver& driver) {
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    driver.said();
    driver.reopen();
    driver.receive(welcome(driver.session, 9s));
    driver.said();
}

} // namespace

TEST_CASE("watches: an event comes before the reply that the server sent after it", "[client]") {
    machine_driver driver;
    driver.establish();
    set_all(driver);
    driver.submit(6);
    driver.sent();
    driver.receive(event(event_type::data_changed, "/a") + reply(6, 11));
    CHECK(
        driver.said() == words{"event 1 data_changed /a", "event 4 data_changed /a", "done 6 ok"}
    );
    driver.receive(event(event_type::data_changed, "/a"));
    CHECK(driver.said() == words{"event 4 data_changed /a"});
}

TEST_CASE("watches: each event reaches those whom it concerns", "[client]") {
    machine_driver driver;
    driver.establish();
    set_all(driver);
    driver.receive(event(event_type::created, "/n"));
    CHECK(driver.said() == words{"event 3 created /n"});
    driver.receive(event(event_type::children_changed, "/a"));
    CHECK(driver.said() == words{"event 2 children_changed /a", "event 4 children_changed /a"});
    driver.receive(event(event_type::created, "/r/x/y"));
    CHECK(driver.said() == words{"event 5 created /r/x/y"});
    driver.receive(event(event_type::children_changed, "/r/x"));
    driver.receive(event(event_type::created, "/rest"));
    CHECK(driver.said().empty());
    driver.receive(event(event_type::deleted, "/a"));
    CHECK(driver.said() == words{"event 1 deleted /a", "event 4 deleted /a"});
}

TEST_CASE("watches: are set again on the next connection", "[client]") {
    machine_driver driver;
    driver.establish();
    set_all(driver);
    reconnect(driver);
    const auto sent = restorations(driver);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].type == opcode::set_watches2);
    CHECK(sent[0].lists.relative_zxid == zxid{10});
    CHECK(sent[0].lists.data == std::vector<bytes_view>{"/a"});
    CHECK(sent[0].lists.exist == std::vector<bytes_view>{"/n"});
    CHECK(sent[0].lists.child == std::vector<bytes_view>{"/a"});
    CHECK(sent[0].lists.persistent == std::vector<bytes_view>{"/a"});
    CHECK(sent[0].lists.recursive == std::vector<bytes_view>{"/r"});
    // What was missed is told first; persistent watches learn that they may have missed something.
    driver.receive(event(event_type::data_changed, "/a") + reply(-8, 20));
    CHECK(
        driver.said() ==
        words{
            "event 1 data_changed /a",
            "event 4 data_changed /a",
            "event 4 restored /a",
            "event 5 restored /r"}
    );
}

TEST_CASE("watches: old servers see the old request where it is enough", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.watch(1, 1, watch_kind::data, "/a");
    driver.sent();
    driver.receive(reply(1, 3));
    reconnect(driver);
    const auto sent = restorations(driver);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].type == opcode::set_watches);
    CHECK(sent[0].lists.data == std::vector<bytes_view>{"/a"});
}

TEST_CASE("watches: many are set again in requests that a server takes", "[client]") {
    machine_driver driver;
    driver.establish();
    constexpr std::size_t count = 3000;
    for (std::size_t index = 0; index < count; ++index) {
        const bytes path = "/" + bytes(1000, 'x') + std::to_string(index);
        driver.watch(index + 1, index + 1, watch_kind::recursive, path);
    }
    std::int32_t answered = 0;
    for (auto sent = driver.sent(); !sent.empty(); sent = driver.sent()) {
        for (std::size_t index = 0; index < sent.size(); ++index) {
            driver.receive(reply(++answered, 1));
        }
    }
    driver.said();
    reconnect(driver);
    const auto sent = restorations(driver);
    std::size_t restored = 0;
    for (const restored_lists& each : sent) {
        CHECK(each.body.size() < 200'000);
        restored += each.lists.recursive.size();
    }
    CHECK(restored == count);
    for (std::size_t index = 0; index + 1 < sent.size(); ++index) {
        driver.receive(reply(-8, 2));
    }
    CHECK(driver.said().empty());
    driver.receive(reply(-8, 2));
    CHECK(driver.said().size() == count);
}

TEST_CASE("watches: end with the connection where they are not to be set again", "[client]") {
    settings chosen = short_session();
    chosen.restores_watches = false;
    machine_driver driver{chosen};
    driver.establish();
    driver.watch(1, 1, watch_kind::data, "/a");
    driver.sent();
    driver.receive(reply(1, 3));
    driver.said();
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    CHECK(driver.said() == words{"end of watch 1 ConnectionLoss", "state suspended", "dial 0"});
    driver.reopen();
    driver.receive(welcome(7, 9s));
    CHECK(driver.sent().empty());
}

TEST_CASE("watches: end when a server cannot set them again", "[client]") {
    machine_driver driver;
    driver.establish();
    set_all(driver);
    reconnect(driver);
    driver.receive(reply(-8, 2, errc::unimplemented));
    CHECK(driver.said().size() == 5);
}

TEST_CASE("watches: end with the session", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.watch(1, 1, watch_kind::data, "/a");
    driver.sent();
    driver.receive(reply(1, 3));
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    driver.said();
    driver.reopen();
    driver.receive(refusal());
    CHECK(driver.said() == words{"hang up", "end of watch 1 SessionExpired", "state lost"});
}

TEST_CASE("watches: a failed request sets none", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.watch(1, 1, watch_kind::data, "/a");
    driver.sent();
    driver.receive(reply(1, 3, errc::no_node) + event(event_type::created, "/a"));
    CHECK(driver.said() == words{"done 1 NoNode"});
    reconnect(driver);
    CHECK(driver.sent().empty());
}

TEST_CASE("watches: the server forgets what its last owner has left", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.watch(1, 1, watch_kind::data, "/a");
    driver.watch(2, 2, watch_kind::data, "/a");
    driver.sent();
    driver.receive(reply(1, 3) + reply(2, 3));
    driver.said();
    driver.machine.forget_watch(watch_id{1});
    CHECK(driver.sent().empty());
    SECTION("when nobody else wants it") {
        driver.machine.forget_watch(watch_id{2});
        const auto sent = driver.sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].header.type == opcode::remove_watches);
        bytes expected;
        jute::writer{expected}(bytes_view{"/a"}, std::int32_t{2});
        CHECK(sent[0].body == expected);
        driver.receive(reply(3, 4, errc::no_watcher) + event(event_type::data_changed, "/a"));
        CHECK(driver.said().empty());
    }
    SECTION("but not when somebody is about to set it again") {
        driver.watch(3, 3, watch_kind::data, "/a");
        driver.machine.forget_watch(watch_id{2});
        CHECK(driver.sent_words() == "4:3");
        driver.receive(reply(3, 4) + event(event_type::data_changed, "/a"));
        CHECK(driver.said() == words{"done 3 ok", "event 3 data_changed /a"});
    }
    SECTION("and nothing is said when it has fired") {
        driver.receive(event(event_type::data_changed, "/a"));
        driver.said();
        driver.machine.forget_watch(watch_id{2});
        CHECK(driver.sent().empty());
    }
}

TEST_CASE("watches: a cancelled request leaves none behind", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.watch(1, 1, watch_kind::recursive, "/a");
    driver.sent();
    driver.machine.cancel(operation_id{1});
    driver.said();
    driver.receive(reply(1, 3));
    CHECK(driver.sent_words() == "18:2");
    driver.receive(event(event_type::data_changed, "/a"));
    CHECK(driver.said().empty());
}

TEST_CASE("watches: a persistent one is removed without those beside it", "[client]") {
    machine_driver driver;
    driver.establish();
    set_all(driver);
    const auto removal_type = [&](std::uint64_t id) {
        driver.machine.forget_watch(watch_id{id});
        const auto sent = driver.sent();
        REQUIRE(sent.size() == 1);
        std::int32_t type = 0;
        bytes_view path;
        jute::reader{sent[0].body}(path, type);
        return type;
    };
    CHECK(removal_type(4) == 4);
    CHECK(removal_type(2) == 1);
    CHECK(removal_type(1) == 2);
    CHECK(removal_type(5) == 3);
}
