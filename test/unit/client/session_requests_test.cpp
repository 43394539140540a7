/// What becomes of requests, whatever the connection does.
#include "test/unit/client/machine_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

TEST_CASE("requests: are sent in the order of issue and answered in that order", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(11);
    driver.submit(12);
    driver.submit(13);
    CHECK(driver.sent_words() == "5:1 5:2 5:3");
    driver.receive(reply(1, 5, errc::ok, "one") + reply(2, 6, errc::no_node));
    CHECK(driver.said() == words{"done 11 ok one", "done 12 NoNode"});
    CHECK(driver.machine.last_zxid() == zxid{6});
    driver.receive(reply(3, 7));
    CHECK(driver.said() == words{"done 13 ok"});
}

TEST_CASE("requests: no more are under way than keep a server busy", "[client]") {
    machine_driver driver;
    driver.establish();
    constexpr std::size_t limit = 2000;
    for (std::uint64_t id = 1; id <= limit + 2; ++id) {
        driver.submit(id);
    }
    CHECK(driver.sent().size() == limit);
    CHECK(driver.sent().empty());
    driver.receive(reply(1, 1));
    CHECK(driver.sent_words() == "5:2001");
}

TEST_CASE("requests: wait for the first connection", "[client]") {
    machine_driver driver;
    driver.submit(1);
    driver.machine.start(driver.now);
    driver.reopen();
    CHECK(driver.sent_words().empty());
    driver.receive(welcome(7, 9s));
    CHECK(driver.sent_words() == "5:1");
}

TEST_CASE("requests: a lost write is in doubt and holds back the writes behind it", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1);
    driver.submit(2, opcode::get_data, true);
    CHECK(driver.sent_words() == "5:1 4:2");
    driver.submit(3);
    driver.submit(4, opcode::get_data, true);
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    CHECK(
        driver.said() ==
        words{
            "done 1 ConnectionLoss",
            "done 3 the request was not sent, so it has not taken effect",
            "state suspended",
            "dial 0"}
    );
    driver.submit(5);
    driver.reopen();
    driver.receive(welcome(7, 9s));
    // Reads are asked again, in their order, with new numbers.
    CHECK(driver.sent_words() == "4:3 4:4 5:5");
}

TEST_CASE("requests: writes that were not sent wait if nothing was lost before them", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1, opcode::get_data, true);
    driver.sent();
    driver.submit(2);
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    CHECK(driver.said() == words{"state suspended", "dial 0"});
    driver.reopen();
    driver.receive(welcome(7, 9s));
    CHECK(driver.sent_words() == "4:2 5:3");
}

TEST_CASE("requests: reads are not repeated where that is switched off", "[client]") {
    settings chosen = short_session();
    chosen.retries_reads = false;
    machine_driver driver{chosen};
    driver.establish();
    driver.submit(1, opcode::get_data, true);
    driver.sent();
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    CHECK(driver.said() == words{"done 1 ConnectionLoss", "state suspended", "dial 0"});
}

TEST_CASE("requests: writes wait on if only reads were lost before them", "[client]") {
    settings chosen = short_session();
    chosen.retries_reads = GENERATE(true, false);
    machine_driver driver{chosen};
    driver.establish();
    driver.submit(1, opcode::get_data, true);
    driver.sent();
    driver.machine.cancel(operation_id{1});
    driver.said();
    driver.submit(2);
    driver.machine.on_closed(make_error_code(error::server_hung_up), driver.now);
    CHECK(driver.said() == words{"state suspended", "dial 0"});
    driver.reopen();
    driver.receive(welcome(7, 9s));
    CHECK(driver.sent_words() == "5:2");
}

TEST_CASE("requests: one whose answer makes no sense is not asked again", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1, opcode::get_data, true);
    driver.submit(2, opcode::get_data, true);
    driver.sent();
    const auto nonsense =
        GENERATE(bytes("\x7f\xff\xff\xff", 4), reply(2, 1), bytes("\0\0\0\1x", 5));
    driver.receive(nonsense);
    CHECK(
        driver.said() ==
        words{
            "done 1 " + make_error_code(error::bad_reply).message(),
            "hang up",
            "state suspended",
            "dial 0"}
    );
    driver.reopen();
    driver.receive(welcome(7, 9s));
    CHECK(driver.sent_words() == "4:3");
}

TEST_CASE("requests: a deadline counts before the session is opened", "[client]") {
    machine_driver driver;
    request issued;
    issued.deadline = driver.now + 1s;
    driver.machine.submit(operation_id{1}, std::move(issued));
    driver.pass(999ms);
    CHECK(driver.said().empty());
    driver.pass(1ms);
    CHECK(driver.said() == words{"done 1 the request was not sent, so it has not taken effect"});
}

