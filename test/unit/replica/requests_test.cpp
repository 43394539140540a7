#include "test/support/replica_driver.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

bytes get_frame(std::int32_t id, bytes_view path, bool watch = false) {
    return request_frame(id, opcode::get_data, path, watch);
}

bytes set_frame(std::int32_t id, bytes_view path, bytes_view data, std::int32_t version = -1) {
    return request_frame(id, opcode::set_data, path, std::optional{data}, version);
}

struct one_client {
    replica_disk disk;
    replica_driver server{disk};
    replica_driver::connection client = server.open();

    received_frame call(bytes_view frame) { return server.call(client, frame); }

    received_frame next() { return server.log_of(client).take(); }
};

} // namespace

TEST_CASE("requests: a write is answered when it is durable and not before", "[requests]") {
    one_client test;
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.deliver();
    CHECK(test.server.log_of(test.client).frames.empty());
    test.server.persist();
    test.server.deliver();
    REQUIRE(test.server.log_of(test.client).frames.size() == 1);
    const received_frame reply = test.next();
    CHECK(reply.header.error == errc::ok);
    CHECK(reply.text() == "/a");
}

TEST_CASE("requests: a read behind a write waits for it and sees it", "[requests][order]") {
    one_client test;
    test.call(create_frame(1, "/a", "0"));
    test.server.send(test.client, set_frame(2, "/a", "1"));
    test.server.send(test.client, get_frame(3, "/a"));
    test.server.send(test.client, set_frame(4, "/a", "2"));
    test.server.send(test.client, get_frame(5, "/a"));
    test.server.settle();
    const auto& frames = test.server.log_of(test.client).frames;
    REQUIRE(frames.size() == 4);
    CHECK(frames[0].header.id == xid{2});
    CHECK(frames[1].text() == "1");
    CHECK(frames[2].header.id == xid{4});
    CHECK(frames[3].text() == "2");
    CHECK(frames[1].header.at == frames[0].header.at);
}

TEST_CASE("requests: writes of one connection are pipelined into one batch", "[requests][order]") {
    one_client test;
    for (std::int32_t id = 1; id <= 10; ++id) {
        test.server.send(test.client, create_frame(id, "/n" + std::to_string(id)));
    }
    test.server.deliver();
    test.server.persist();
    test.server.deliver();
    CHECK(test.server.log_of(test.client).frames.size() == 10);
}

TEST_CASE("requests: a failed write consumes a zxid like a successful one", "[requests]") {
    one_client test;
    const received_frame failed =
        test.call(request_frame(1, opcode::remove, bytes_view{"/none"}, std::int32_t{-1}));
    CHECK(failed.header.error == errc::no_node);
    CHECK(failed.body.empty());
    const received_frame created = test.call(create_frame(2, "/a"));
    CHECK(created.header.at == failed.header.at.next());
}

TEST_CASE("requests: a read carries the zxid of the state that it saw", "[requests]") {
    one_client test;
    const received_frame created = test.call(create_frame(1, "/a"));
    const received_frame read = test.call(get_frame(2, "/a"));
    CHECK(read.header.at == created.header.at);
    CHECK(read.stat_at_end().czxid == created.header.at);
}

TEST_CASE(
    "requests: a body that cannot be decoded is answered and the connection lives", "[requests]"
) {
    one_client test;
    CHECK(test.call(request_frame(1, opcode::get_data)).header.error == errc::marshalling_error);
    CHECK(test.call(request_frame(2, opcode::create)).header.error == errc::marshalling_error);
    CHECK(test.call(request_frame(3, opcode::ping)).header.error == errc::ok);
}

TEST_CASE("requests: an unknown opcode is answered with zxid -1 and closed", "[requests]") {
    one_client test;
    const auto type = GENERATE(
        opcode::create_session,
        opcode::delete_container,
        opcode::notification,
        static_cast<opcode>(4711)
    );
    const received_frame reply = test.call(request_frame(1, type));
    CHECK(reply.header.at == zxid{-1});
    CHECK(reply.header.error == errc::unimplemented);
    CHECK(test.server.log_of(test.client).closed);
}

