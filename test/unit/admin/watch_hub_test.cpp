/// Watch streams in front of a server, without sockets.
#include "server/admin/watch_hub.hpp"
#include "test/support/local_server.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace conclave;
using namespace conclave::admin;

namespace {

/// A reader, and what it got to see.
class seen_exchange final : public http_exchange {
public:
    explicit seen_exchange(http_request asked) : asked_(std::move(asked)) {}

    [[nodiscard]] const http_request& request() const override { return asked_; }

    void respond(http_response response) override { status = response.status; }

    void begin_stream(http_response head, std::function<void()> gone) override {
        status = head.status;
        gone_ = std::move(gone);
    }

    void send(const stream_part_pointer& part) override {
        if (does_not_keep_up) {
            return leave();
        }
        text += part->content();
    }

    void on_drained(std::function<void()> then) override { is_slow ? drained_.swap(then) : then(); }

    void end_stream() override { leave(); }

    void abort_stream() override { leave(); }

    void leave() {
        if (const auto gone = std::exchange(gone_, nullptr)) {
            is_over = true;
            gone();
        }
    }

    /// A slow one takes what it was sent.
    void take() {
        if (const auto drained = std::exchange(drained_, nullptr)) {
            drained();
        }
    }

    /// Names and ids, without what they say: "created 0x5, ready 0x7".
    [[nodiscard]] bytes events() const {
        bytes told;
        for (std::size_t at = text.find("event: "); at != bytes::npos;
             at = text.find("event: ", at + 1)) {
            told += told.empty() ? "" : ", ";
            told += text.substr(at + 7, text.find('\n', at) - at - 7);
            const std::size_t path = text.find("\"path\":\"", at) + 8;
            told += " " + text.substr(path, text.find('"', path) - path);
        }
        return told;
    }

    /// What a browser would send when it connects again.
    [[nodiscard]] bytes last_id() const {
        const std::size_t at = text.rfind("id: ");
        return at == bytes::npos ? "" : text.substr(at + 4, text.find('\n', at) - at - 4);
    }

    bytes text;
    unsigned status = 0;
    bool is_over = false;
    bool is_slow = false;
    bool does_not_keep_up = false;

private:
    http_request asked_;
    std::function<void()> gone_;
    std::function<void()> drained_;
};

/// A log that holds what is put into it.
class fake_log {
public:
    past_events_port port() {
        return {[this](zxid behind, zxid last) -> result<std::shared_ptr<past_events>, bytes> {
            ++open_count;
            if (behind < begin) {
                return unexpected{bytes{"gone"}};
            }
            return std::shared_ptr<past_events>{std::make_shared<reading>(*this, behind, last)};
        }};
    }

    std::vector<watch_event> events;
    zxid begin;
    int open_count = 0;
    int waits = 0; ///< so often it is not durable yet
    bool is_damaged = false;

private:
    /// One event at a time.
    class reading final : public past_events {
    public:
        reading(fake_log& log, zxid behind, zxid last) : log_(log), behind_(behind), last_(last) {}

        result<progress, bytes>
        next(const watch_scope& within, std::vector<watch_event>& out) override {
            if (log_.is_damaged) {
                return unexpected{bytes{"damaged"}};
            }
            if (log_.waits > 0) {
                --log_.waits;
                return progress::not_yet;
            }
            for (; next_ < log_.events.size(); ++next_) {
                const watch_event& each = log_.events[next_];
                if (each.at > behind_ && each.at <= last_ && within.covers(each)) {
                    ++next_;
                    out.push_back(each);
                    return progress::more;
                }
            }
            return progress::end;
        }

    private:
        fake_log& log_;
        zxid behind_;
        zxid last_;
        std::size_t next_ = 0;
    };
};

class scene {
public:
    std::shared_ptr<seen_exchange> join(
        watch_scope scope,
        bytes_view after = {},
        const char* flag = "",
        bytes_view from = "127.0.0.1"
    ) {
        http_request asked;
        asked.method = "GET";
        asked.peer_ip = from;
        asked.query.emplace_back(flag, "");
        const auto made = std::make_shared<seen_exchange>(asked);
        made->is_slow = are_slow;
        hub.join({made, {}, {}}, std::move(scope), parse_event_id(after));
        return made;
    }

