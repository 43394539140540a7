#include "test/support/replica_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

struct two_clients {
    replica_disk disk;
    replica_driver server{disk};
    replica_driver::connection watcher = server.open();
    replica_driver::connection writer = server.open();

    std::vector<std::string> events() {
        std::vector<std::string> seen;
        frame_log& log = server.log_of(watcher);
        while (!log.frames.empty()) {
            const received_frame frame = log.take();
            if (frame.is_event()) {
                seen.push_back(frame.event_text());
            }
        }
        return seen;
    }

    void watch(opcode type, bytes_view path) {
        server.call(watcher, request_frame(1, type, path, true));
    }

    void write(bytes_view frame) { server.call(writer, frame); }
};

using texts = std::vector<std::string>;

bytes remove_frame(bytes_view path) {
    return request_frame(1, opcode::remove, path, std::int32_t{-1});
}

bytes set_frame(bytes_view path) {
    return request_frame(
        1, opcode::set_data, path, std::optional<bytes_view>{"x"}, std::int32_t{-1}
    );
}

} // namespace

TEST_CASE("watches: an event precedes the reply to the write that fired it", "[watches][order]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.open();
    server.call(client, create_frame(1, "/a"));
    server.call(client, request_frame(2, opcode::get_data, bytes_view{"/a"}, true));
    server.send(client, set_frame("/a"));
    server.settle();
    auto& frames = server.log_of(client).frames;
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].is_event());
    CHECK(frames[0].event_text() == "changed /a");
    CHECK(frames[0].header.at == frames[1].header.at);
}

TEST_CASE(
    "watches: the event of a change precedes a read of another client's write", "[watches][order]"
) {
    two_clients test;
    test.write(create_frame(1, "/a"));
    test.watch(opcode::get_data, "/a");
    test.server.send(test.writer, set_frame("/a"));
    test.server.deliver();
    test.server.persist();
    test.server.send(test.watcher, request_frame(5, opcode::get_data, bytes_view{"/a"}, false));
    test.server.deliver();
    auto& frames = test.server.log_of(test.watcher).frames;
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].is_event());
    CHECK(frames[1].text() == "x");
}

TEST_CASE("watches: exists on a missing node fires on its creation", "[watches]") {
    two_clients test;
    test.watch(opcode::exists, "/a");
    test.write(create_frame(1, "/a"));
    CHECK(test.events() == texts{"created /a"});
    test.write(set_frame("/a"));
    CHECK(test.events().empty());
}

TEST_CASE("watches: getData on a missing node sets nothing", "[watches]") {
    two_clients test;
    test.watch(opcode::get_data, "/a");
    test.write(create_frame(1, "/a"));
    CHECK(test.events().empty());
}

TEST_CASE("watches: child watches hear of children and of the end of their node", "[watches]") {
    two_clients test;
    test.write(create_frame(1, "/a"));
    test.watch(opcode::get_children, "/a");
    test.write(create_frame(1, "/a/b"));
    CHECK(test.events() == texts{"children /a"});
    test.watch(opcode::get_children, "/a");
    test.watch(opcode::get_data, "/a/b");
    test.write(remove_frame("/a/b"));
    CHECK(test.events() == texts{"deleted /a/b", "children /a"});
}

TEST_CASE(
    "watches: recursive watches hear of everything below and never of children lists", "[watches]"
) {
    two_clients test;
    test.write(create_frame(1, "/a"));
    test.server.call(
        test.watcher, request_frame(1, opcode::add_watch, bytes_view{"/a"}, std::int32_t{1})
    );
    test.write(create_frame(1, "/a/b"));
    test.write(create_frame(1, "/a/b/c"));
    test.write(set_frame("/a/b/c"));
    test.write(remove_frame("/a/b/c"));
    CHECK(
        test.events() == texts{"created /a/b", "created /a/b/c", "changed /a/b/c", "deleted /a/b/c"}
    );
}

TEST_CASE(
    "watches: setWatches tells what was missed before its reply and watches the rest", "[watches]"
) {
    two_clients test;
    test.write(create_frame(1, "/changed"));
    test.write(create_frame(1, "/same"));
    const zxid seen = test.server.server().last_applied();
    test.write(set_frame("/changed"));
    using paths = std::vector<bytes_view>;
    test.server.send(
        test.watcher,
        request_frame(
            -8,
            opcode::set_watches,
            seen,
            paths{"/changed", "/same", "/gone"},
            paths{"/same", "/absent"},
            paths{"/"}
        )
    );
    test.server.settle();
    auto& frames = test.server.log_of(test.watcher).frames;
    REQUIRE(frames.size() == 4);
    CHECK(frames[0].event_text() == "changed /changed");
    CHECK(frames[1].event_text() == "deleted /gone");
    CHECK(frames[2].event_text() == "created /same");
    CHECK(frames[3].header.id == set_watches_xid);
    frames.clear();
    test.write(set_frame("/same"));
    test.write(create_frame(1, "/absent"));
    CHECK(test.events() == texts{"changed /same", "created /absent", "children /"});
}

TEST_CASE("watches: removing a watch that is not there is NoWatcher", "[watches]") {
    two_clients test;
    const auto remove = [&](std::int32_t type) {
        return test.server
            .call(test.watcher, request_frame(1, opcode::remove_watches, bytes_view{"/a"}, type))
            .header.error;
    };
    CHECK(remove(3) == errc::no_watcher);
    CHECK(remove(0) == errc::marshalling_error);
    CHECK(remove(6) == errc::marshalling_error);
    test.watch(opcode::exists, "/a");
    CHECK(remove(2) == errc::ok);
    test.write(create_frame(1, "/a"));
    CHECK(test.events().empty());
}

TEST_CASE(
    "watches: an event that the watcher may not read is dropped and its watch consumed",
    "[watches][acl]"
) {
    two_clients test;
    test.watch(opcode::exists, "/secret");
    bytes frame = request_frame(
        1,
        opcode::create,
        bytes_view{"/secret"},
        std::optional<bytes_view>{"x"},
        world_acl(permission::all & ~permission::read),
        std::int32_t{0}
    );
    test.write(frame);
    CHECK(test.events().empty());
    CHECK(test.server.server().watches().watch_count() == 0);
}

TEST_CASE("watches: they go with their connection", "[watches]") {
    two_clients test;
    test.watch(opcode::exists, "/a");
    test.server.disconnect(test.watcher);
    CHECK(test.server.server().watches().watch_count() == 0);
    test.write(create_frame(1, "/a"));
}