TEST_CASE("requests: an unknown opcode does not overtake earlier writes", "[requests][order]") {
    one_client test;
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.send(test.client, request_frame(2, static_cast<opcode>(4711)));
    test.server.settle();
    CHECK(test.next().header.id == xid{1});
    CHECK(test.next().header.id == xid{2});
}

TEST_CASE("requests: a frame shorter than its header closes the connection", "[requests]") {
    one_client test;
    test.server.send(test.client, "1234567");
    test.server.settle();
    CHECK(test.server.log_of(test.client).closed);
}

TEST_CASE("requests: ping is answered with its own xid in turn", "[requests][order]") {
    one_client test;
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.send(test.client, request_frame(77, opcode::ping));
    test.server.settle();
    CHECK(test.next().header.id == xid{1});
    CHECK(test.next().header.id == ping_xid);
}

TEST_CASE(
    "requests: sync echoes its path behind earlier writes and before later ones",
    "[requests][order]"
) {
    one_client test;
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.send(test.client, request_frame(2, opcode::sync, std::optional<bytes_view>{"/x"}));
    test.server.send(test.client, set_frame(3, "/a", "1"));
    test.server.settle();
    const received_frame created = test.next();
    const received_frame synced = test.next();
    const received_frame set = test.next();
    CHECK(synced.header.id == xid{2});
    CHECK(synced.text() == "/x");
    CHECK(synced.header.at == created.header.at);
    CHECK(set.header.at == created.header.at.next());
}

TEST_CASE("requests: sync echoes a null path", "[requests]") {
    one_client test;
    const received_frame reply =
        test.call(request_frame(1, opcode::sync, std::optional<bytes_view>{}));
    CHECK(reply.body == bytes(4, '\xff'));
}

TEST_CASE("requests: closeSession is answered and what follows is dropped", "[requests][session]") {
    one_client test;
    test.call(create_frame(1, "/e", {}, create_mode::ephemeral));
    test.server.send(test.client, request_frame(2, opcode::close_session));
    test.server.send(test.client, create_frame(3, "/later"));
    test.server.settle();
    CHECK(test.next().header.id == xid{2});
    CHECK(test.server.log_of(test.client).frames.empty());
    CHECK(test.server.log_of(test.client).closed);
    CHECK_FALSE(test.server.server().nodes().find("/e"));
    CHECK_FALSE(test.server.server().nodes().find("/later"));
    CHECK(test.server.server().sessions().count() == 0);
}