    /// Returned readers wait for the worker's thread.
    void settle_until_told(const std::shared_ptr<seen_exchange>& reader, bytes_view what) {
        REQUIRE(server.settle_until([&] { return reader->text.find(what) != bytes::npos; }));
    }

    zxid create(bytes_view path, bytes_view data = "x") {
        server.give(test::create_frame(1, path, data));
        server.settle();
        return server.last_applied();
    }

    void set(bytes_view path, bytes_view data) { set_many(path, data, 1); }

    /// So that they are told together.
    void set_many(bytes_view path, bytes_view data, int count) {
        for (; count > 0; --count) {
            server.give(test::request_frame(2, opcode::set_data, set_data_request{path, data, -1}));
        }
        server.settle();
    }

    /// As when some time has passed.
    void beat() {
        for (const auto& each : std::exchange(server.later, {})) {
            each();
        }
        server.settle();
    }

    bool are_slow = false;
    fake_log log;
    test::local_server server;
    watch_hub hub{{server.context, server.clients, server.worker, log.port()}};
};

const watch_scope everything{"/", true};

bytes text_of(zxid at) {
    return admin::text_of(event_id{at});
}

} // namespace

TEST_CASE("Readers of the same share a session and get the same", "[watch_hub]") {
    scene at;
    const auto first = at.join(everything);
    at.server.settle();
    const zxid begun = at.server.last_applied();
    const auto second = at.join(everything);
    at.server.settle();
    CHECK(at.server.last_applied() == begun); // no further session was opened
    at.create("/a");
    CHECK(first->events() == "ready /, created /a");
    CHECK(second->events() == "ready /, created /a");
}

TEST_CASE("Those who come from elsewhere, or want something else, do not share", "[watch_hub]") {
    scene at;
    const auto first = at.join(everything);
    const auto elsewhere = at.join(everything, {}, "", "10.0.0.7");
    const auto with_values = at.join(everything, {}, "values");
    const auto node = at.join({"/a", false});
    at.server.settle();
    at.create("/a", "1");
    at.set("/a", "2");
    for (const auto& each : {first, elsewhere, with_values, node}) {
        CHECK(each->events().ends_with("created /a, data_changed /a"));
    }
    CHECK(first->text.find("value") == bytes::npos);
    CHECK(with_values->text.find(R"("value":"2")") != bytes::npos);
}

TEST_CASE("The session ends with its last reader", "[watch_hub]") {
    scene at;
    const auto first = at.join(everything);
    const auto second = at.join(everything);
    at.server.settle();
    first->leave();
    at.create("/a");
    CHECK(second->events() == "ready /, created /a");
    second->leave();
    at.server.settle();
    const zxid closed = at.server.last_applied();
    const auto third = at.join(everything);
    at.server.settle();
    CHECK(at.server.last_applied() > closed); // with a session of its own
    at.create("/b");
    CHECK(third->events() == "ready /, created /b");
    CHECK(second->events() == "ready /, created /a");
}

TEST_CASE("A reader that comes back gets what it missed, then what happens", "[watch_hub]") {
    scene at;
    const zxid known = at.create("/a");
    const zxid missed = at.create("/b");
    at.log.events = {
        {known, event_type::created, "/a"},
        {missed, event_type::created, "/b"},
        {missed, event_type::children_changed, "/"}};
    const auto reader = at.join(everything, text_of(known));
    at.settle_until_told(reader, "event: ready");
    const zxid last = at.create("/c");
    CHECK(reader->events() == "created /b, ready /, created /c");
    CHECK(reader->last_id() == text_of(last));
}

TEST_CASE("It gets the rest of a transaction of which it saw a part", "[watch_hub]") {
    scene at;
    at.create("/b");
    at.create("/c");
    const zxid both = at.create("/a");
    at.log.events = {
        {both, event_type::created, "/a"},
        {both, event_type::created, "/b"},
        {both, event_type::created, "/c"}};
    const auto reader = at.join(everything, text_of(both) + ".2");
    at.settle_until_told(reader, "event: ready");
    CHECK(reader->events() == "created /c, ready /");
    CHECK(reader->text.find("id: " + text_of(both) + ".3\nevent: created") != bytes::npos);
}