TEST_CASE("requests: a cancelled one ends at once and its reply is ignored", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1);
    driver.submit(2);
    driver.sent();
    driver.submit(3);
    driver.machine.cancel(operation_id{1});
    driver.machine.cancel(operation_id{3});
    driver.machine.cancel(operation_id{1});
    driver.machine.cancel(operation_id{99});
    CHECK(driver.said() == words{"done 1 Operation canceled", "done 3 Operation canceled"});
    CHECK(driver.sent_words().empty());
    driver.receive(reply(1, 1) + reply(2, 2));
    CHECK(driver.said() == words{"done 2 ok"});
}

TEST_CASE("requests: a deadline says whether the request was sent", "[client]") {
    machine_driver driver;
    driver.establish();
    const auto submit_within = [&](std::uint64_t id, duration limit) {
        request issued;
        issued.type = opcode::set_data;
        issued.deadline = driver.now + limit;
        driver.machine.submit(operation_id{id}, std::move(issued));
    };
    submit_within(1, 500ms);
    submit_within(2, 1h);
    driver.sent();
    submit_within(3, 500ms);
    driver.now += 500ms;
    driver.machine.on_timer(driver.now);
    CHECK(
        driver.said() ==
        words{
            "done 1 OperationTimeout",
            "done 3 the request was not sent, so it has not taken effect"}
    );
    driver.receive(reply(1, 1) + reply(2, 2));
    CHECK(driver.said() == words{"done 2 ok"});
}

TEST_CASE("requests: what no server would take is refused here", "[client]") {
    settings chosen = short_session();
    chosen.request_size_max = 100;
    machine_driver driver{chosen};
    const auto submit_of_size = [&](std::uint64_t id, std::size_t size) {
        request issued;
        issued.body = bytes(size, 'x');
        driver.machine.submit(operation_id{id}, std::move(issued));
    };
    submit_of_size(1, 91);
    submit_of_size(2, 92);
    submit_of_size(3, 93);
    CHECK(driver.said() == words{"done 3 the request is larger than a server accepts"});
}

TEST_CASE("requests: what waits is bounded and what was sent does not count", "[client]") {
    settings chosen = short_session();
    chosen.queued_bytes_max = 100 + request_pipeline::overhead_size;
    machine_driver driver{chosen};
    const auto submit_of_size = [&](std::uint64_t id, std::size_t size) {
        request issued;
        issued.body = bytes(size, 'x');
        driver.machine.submit(operation_id{id}, std::move(issued));
    };
    submit_of_size(1, 100);
    submit_of_size(2, 1);
    CHECK(driver.said() == words{"done 2 too many bytes wait to be sent to the server"});
    driver.machine.cancel(operation_id{1});
    submit_of_size(3, 100);
    CHECK(driver.said() == words{"done 1 Operation canceled"});
    driver.establish();
    submit_of_size(4, 100);
    CHECK(driver.said().empty());
}

TEST_CASE("requests: what waits is bounded in number, too", "[client]") {
    settings chosen = short_session();
    chosen.queued_bytes_max = 3 * request_pipeline::overhead_size;
    machine_driver driver{chosen};
    for (std::uint64_t id = 1; id <= 4; ++id) {
        driver.submit(id);
    }
    CHECK(driver.said() == words{"done 4 too many bytes wait to be sent to the server"});
}

TEST_CASE("requests: a reply that its owner cannot read costs the connection", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1);
    driver.submit(2);
    driver.sent();
    driver.receive(reply(1, 1, errc::ok, "?"));
    CHECK(driver.said() == words{"done 1 ok ?"});
    driver.machine.distrust(driver.now);
    CHECK(driver.said() == words{"hang up", "done 2 ConnectionLoss", "state suspended", "dial 0"});
}

TEST_CASE("requests: giving up the session ends them all", "[client]") {
    machine_driver driver;
    driver.establish();
    driver.submit(1);
    driver.sent();
    driver.submit(2);
    driver.machine.authenticate(operation_id{3}, {"digest", "a:b"});
    driver.machine.abandon();
    CHECK(
        driver.said() ==
        words{
            "hang up",
            "done 1 ConnectionLoss",
            "done 2 the session was closed by this program",
            "done 3 the session was closed by this program",
            "state lost"}
    );
    driver.machine.abandon();
    driver.machine.on_timer(driver.now + 1h);
    driver.receive(reply(1, 1));
    CHECK(driver.said().empty());
}
