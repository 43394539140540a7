/// What becomes of requests and sessions between two servers, as their leader sees it.
#include "test/support/replica_ensemble.hpp"
#include "test/unit/replica/one_of_several.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

constexpr session_id guest{std::int64_t{2} << 56}; ///< opened at server 2

replica::forwarded_request guest_request(std::uint64_t sequence, opcode type, bytes_view body) {
    return {sequence, guest, 5, type, {{"ip", "127.0.0.1"}}, bytes{body}};
}

replica::forwarded_request guest_create(std::uint64_t sequence, bytes_view path) {
    constexpr std::size_t header_size = 8;
    return guest_request(
        sequence, opcode::create, bytes_view{create_frame(1, path)}.substr(header_size)
    );
}

/// Leads, and has an observer with a session.
class leader_with_guest {
public:
    leader_with_guest() : server_(disk_, settings_of(members(2, false))) {
        bytes timeout;
        jute::writer{timeout}(std::int32_t{8000});
        forward(0, {guest_request(1, opcode::create_session, timeout)});
    }

    void forward(std::uint64_t behind, std::vector<replica::forwarded_request> requests) {
        hear(replica::forward_message{now_in(), 7, behind, std::move(requests)});
        server_.settle();
    }

    void hear(const replica::peer_message& what) {
        REQUIRE(server_.server().on_peer_frame(server_id{2}, encode(what), server_.now()));
    }

    [[nodiscard]] epoch now_in() { return server_.server().last_applied().in_epoch(); }

    [[nodiscard]] bool has(bytes_view path) {
        return server_.server().nodes().find(path).has_value();
    }

    replica::replica& replica() { return server_.server(); }

    [[nodiscard]] replica::instant now() const { return server_.now(); }

private:
    replica_disk disk_;
    replica_driver server_;
};

std::vector<replica::revalidate_answer> answers_in(const replica::outputs& from) {
    std::vector<replica::revalidate_answer> all;
    for (const replica::peer_output& each : from.peers) {
        const auto message = replica::decode_peer_message(each.frame);
        if (const auto* answer = std::get_if<replica::revalidate_answer>(&message.value())) {
            all.push_back(*answer);
        }
    }
    return all;
}

} // namespace

TEST_CASE("move: requests behind a lost message wait until it is sent again", "[forward]") {
    leader_with_guest leader;
    leader.forward(2, {guest_create(3, "/late")});
    CHECK_FALSE(leader.has("/late"));
    leader.forward(0, {guest_create(2, "/early"), guest_create(3, "/late")});
    CHECK(leader.has("/early"));
    CHECK(leader.has("/late"));
}

TEST_CASE("move: requests that are sent again take effect once", "[forward]") {
    leader_with_guest leader;
    leader.forward(0, {guest_create(2, "/a")});
    const zxid before = leader.replica().last_applied();
    leader.forward(0, {guest_create(2, "/a"), guest_create(3, "/b")});
    CHECK(leader.replica().last_applied() == before.next());
    CHECK(leader.has("/b"));
}

TEST_CASE("move: a session that is being closed is over once that is decided", "[sessions]") {
    leader_with_guest leader;
    replica::instant later = leader.now();
    later.monotonic += std::chrono::seconds{20};
    leader.replica().on_tick(later);
    REQUIRE(leader.replica().sessions().find(guest)->closing);
    leader.hear(replica::revalidate_message{leader.now_in(), guest, 5, 8000});
    replica::outputs before;
    leader.replica().take_outputs(before, later);
    CHECK(answers_in(before).empty());
    leader.replica().on_persisted(before.operation, later);
    replica::outputs after;
    leader.replica().take_outputs(after, later);
    REQUIRE(answers_in(after).size() == 1);
    CHECK(answers_in(after).front().in == leader.now_in());
    CHECK_FALSE(answers_in(after).front().is_valid);
}