TEST_CASE("Readers that come back together read the log together", "[watch_hub]") {
    scene at;
    const zxid first = at.create("/a");
    const zxid second = at.create("/b");
    at.log.events = {{first, event_type::created, "/a"}, {second, event_type::created, "/b"}};
    at.are_slow = true; // so that the first catches up while the others wait
    const auto early = at.join(everything, text_of(zxid{first.value - 1}));
    at.settle_until_told(early, "/a");
    at.are_slow = false;
    const auto older = at.join(everything, text_of(first));
    const auto newer = at.join(everything, text_of(second));
    at.server.settle();
    CHECK(older->text.empty());
    early->is_slow = false;
    early->take();
    at.settle_until_told(older, "event: ready");
    CHECK(early->events() == "created /a, created /b, ready /");
    CHECK(older->events() == "created /b, ready /");
    CHECK(newer->events() == "ready /");
    CHECK(at.log.open_count == 2);
}

TEST_CASE("What the log does not hold any more has to be read anew", "[watch_hub]") {
    scene at;
    const zxid old = at.create("/a");
    const zxid kept = at.create("/b");
    const zxid last = at.create("/c");
    at.log.begin = old;
    at.log.events = {{kept, event_type::created, "/b"}, {last, event_type::created, "/c"}};
    const auto late = at.join(everything, text_of(zxid{old.value - 1}));
    const auto later = at.join(everything, text_of(kept));
    at.settle_until_told(late, "event: reset");
    at.settle_until_told(later, "event: ready");
    at.create("/d");
    CHECK(late->events() == "reset /, created /d");
    CHECK(later->events() == "created /c, ready /, created /d");
}

TEST_CASE("So has what is of another history, or cannot be read", "[watch_hub]") {
    scene at;
    at.create("/a");
    SECTION("it has seen more than there is") {
        const auto reader = at.join(everything, "0x7f00000000");
        at.settle_until_told(reader, "event: reset");
        at.create("/b");
        CHECK(reader->events() == "reset /, created /b");
    }
    SECTION("the log is damaged") {
        at.log.is_damaged = true;
        const auto reader = at.join(everything, "0x1");
        at.settle_until_told(reader, "event: reset");
        at.create("/b");
        CHECK(reader->events() == "reset /, created /b");
    }
}

TEST_CASE("What is not durable yet is waited for", "[watch_hub]") {
    scene at;
    const zxid missed = at.create("/a");
    at.log.events = {{missed, event_type::created, "/a"}};
    at.log.waits = 1;
    const std::size_t others = 2; // the session's keep-alive, the group's heartbeat
    const auto reader = at.join(everything, text_of(zxid{missed.value - 1}));
    REQUIRE(at.server.settle_until([&] { return at.server.later.size() > others; }));
    CHECK(reader->text.empty());
    const auto again = at.server.later.back();
    again();
    at.settle_until_told(reader, "event: ready");
    CHECK(reader->events() == "created /a, ready /");
}

