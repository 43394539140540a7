/// Random histories: whatever is cut, delayed or chopped up, each operation ends exactly once, in
/// order, and no watch misses a change.
#include "test/unit/client/machine_driver.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace conclave;
using namespace conclave::client;
using namespace conclave::client::test;

namespace {

constexpr std::size_t node_count = 4;

/// A server with a few nodes that always exist: answers in order, keeps data watches.
class model_server {
public:
    /// What goes to the client, not yet delivered.
    bytes output;
    std::int64_t last_zxid = 1;
    std::map<bytes, std::int64_t, std::less<>> mzxids;

    void open() {
        output.clear();
        watches_.clear();
    }

    void answer(const sent_request& asked) {
        jute::reader in{asked.body};
        switch (asked.header.type) {
        case opcode::get_data: {
            bytes_view path;
            bool is_watching = false;
            in(path, is_watching);
            if (is_watching) {
                watches_.insert(bytes{path});
            }
            bytes mzxid = std::to_string(mzxids[bytes{path}]);
            output += reply(asked.header.id.value, last_zxid, errc::ok, mzxid);
            break;
        }
        case opcode::set_data: {
            bytes_view path;
            in(path);
            change(bytes{path});
            output += reply(asked.header.id.value, last_zxid);
            break;
        }
        case opcode::set_watches: {
            const auto lists = decode_set_watches(asked.body, asked.header.type);
            REQUIRE(lists);
            for (const bytes_view path : lists->data) {
                if (mzxids[bytes{path}] > lists->relative_zxid.value) {
                    output += event(event_type::data_changed, path);
                } else {
                    watches_.insert(bytes{path});
                }
            }
            output += reply(-8, last_zxid);
            break;
        }
        case opcode::remove_watches: {
            bytes_view path;
            in(path);
            const bool was_there = watches_.erase(bytes{path}) != 0;
            output +=
                reply(asked.header.id.value, last_zxid, was_there ? errc::ok : errc::no_watcher);
            break;
        }
        case opcode::ping:
            output += reply(-2, last_zxid);
            break;
        default:
            output += reply(asked.header.id.value, ++last_zxid);
        }
    }

    void change(const bytes& path) {
        mzxids[path] = ++last_zxid;
        if (watches_.erase(path) != 0) {
            output += event(event_type::data_changed, path);
        }
    }

private:
    std::set<bytes> watches_;
};

struct watched_read {
    bytes path;
    std::int64_t seen = -1; ///< mzxid in the reply; -1: none yet
    bool has_fired = false;
    bool is_left = false; ///< its owner is gone
};

/// One client, one server, and everything that can come between them.
class history {
public:
    explicit history(std::uint32_t seed) : random_(seed), driver_(long_session()) {
        driver_.machine.start(driver_.now);
        note();
    }

    void step() {
        switch (draw(12)) {
        case 0:
        case 1:
            return write();
        case 2:
        case 3:
            return read();
        case 4:
            return server_.change(path(draw(node_count)));
        case 5:
            return cut();
        case 6:
            return leave_a_watch();
        case 7:
            return give_up();
        case 8:
            driver_.pass(std::chrono::milliseconds{draw(400)});
            return note();
        default:
            return exchange();
        }
    }

    void settle() {
        for (int round = 0; round < 200; ++round) {
            driver_.pass(100ms);
            note();
            exchange();
        }
    }

    void check() const {
        INFO(driver_.machine.last_failure().message());
        CHECK(driver_.machine.state() == session_state::connected);
        CHECK(ended_.size() == issued_);
        for (const auto& [id, each] : watched_) {
            if (each.seen < 0 || each.is_left) {
                continue;
            }
            INFO("watch " << id << " on " << each.path << " saw " << each.seen);
            CHECK(each.has_fired == (server_.mzxids.at(each.path) > each.seen));
        }
    }

private:
    static settings long_session() {
        settings chosen = short_session();
        chosen.session_timeout = 1000s;
        return chosen;
    }

    static bytes path(std::uint32_t index) { return "/" + std::to_string(index); }

    std::uint32_t draw(std::uint32_t below) {
        return static_cast<std::uint32_t>(random_() % below);
    }

    void write() {
        request issued;
        issued.type = opcode::set_data;
        jute::writer{issued.body}(path(draw(node_count)));
        driver_.machine.submit(operation_id{++issued_}, std::move(issued));
        note();
    }

    void read() {
        const bool is_watching = draw(2) == 0;
        request issued;
        issued.type = opcode::get_data;
        issued.is_repeatable = true;
        const bytes where = path(draw(node_count));
        jute::writer{issued.body}(where, is_watching);
        ++issued_;
        if (is_watching) {
            issued.watch = watch_registration{watch_id{issued_}, where, watch_kind::data};
            watched_[issued_].path = where;
        }
        driver_.machine.submit(operation_id{issued_}, std::move(issued));
        note();
    }