TEST_CASE("move: a refused write tells of no earlier state than those before it", "[order]") {
    replica_disk disk;
    replica_driver server{disk};
    const auto client = server.open();
    server.send(client, create_frame(1, "/a"));
    server.server().refuse_writes(true);
    server.send(client, create_frame(2, "/b"));
    server.settle();
    const received_frame first = server.log_of(client).take();
    const received_frame second = server.log_of(client).take();
    CHECK(first.header.error == errc::ok);
    CHECK(second.header.error == errc::not_read_only);
    CHECK(second.header.at >= first.header.at);
}

namespace {

/// Three servers, and a session that was opened at the leader while the disk of a follower is slow.
/// Its client goes to that follower at once, and has seen no zxid yet.
class hasty_client {
public:
    hasty_client() {
        for (const std::uint32_t id : {1, 2, 3}) {
            servers_.start(id);
        }
        const std::uint32_t leader = servers_.elect();
        REQUIRE(leader != 0);
        slow_ = leader == 3 ? 2 : 3;
        slow().hold_log = true;
        const auto first = servers_[leader].connect();
        servers_[leader].send(first, connect_frame(8000));
        servers_.settle();
        opened_ = servers_[leader].log_of(first).handshake.value();
        servers_[leader].disconnect(first);
        there_ = slow().connect();
        slow().send(there_, connect_frame(8000, opened_.session, opened_.password));
        servers_.settle();
    }

    void run_for(std::chrono::milliseconds time) { servers_.run_for(time); }

    void let_disk_catch_up() {
        slow().hold_log = false;
        servers_.settle();
    }

    replica_driver& slow() { return servers_[slow_]; }

    frame_log& replies() { return slow().log_of(there_); }

    [[nodiscard]] const connect_outcome& opened() const { return opened_; }

private:
    replica_ensemble servers_{3};
    std::uint32_t slow_ = 0;
    connect_outcome opened_;
    replica_driver::connection there_;
};

} // namespace

TEST_CASE("move: a session that is not applied here yet is waited for", "[sessions]") {
    hasty_client client;
    REQUIRE(client.slow().server().is_following());
    CHECK_FALSE(client.replies().closed);
    CHECK_FALSE(client.replies().handshake);
    client.let_disk_catch_up();
    REQUIRE(client.replies().handshake);
    CHECK(client.replies().handshake->session == client.opened().session);
    CHECK_FALSE(client.replies().closed);
}

TEST_CASE("move: a session that does not get here soon is sent elsewhere", "[sessions]") {
    hasty_client client;
    client.run_for(std::chrono::milliseconds{490});
    CHECK_FALSE(client.replies().closed);
    client.run_for(std::chrono::milliseconds{20});
    CHECK(client.replies().closed);
    CHECK_FALSE(client.replies().handshake);
}

TEST_CASE("move: a session is over only if a quorum still follows who says so", "[sessions]") {
    replica_ensemble servers{3};
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    replica_driver& leader = servers[servers.elect()];
    REQUIRE(leader.server().is_leading());
    const auto first = leader.open();
    servers.settle();
    const connect_outcome opened = leader.log_of(first).handshake.value();
    leader.send(first, request_frame(1, opcode::close_session));
    servers.settle();
    const auto late = leader.resume(opened.session, opened.password);
    CHECK_FALSE(leader.log_of(late).handshake); // nobody has answered yet
    CHECK_FALSE(leader.log_of(late).closed);
    servers.run_for(std::chrono::milliseconds{300});
    REQUIRE(leader.log_of(late).handshake);
    CHECK(leader.log_of(late).handshake->session == session_id{});
}