TEST_CASE("What happens while a reader catches up comes behind that", "[watch_hub]") {
    scene at;
    const zxid first = at.create("/a");
    at.log.events = {{first, event_type::created, "/a"}};
    at.are_slow = true;
    const auto reader = at.join(everything, text_of(zxid{first.value - 1}));
    at.settle_until_told(reader, "/a");
    at.create("/b");
    CHECK(reader->events() == "created /a");

    SECTION("and is kept for it") {
        reader->take();
        at.settle_until_told(reader, "/b");
        CHECK(reader->events() == "created /a, ready /, created /b");
    }
    SECTION("unless it is too much: it has to come back once more") {
        const bytes long_path = "/" + bytes(200'000, 'n');
        at.create(long_path);
        for (int count = 0; count < 12; ++count) {
            at.set(long_path, "x");
        }
        CHECK(reader->is_over);
        CHECK(reader->events() == "created /a");
    }
}

TEST_CASE("ACLs hold for what was missed", "[watch_hub]") {
    scene at;
    const zxid begun = at.create("/a");
    const std::vector<acl_record> closed{{permission::all, "ip", "10.255.255.255"}};
    at.server.give(test::request_frame(3, opcode::create, create_request{"/closed", "x", closed, 0})
    );
    const zxid last = at.create("/b");
    at.log.events = {
        {zxid{begun.value + 1}, event_type::created, "/closed"},
        {zxid{begun.value + 1}, event_type::created, "/closed/gone"},
        {last, event_type::created, "/b"},
        {last, event_type::created, "/b/gone"}};
    const auto reader = at.join(everything, text_of(begun), "values");
    at.settle_until_told(reader, "event: ready");
    CHECK(reader->events() == "created /b, created /b/gone, ready /");
    CHECK(at.join({"/closed", false})->status == 0);
    const auto refused = at.join({"/closed", false}, text_of(begun));
    at.server.settle();
    CHECK(refused->status == 403);
}

TEST_CASE("What could not be seen has no number in what was missed either", "[watch_hub]") {
    scene at;
    const zxid begun = at.create("/a");
    const std::vector<acl_record> closed{{permission::all, "ip", "10.255.255.255"}};
    at.server.give(test::request_frame(3, opcode::create, create_request{"/closed", "x", closed, 0})
    );
    const zxid both = at.create("/b");
    at.log.events = {
        {both, event_type::created, "/closed"},
        {both, event_type::created, "/b"},
        {both, event_type::created, "/b/next"}};
    const auto reader = at.join(everything, text_of(begun));
    at.settle_until_told(reader, "event: ready");
    CHECK(reader->text.find("id: " + text_of(both) + "\nevent: created") != bytes::npos);
    // One that saw the first of the two when it happened.
    const auto again = at.join(everything, text_of(both));
    at.settle_until_told(again, "event: ready");
    CHECK(again->events() == "created /b/next, ready /");
}

TEST_CASE("Values of many events at once are told in their order", "[watch_hub]") {
    scene at;
    const auto reader = at.join(everything, {}, "values");
    at.server.settle();
    at.create("/a");
    at.set_many("/a", "last", 40);
    bytes expected = "ready /, created /a";
    for (int count = 0; count < 40; ++count) {
        expected += ", data_changed /a";
    }
    CHECK(reader->events() == expected);
    CHECK(reader->last_id() == text_of(at.server.last_applied()));
}

TEST_CASE("Who wants more values than can be read comes back for the rest", "[watch_hub]") {
    scene at;
    const bytes long_path = "/" + bytes(200'000, 'n');
    at.create(long_path);
    const auto with_values = at.join(everything, {}, "values");
    const auto without = at.join(everything);
    at.server.settle();
    at.set_many(long_path, "x", 30);
    CHECK(with_values->is_over);
    CHECK(with_values->events().ends_with("end /"));
    CHECK_FALSE(without->is_over);
    at.create("/b");
    CHECK(without->events().ends_with("created /b"));
}

TEST_CASE("What the admin thread has not taken yet is bounded", "[watch_hub]") {
    scene at;
    const bytes long_path = "/" + bytes(200'000, 'n');
    at.create(long_path);
    const auto reader = at.join(everything);
    at.server.settle();
    at.set_many(long_path, "x", 45); // more than eight megabytes of events
    CHECK(reader->is_over);
    CHECK(reader->events().ends_with("end /"));
    const auto next = at.join(everything);
    at.server.settle();
    at.create("/b");
    CHECK(next->events() == "ready /, created /b");
}

TEST_CASE("A reader may go while others are told", "[watch_hub]") {
    scene at;
    const zxid first = at.create("/a");
    const zxid second = at.create("/b");
    at.log.events = {{first, event_type::created, "/a"}, {second, event_type::created, "/b"}};
    at.are_slow = true;
    const bytes before = text_of(zxid{first.value - 1});
    const auto holding = at.join(everything, before);
    at.settle_until_told(holding, "/a");
    const auto one = at.join(everything, before); // both wait, and then catch up together
    const auto other = at.join(everything, before);
    for (int count = 0; count < 2; ++count) {
        holding->take();
        at.settle_until_told(holding, "/b");
    }
    at.settle_until_told(other, "/a");
    other->take();
    one->does_not_keep_up = true; // what a heartbeat shows; the rest goes on at that moment
    at.beat();
    CHECK(one->is_over);
    at.settle_until_told(other, "/b");
    CHECK(other->events() == "created /a, created /b");
}

TEST_CASE("A heartbeat tells how far a reader has come", "[watch_hub]") {
    scene at;
    const auto reader = at.join({"/a", false});
    at.server.settle();
    const zxid elsewhere = at.create("/b");
    for (const auto& each : std::exchange(at.server.later, {})) {
        each();
    }
    at.server.settle();
    CHECK(reader->events() == "ready /a");
    CHECK(reader->last_id() == text_of(elsewhere));
}