    void leave_a_watch() {
        if (watched_.empty()) {
            return;
        }
        const auto each =
            std::next(watched_.begin(), draw(static_cast<std::uint32_t>(watched_.size())));
        if (each->second.seen >= 0) {
            each->second.is_left = true;
            driver_.machine.forget_watch(watch_id{each->first});
        }
    }

    void give_up() {
        if (issued_ != 0) {
            driver_.machine.cancel(operation_id{1 + draw(static_cast<std::uint32_t>(issued_))});
            note();
        }
    }

    void cut() {
        if (is_open_) {
            is_open_ = false;
            driver_.machine.on_closed(make_error_code(error::server_hung_up), driver_.now);
            note();
        }
    }

    /// Some of what is under way arrives, cut anywhere.
    void exchange() {
        if (!is_open_) {
            return;
        }
        for (const sent_request& each : driver_.sent()) {
            server_.answer(each);
        }
        while (!server_.output.empty() && is_open_ && draw(8) != 0) {
            const std::size_t size = std::min<std::size_t>(1 + draw(60), server_.output.size());
            const bytes piece = server_.output.substr(0, size);
            server_.output.erase(0, size);
            driver_.receive(piece);
            note();
        }
    }

    /// Looks at what came out, and dials when asked to.
    void note() {
        for (const output& each : driver_.machine.take_outputs()) {
            if (const auto* done = std::get_if<completion>(&each)) {
                on_done(*done);
            } else if (const auto* told = std::get_if<watch_notice>(&each)) {
                watched_read& watch = watched_.at(told->id.value);
                CHECK_FALSE(watch.has_fired);
                CHECK_FALSE(watch.is_left);
                CHECK(watch.seen >= 0);
                watch.has_fired = true;
            } else if (std::holds_alternative<dial>(each)) {
                server_.open();
                driver_.reopen();
                static_cast<void>(driver_.sent());
                server_.output = welcome(driver_.session, 1000s);
                is_open_ = true;
            } else if (std::holds_alternative<hang_up>(each)) {
                FAIL("the server did nothing wrong");
            }
        }
        driver_.machine.release_input();
    }

    void on_done(const completion& done) {
        CHECK(ended_.insert(done.id.value).second);
        if (done.error) {
            watched_.erase(done.id.value);
            return;
        }
        CHECK(done.id.value > last_answered_);
        last_answered_ = std::max(last_answered_, done.id.value);
        const auto watch = watched_.find(done.id.value);
        if (watch != watched_.end()) {
            watch->second.seen = std::stoll(bytes{done.body});
        }
    }

    std::mt19937 random_;
    machine_driver driver_;
    model_server server_;
    bool is_open_ = false;
    std::uint64_t issued_ = 0;
    std::uint64_t last_answered_ = 0;
    std::set<std::uint64_t> ended_;
    std::map<std::uint64_t, watched_read> watched_;
};

} // namespace

TEST_CASE("session: random histories lose no operation and no event", "[client][property]") {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        history run{seed};
        for (int count = 0; count < 200; ++count) {
            run.step();
        }
        run.settle();
        run.check();
    }
}

TEST_CASE("session: replies mean the same however they are cut", "[client][property]") {
    bytes stream = welcome(7, 9s);
    for (std::int32_t index = 1; index <= 20; ++index) {
        stream += event(event_type::data_changed, "/a");
        stream += reply(index, index, index % 3 == 0 ? errc::no_node : errc::ok, "body");
    }
    const auto outcome = [&](std::size_t piece_size) {
        machine_driver driver;
        driver.machine.start(driver.now);
        driver.reopen();
        driver.receive(bytes_view{stream}.substr(0, 41));
        for (std::uint64_t id = 1; id <= 20; ++id) {
            driver.watch(id, id, watch_kind::data, "/a");
        }
        static_cast<void>(driver.sent());
        words all = driver.said();
        bytes_view rest = bytes_view{stream}.substr(41);
        while (!rest.empty()) {
            const bytes piece{rest.substr(0, piece_size)};
            rest.remove_prefix(piece.size());
            driver.receive(piece);
            const words said = driver.said();
            all.insert(all.end(), said.begin(), said.end());
        }
        return all;
    };
    const words whole = outcome(stream.size());
    CHECK(whole.size() == 35); // dialled, connected, 20 replies, 13 watches that fired
    for (std::size_t piece_size = 1; piece_size < 64; ++piece_size) {
        CHECK(outcome(piece_size) == whole);
    }
}