TEST_CASE("move: what a client has left at a leader is not asked of the next one", "[sessions]") {
    replica_ensemble servers{3};
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    const std::uint32_t leader = servers.elect();
    REQUIRE(leader != 0);
    const auto first = servers[leader].open();
    servers.settle();
    const connect_outcome opened = servers[leader].log_of(first).handshake.value();
    replica_driver& other = servers[leader % 3 + 1];
    const auto second = other.resume(opened.session, opened.password);
    servers.settle();
    REQUIRE(other.log_of(second).handshake->session == opened.session);
    CHECK_FALSE(servers[leader].log_of(first).closed); // it may still read here
    servers[leader].server().resign(servers[leader].now());
    servers.run_for(std::chrono::milliseconds{100});
    REQUIRE(servers.elect() != leader);
    CHECK(servers[leader].log_of(first).closed);
    CHECK_FALSE(other.log_of(second).closed);
}

TEST_CASE("move: who serves under a new leader tells it who is there", "[sessions]") {
    replica::settings precise;
    precise.tick = std::chrono::milliseconds{100}; // of deadlines
    replica_ensemble servers{5, precise};
    for (const std::uint32_t id : {1, 2, 3, 4, 5}) {
        servers.start(id);
    }
    const std::uint32_t first_leader = servers.elect();
    REQUIRE(first_leader != 0);
    const std::uint32_t late = first_leader % 5 + 1;
    const auto client = servers[late].open(4000);
    servers.settle();
    const session_id session = servers[late].log_of(client).handshake.value().session;
    servers[late].hold_log = true; // it cannot serve in the next epoch before its disk has that
    servers.crash(first_leader);
    while (servers.leader() == 0) {
        servers.run_for(std::chrono::milliseconds{10});
    }
    const auto deadline = [&] {
        return servers[servers.leader()].server().sessions().find(session)->deadline;
    };
    const auto before = deadline();
    servers.run_for(std::chrono::milliseconds{500});
    CHECK(deadline() == before);
    servers[late].hold_log = false;
    servers.run_for(std::chrono::milliseconds{500});
    REQUIRE(servers[late].server().is_serving());
    CHECK(deadline() > before);
}