TEST_CASE(
    "requests: a silent session expires and takes its ephemerals with it", "[requests][session]"
) {
    one_client test;
    const auto watcher = test.server.open(60'000);
    test.call(create_frame(1, "/e", {}, create_mode::ephemeral));
    test.server.call(watcher, request_frame(1, opcode::exists, bytes_view{"/e"}, true));
    test.server.advance(std::chrono::milliseconds{9'999});
    CHECK_FALSE(test.server.log_of(test.client).closed);
    test.server.advance(std::chrono::milliseconds{3'100});
    CHECK(test.server.log_of(test.client).closed);
    CHECK_FALSE(test.server.server().nodes().find("/e"));
    CHECK(test.server.log_of(watcher).take().event_text() == "deleted /e");
}

TEST_CASE(
    "requests: reads and pings keep a session alive and auth does not", "[requests][session]"
) {
    one_client test;
    const bool is_auth = GENERATE(false, true);
    for (int round = 0; round < 10; ++round) {
        test.server.advance(std::chrono::milliseconds{4'000});
        if (is_auth) {
            test.server.send(
                test.client,
                request_frame(
                    -4,
                    opcode::auth,
                    std::int32_t{0},
                    std::optional<bytes_view>{"digest"},
                    std::optional<bytes_view>{"a:b"}
                )
            );
        } else {
            test.server.send(test.client, get_frame(1, "/"));
        }
        test.server.settle();
    }
    CHECK(test.server.log_of(test.client).closed == is_auth);
}

TEST_CASE(
    "requests: a restart gives every session its full timeout again", "[requests][session][restart]"
) {
    replica_disk disk;
    connect_outcome opened;
    {
        replica_driver server{disk};
        opened = *server.log_of(server.open(10'000)).handshake;
        server.advance(std::chrono::milliseconds{9'000});
    }
    replica_driver server{disk};
    server.advance(std::chrono::milliseconds{9'000});
    CHECK(server.server().sessions().find(opened.session) != nullptr);
    server.advance(std::chrono::milliseconds{9'000});
    CHECK(server.server().sessions().find(opened.session) == nullptr);
}

TEST_CASE(
    "requests: while the disk is full writes are refused and reads go on", "[requests][limits]"
) {
    one_client test;
    test.call(create_frame(1, "/a", "kept"));
    test.server.server().refuse_writes(true);
    CHECK(test.call(create_frame(2, "/b")).header.error == errc::not_read_only);
    CHECK(test.call(get_frame(3, "/a")).text() == "kept");
    test.server.server().refuse_writes(false);
    CHECK(test.call(create_frame(4, "/b")).header.error == errc::ok);
}

TEST_CASE(
    "requests: a connection with too many waiting requests is not read further",
    "[requests][limits]"
) {
    replica::settings configured;
    configured.limits.waiting_per_connection_max = 3;
    replica_disk disk;
    replica_driver server{disk, configured};
    const auto client = server.open();
    const auto other = server.open();
    for (std::int32_t id = 1; id <= 2; ++id) {
        server.send(client, create_frame(id, "/n" + std::to_string(id)));
    }
    CHECK(server.server().wants_input(client));
    server.send(client, create_frame(3, "/n3"));
    CHECK_FALSE(server.server().wants_input(client));
    CHECK(server.server().wants_input(other));
    server.settle();
    CHECK(server.server().wants_input(client));
}

TEST_CASE(
    "requests: busy connections are not read while too much is outstanding", "[requests][limits]"
) {
    replica::settings configured;
    configured.limits.outstanding_max = 2;
    replica_disk disk;
    replica_driver server{disk, configured};
    const auto busy = server.open();
    const auto idle = server.open();
    for (std::int32_t id = 1; id <= 3; ++id) {
        server.send(busy, create_frame(id, "/n" + std::to_string(id)));
    }
    CHECK_FALSE(server.server().wants_input(busy));
    CHECK(server.server().wants_input(idle));
}

TEST_CASE(
    "requests: everything acknowledged survives a restart from any mix of checkpoint and log",
    "[requests][restart]"
) {
    replica_disk disk;
    const int checkpoint_after = GENERATE(0, 3, 5, 99);
    {
        replica_driver server{disk};
        const auto client = server.open();
        for (std::int32_t id = 1; id <= 6; ++id) {
            server.call(client, create_frame(id, "/n" + std::to_string(id), "data"));
            if (id == checkpoint_after) {
                server.server().request_checkpoint(server.now());
                server.settle();
            }
        }
    }
    replica_driver server{disk};
    for (int id = 1; id <= 6; ++id) {
        CHECK(server.server().nodes().find("/n" + std::to_string(id)).has_value());
    }
    CHECK(server.server().nodes().current_digest() == server.server().nodes().compute_digest());
}

TEST_CASE(
    "requests: a checkpoint that fails loses nothing and is tried again", "[requests][checkpoint]"
) {
    one_client test;
    test.server.hold_checkpoints = true;
    test.call(create_frame(1, "/a"));
    test.server.server().request_checkpoint(test.server.now());
    test.server.settle();
    REQUIRE(test.server.has_checkpoint());
    test.server.complete_checkpoint(false);
    CHECK(test.call(get_frame(2, "/a")).header.error == errc::ok);
    test.server.advance(std::chrono::milliseconds{9'000});
    test.server.send(test.client, request_frame(3, opcode::ping));
    for (int round = 0; round < 4 && !test.server.has_checkpoint(); ++round) {
        test.server.advance(std::chrono::milliseconds{9'000});
    }
    REQUIRE(test.server.has_checkpoint());
    test.server.complete_checkpoint(true);
    test.server.deliver();
    CHECK(test.server.log_needed_from().has_value());
}

TEST_CASE("requests: everything before a closeSession is answered first", "[requests][order]") {
    one_client test;
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.send(test.client, get_frame(2, "/a"));
    test.server.send(test.client, request_frame(3, opcode::close_session));
    test.server.settle();
    REQUIRE(test.server.log_of(test.client).frames.size() == 3);
    CHECK(test.next().header.id == xid{1});
    CHECK(test.next().header.id == xid{2});
    CHECK(test.next().header.id == xid{3});
}

TEST_CASE(
    "requests: everything before a failed auth is answered first", "[requests][order][auth]"
) {
    one_client test;
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.send(test.client, get_frame(2, "/a"));
    test.server.send(
        test.client,
        request_frame(
            -4,
            opcode::auth,
            std::int32_t{0},
            std::optional<bytes_view>{"bogus"},
            std::optional<bytes_view>{"x"}
        )
    );
    test.server.send(test.client, create_frame(3, "/b"));
    test.server.settle();
    REQUIRE(test.server.log_of(test.client).frames.size() == 3);
    CHECK(test.server.log_of(test.client).frames[1].header.error == errc::ok);
    CHECK(test.server.log_of(test.client).frames[2].header.error == errc::auth_failed);
    CHECK(test.server.log_of(test.client).closed);
    CHECK_FALSE(test.server.server().nodes().find("/b"));
}

// Found by simulation seed 27: a read that waited between two writes was left out when the session
// expired meanwhile, and the write behind it was answered.
TEST_CASE(
    "requests: a connection whose session has expired gets no further reply", "[requests][session]"
) {
    one_client test;
    const auto other = test.server.open(60'000);
    test.server.send(other, request_frame(1, opcode::ping));
    const auto expires = *test.server.server().sessions().next_deadline();
    test.server.server().on_tick({expires - std::chrono::milliseconds{1}, test.server.now().wall_ms}
    );
    test.server.server().on_tick({expires, test.server.now().wall_ms});
    test.server.send(test.client, create_frame(1, "/a"));
    test.server.send(test.client, get_frame(2, "/a"));
    test.server.send(test.client, create_frame(3, "/b"));
    test.server.settle();
    CHECK(test.server.log_of(test.client).frames.empty());
    CHECK(test.server.log_of(test.client).closed);
}

TEST_CASE("requests: who could not be heard is not over", "[requests][session]") {
    one_client test;
    const session_id session = test.server.log_of(test.client).handshake->session;
    const auto is_open = [&] {
        return test.server.server().sessions().find(session) != nullptr;
    };
    test.server.advance(std::chrono::milliseconds{1'000});
    test.server.sleep(std::chrono::milliseconds{30'000});
    test.server.advance(std::chrono::milliseconds{500});
    CHECK(is_open());
    SECTION("it pings") {
        test.server.send(test.client, request_frame(1, opcode::ping));
        test.server.advance(std::chrono::milliseconds{5'000});
        CHECK(is_open());
    }
    SECTION("it is gone") {
        test.server.advance(std::chrono::milliseconds{31'000});
        CHECK_FALSE(is_open());
    }
}

TEST_CASE("requests: after a very long absence nobody keeps what he has for as long", "[session]") {
    replica::settings configured;
    configured.session_timeout_ms_max = 20'000;
    replica_disk disk;
    replica_driver server{disk, configured};
    const session_id session = server.log_of(server.open()).handshake->session;
    server.advance(std::chrono::milliseconds{1'000});
    server.sleep(std::chrono::hours{10});
    server.advance(std::chrono::milliseconds{500});
    CHECK(server.server().sessions().find(session) != nullptr);
    server.advance(std::chrono::milliseconds{24'000});
    CHECK(server.server().sessions().find(session) == nullptr);
}

TEST_CASE(
    "requests: a connection with too many reads behind a write is not read further",
    "[requests][limits]"
) {
    replica::settings configured;
    configured.limits.deferred_per_connection_max = 2;
    replica_disk disk;
    replica_driver server{disk, configured};
    const auto client = server.open();
    server.send(client, create_frame(1, "/a"));
    server.send(client, get_frame(2, "/a"));
    CHECK(server.server().wants_input(client));
    server.send(client, get_frame(3, "/a"));
    CHECK_FALSE(server.server().wants_input(client));
    server.settle();
    CHECK(server.server().wants_input(client));
}