TEST_CASE("move: a new leader learns the timeouts that were negotiated elsewhere", "[sessions]") {
    replica_ensemble servers{5};
    for (const std::uint32_t id : {1, 2, 3, 4, 5}) {
        servers.start(id);
    }
    const std::uint32_t first_leader = servers.elect();
    REQUIRE(first_leader != 0);
    const std::uint32_t home = first_leader == 1 ? 2 : 1;
    const auto first = servers[first_leader].open(8000);
    servers.settle();
    const connect_outcome opened = servers[first_leader].log_of(first).handshake.value();
    const auto second = servers[home].resume(opened.session, opened.password, 20'000);
    servers.settle();
    REQUIRE(servers[home].log_of(second).handshake->timeout_ms == 20'000);
    servers.crash(first_leader);
    const std::uint32_t next_leader = servers.elect();
    REQUIRE(next_leader != 0);
    REQUIRE(next_leader != home); // who knows it
    servers.run_for(std::chrono::milliseconds{100});
    const auto* known = servers[next_leader].server().sessions().find(opened.session);
    CHECK(known->timeout == std::chrono::milliseconds{20'000});
}

TEST_CASE("move: what a server says of a session that has left it is old news", "[sessions]") {
    leader_with_guest leader;
    leader.hear(replica::touch_message{{{guest, 9000}}});
    CHECK(leader.replica().sessions().find(guest)->timeout == std::chrono::milliseconds{9000});
    const auto elsewhere = replica::revalidate_message{leader.now_in(), guest, 5, 7000};
    REQUIRE(leader.replica().on_peer_frame(server_id{3}, encode(elsewhere), leader.now()));
    leader.hear(replica::touch_message{{{guest, 9000}}});
    CHECK(leader.replica().sessions().find(guest)->timeout == std::chrono::milliseconds{7000});
}

TEST_CASE("move: a late handshake does not take the session from where it is", "[sessions]") {
    replica_ensemble servers{3};
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    const std::uint32_t leader = servers.elect();
    REQUIRE(leader != 0);
    const std::uint32_t home = GENERATE(0, 1) == 0 ? leader : leader % 3 + 1;
    const std::uint32_t late = (leader + 1) % 3 + 1;
    const auto client = servers[home].open();
    servers.settle();
    const connect_outcome opened = servers[home].log_of(client).handshake.value();
    const auto given_up = servers[late].connect();
    servers[late].send(given_up, connect_frame(8000, opened.session, opened.password));
    servers[late].disconnect(given_up);
    servers.settle();
    servers[home].send(client, create_frame(1, "/a"));
    servers.settle();
    CHECK_FALSE(servers[home].log_of(client).closed);
    REQUIRE(servers[home].log_of(client).frames.size() == 1);
    CHECK(servers[home].log_of(client).take().header.error == errc::ok);
}

TEST_CASE("move: a declined session goes back only from the place that declines", "[sessions]") {
    leader_with_guest leader;
    const epoch in = leader.now_in();
    leader.hear(replica::revalidate_message{in, guest, 6, 8000});
    leader.hear(replica::revalidate_answer{in, guest, 5, false, {}}); // where it was before
    leader.forward(0, {guest_create(2, "/of-5")});
    CHECK_FALSE(leader.has("/of-5"));
    leader.hear(replica::revalidate_answer{in, guest, 6, false, {}});
    leader.forward(0, {guest_create(3, "/of-5")});
    CHECK(leader.has("/of-5"));
}

TEST_CASE("move: a handshake outlives the link on which it was asked for", "[sessions]") {
    replica_ensemble servers{3};
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    const std::uint32_t leader = servers.elect();
    REQUIRE(leader != 0);
    replica_driver& follower = servers[leader % 3 + 1];
    const auto first = servers[leader].open();
    static_cast<void>(follower.open());
    servers.run_for(std::chrono::milliseconds{20});
    const connect_outcome opened = servers[leader].log_of(first).handshake.value();
    const auto second = follower.resume(opened.session, opened.password);
    REQUIRE_FALSE(follower.take_peer_frames().empty()); // lost
    CHECK(follower.server().next_deadline() > follower.now().monotonic);
    follower.server().on_link_up(server_id{leader}, follower.now());
    CHECK(follower.server().next_deadline() <= follower.now().monotonic); // to tell who lives
    servers.settle();
    REQUIRE(follower.log_of(second).handshake);
    CHECK(follower.log_of(second).handshake->session == opened.session);
}

TEST_CASE("move: a session that could not be opened is not said to be over", "[sessions]") {
    replica::settings alike;
    alike.first_session = session_id{0x1234}; // of every server
    replica_ensemble servers{3, alike};
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    const std::uint32_t leader = servers.elect();
    REQUIRE(leader != 0);
    replica_driver& one = servers[leader % 3 + 1];
    replica_driver& other = servers[(leader + 1) % 3 + 1];
    const auto first = one.connect();
    const auto second = other.connect();
    one.send(first, connect_frame(8000));
    other.send(second, connect_frame(8000));
    servers.settle();
    const bool is_first = one.log_of(first).handshake.has_value();
    frame_log& late = is_first ? other.log_of(second) : one.log_of(first);
    CHECK_FALSE(late.handshake);
    CHECK(late.closed);
    const auto again = (is_first ? other : one).open();
    servers.settle();
    CHECK((is_first ? other : one).log_of(again).handshake->session != session_id{});
}

TEST_CASE("move: who follows is not woken by what only a leader does", "[time]") {
    replica::settings configured;
    configured.reaper.check_interval = std::chrono::milliseconds{100};
    replica_ensemble servers{3, configured};
    for (const std::uint32_t id : {1, 2, 3}) {
        servers.start(id);
    }
    const std::uint32_t leader = servers.elect();
    REQUIRE(leader != 0);
    servers.run_for(std::chrono::milliseconds{300});
    for (const std::uint32_t id : {1, 2, 3}) {
        CHECK(servers[id].server().next_deadline() > servers[id].now().monotonic);
    }
}
