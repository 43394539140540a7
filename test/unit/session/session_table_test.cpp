#include "server/session/session_table.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace conclave::session {

namespace {

using namespace std::chrono_literals;

constexpr session_id ann{0x100000000000001};
constexpr session_id bob{0x100000000000002};
constexpr session_id eve{0x100000000000003};

constexpr std::size_t no_limit = 1000;

session_table table_of(std::chrono::milliseconds tick) {
    return session_table{session_settings{tick}};
}

std::vector<session_id> all_in_buckets(const session_table& table) {
    std::vector<session_id> ids;
    for (const auto& [deadline, bucket] : table.buckets()) {
        ids.insert(ids.end(), bucket.begin(), bucket.end());
    }
    return ids;
}

} // namespace

TEST_CASE("session_table: a deadline is the tick after now plus timeout", "[session]") {
    struct row {
        time_point now;
        std::chrono::milliseconds timeout;
        time_point deadline;
    };

    // tick 500: (floor((now + timeout) / 500) + 1) * 500
    const auto given = GENERATE(
        row{0ms, 1000ms, 1500ms},
        row{0ms, 999ms, 1000ms},
        row{0ms, 0ms, 500ms},
        row{1ms, 1000ms, 1500ms},
        row{499ms, 1000ms, 1500ms},
        row{499999999ns, 1000ms, 1500ms},
        row{500ms, 1000ms, 2000ms},
        row{0ms, 1200ms, 1500ms},
        row{7777ms, 1200ms, 9000ms}
    );
    session_table table = table_of(500ms);

    table.open(ann, given.timeout, given.now);

    CHECK(table.find(ann)->deadline == given.deadline);
    CHECK(table.find(ann)->timeout == given.timeout);
    CHECK(table.next_deadline() == given.deadline);
}

TEST_CASE(
    "session_table: a silent session is due after its timeout and within one tick", "[session]"
) {
    const auto opened_after = GENERATE(take(20, random(0, 5000)));
    const time_point now = std::chrono::milliseconds{opened_after};
    session_table table = table_of(500ms);
    table.open(ann, 1200ms, now);

    const time_point deadline = table.next_deadline().value();

    CHECK(deadline > now + 1200ms);
    CHECK(deadline <= now + 1200ms + 500ms);
    CHECK(table.due(deadline - 1ns, no_limit).empty());
    CHECK(table.due(deadline, no_limit) == std::vector{ann});
}

TEST_CASE("session_table: an unknown session is not found", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);

    CHECK(table.find(bob) == nullptr);
    CHECK_FALSE(table.close(bob));
    CHECK_FALSE(table.mark_closing(bob));
    table.touch(bob, 1s);
    table.renegotiate(bob, 1s, 1s);
    CHECK(table.count() == 1);
    CHECK(all_in_buckets(table) == std::vector{ann});
}

TEST_CASE("session_table: opening a session again changes nothing", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);

    table.open(ann, 10s, 5s);

    CHECK(table.count() == 1);
    CHECK(table.find(ann)->timeout == 1s);
    CHECK(table.find(ann)->deadline == 1500ms);
    CHECK(all_in_buckets(table) == std::vector{ann});
}

TEST_CASE("session_table: an empty table has no deadline", "[session]") {
    session_table table = table_of(500ms);
    CHECK(table.next_deadline() == std::nullopt);
    CHECK(table.due(1h, no_limit).empty());

    table.open(ann, 1s, 0ms);
    REQUIRE(table.close(ann));

    CHECK(table.next_deadline() == std::nullopt);
    CHECK(table.buckets().empty());
    CHECK(table.count() == 0);
}

TEST_CASE("session_table: a touch within the bucket leaves the deadline alone", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);

    table.touch(ann, 499ms);

    CHECK(table.find(ann)->deadline == 1500ms);
    CHECK(all_in_buckets(table) == std::vector{ann});
}

TEST_CASE("session_table: a touch moves the deadline to a later bucket", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);
    table.open(bob, 1s, 0ms);

    table.touch(ann, 500ms);

    CHECK(table.find(ann)->deadline == 2s);
    CHECK(table.find(bob)->deadline == 1500ms);
    CHECK(table.due(1999ms, no_limit) == std::vector{bob});
    CHECK(table.due(2s, no_limit) == std::vector{bob, ann});
}

TEST_CASE("session_table: a late report of an early touch does not shorten a life", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);
    table.touch(ann, 3s);

    table.touch(ann, 1s);

    CHECK(table.find(ann)->deadline == 4500ms);
}

TEST_CASE("session_table: due sessions come by deadline and then by id", "[session]") {
    session_table table = table_of(500ms);
    table.open(eve, 1s, 0ms);
    table.open(bob, 2s, 0ms);
    table.open(ann, 2s, 0ms);

    CHECK(table.due(10s, no_limit) == std::vector{eve, ann, bob});
}

TEST_CASE("session_table: due returns no more than its limit", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);
    table.open(bob, 1s, 0ms);
    table.open(eve, 2s, 0ms);

    CHECK(table.due(10s, 0).empty());
    CHECK(table.due(10s, 1) == std::vector{ann});
    CHECK(table.due(10s, 2) == std::vector{ann, bob});
    CHECK(table.due(10s, 3) == std::vector{ann, bob, eve});
    CHECK(table.due(10s, 4) == std::vector{ann, bob, eve});
}

TEST_CASE("session_table: a due session stays until it is closed", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);

    CHECK(table.due(2s, no_limit) == std::vector{ann});
    CHECK(table.due(2s, no_limit) == std::vector{ann});
    CHECK(table.close(ann));
    CHECK(table.due(2s, no_limit).empty());
    CHECK_FALSE(table.close(ann));
}

TEST_CASE("session_table: a due session that is touched in time lives on", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);
    REQUIRE(table.due(1500ms, no_limit) == std::vector{ann});

    table.touch(ann, 1500ms);

    CHECK(table.due(1500ms, no_limit).empty());
    CHECK(table.next_deadline() == 3s);
}

TEST_CASE(
    "session_table: a closing session is neither due nor touched nor renegotiated", "[session]"
) {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);

    CHECK(table.mark_closing(ann));

    CHECK(table.find(ann)->closing);
    CHECK(table.due(1h, no_limit).empty());
    CHECK(table.next_deadline() == std::nullopt);
    CHECK(table.buckets().empty());
    table.touch(ann, 5s);
    table.renegotiate(ann, 9s, 5s);
    CHECK(table.find(ann)->deadline == 1500ms);
    CHECK(table.find(ann)->timeout == 1s);
    CHECK(table.buckets().empty());
    CHECK(table.count() == 1);
}

TEST_CASE("session_table: of two closes only the first is told to proceed", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);

    CHECK(table.mark_closing(ann));
    CHECK_FALSE(table.mark_closing(ann));
    CHECK(table.close(ann));
    CHECK_FALSE(table.mark_closing(ann));
    CHECK(table.find(ann) == nullptr);
}

TEST_CASE("session_table: closing one session leaves its neighbour in the bucket", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);
    table.open(bob, 1s, 0ms);

    REQUIRE(table.mark_closing(ann));

    CHECK(all_in_buckets(table) == std::vector{bob});
    CHECK(table.next_deadline() == 1500ms);
}

TEST_CASE("session_table: a renegotiated timeout counts from now", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 10s, 0ms);

    SECTION("longer") {
        table.renegotiate(ann, 20s, 1s);
        CHECK(table.find(ann)->timeout == 20s);
        CHECK(table.find(ann)->deadline == 21500ms);
    }
    SECTION("shorter") {
        table.renegotiate(ann, 1s, 1s);
        CHECK(table.find(ann)->timeout == 1s);
        CHECK(table.find(ann)->deadline == 2500ms);
    }
    SECTION("into the same bucket") {
        table.renegotiate(ann, 9s, 1s);
        CHECK(table.find(ann)->timeout == 9s);
        CHECK(table.find(ann)->deadline == 10500ms);
    }
    CHECK(all_in_buckets(table) == std::vector{ann});
}

TEST_CASE("session_table: a touch uses the renegotiated timeout", "[session]") {
    session_table table = table_of(500ms);
    table.open(ann, 10s, 0ms);
    table.renegotiate(ann, 1s, 0ms);

    table.touch(ann, 2s);

    CHECK(table.find(ann)->deadline == 3500ms);
}

TEST_CASE(
    "session_table: a leader that starts to serve gives every session its full timeout", "[session]"
) {
    session_table table = table_of(500ms);
    table.open(ann, 1s, 0ms);
    table.open(bob, 2s, 0ms);
    table.open(eve, 3s, 0ms);
    REQUIRE(table.mark_closing(eve));

    table.restart_all(1h);

    CHECK(table.find(ann)->deadline == 1h + 1500ms);
    CHECK(table.find(bob)->deadline == 1h + 2500ms);
    CHECK(table.find(eve)->deadline == 1h + 3500ms);
    CHECK_FALSE(table.find(eve)->closing);
    CHECK(table.due(1h, no_limit).empty());
    CHECK(table.due(2h, no_limit) == std::vector{ann, bob, eve});
    CHECK(table.buckets().size() == 3);
}

TEST_CASE("session_table: buckets list deadlines and ids in ascending order", "[session]") {
    session_table table = table_of(500ms);
    table.open(bob, 1s, 0ms);
    table.open(ann, 1100ms, 0ms);
    table.open(eve, 400ms, 0ms);

    CHECK(
        table.buckets() ==
        std::map<time_point, std::set<session_id>>{{500ms, {eve}}, {1500ms, {ann, bob}}}
    );
}

TEST_CASE("session_table: a year of heartbeats takes no year", "[session]") {
    // A session that pings every minute for a year never becomes due, and dies on time when it
    // stops.
    session_table table = table_of(2s);
    table.open(ann, 90s, 0ms);
    constexpr time_point year = 365 * 24h;
    time_point now{};
    bool was_alive = true;
    for (; now < year; now += 1min) {
        table.touch(ann, now);
        was_alive = was_alive && table.next_deadline().value() > now + 90s;
    }

    CHECK(was_alive);
    CHECK(table.buckets().size() == 1);
    CHECK(table.due(now + 30s, no_limit).empty());
    CHECK(table.due(now + 32s, no_limit) == std::vector{ann});
}

TEST_CASE(
    "session_table: random operations agree with a list of deadlines", "[session][property]"
) {
    struct model_session {
        std::chrono::milliseconds timeout;
        time_point deadline;
        bool closing;
    };

    const auto seed = GENERATE(range(1U, 21U));
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](std::uint32_t bound) {
        return random() % bound;
    };

    const std::chrono::milliseconds tick{1 + below(1000)};
    session_table table = table_of(tick);
    std::map<session_id, model_session> model;
    time_point now{};
    const auto deadline_of = [&](std::chrono::milliseconds timeout) -> time_point {
        time_point deadline{};
        while (deadline <= now + timeout) {
            deadline += tick;
        }
        return deadline;
    };

    for (int step = 0; step < 400; ++step) {
        now += std::chrono::microseconds{below(200'000)};
        const session_id id{static_cast<std::int64_t>(below(12))};
        const std::chrono::milliseconds timeout{below(3000)};
        const auto known = model.find(id);
        const bool is_open = known != model.end() && !known->second.closing;
        switch (below(6)) {
        case 0:
            table.open(id, timeout, now);
            model.try_emplace(id, model_session{timeout, deadline_of(timeout), false});
            break;
        case 1:
            REQUIRE(table.close(id) == (model.erase(id) == 1));
            break;
        case 2:
            table.touch(id, now);
            if (is_open) {
                known->second.deadline = deadline_of(known->second.timeout);
            }
            break;
        case 3:
            table.renegotiate(id, timeout, now);
            if (is_open) {
                known->second = {timeout, deadline_of(timeout), false};
            }
            break;
        case 4:
            REQUIRE(table.mark_closing(id) == is_open);
            if (is_open) {
                known->second.closing = true;
            }
            break;
        default:
            if (below(20) == 0) {
                table.restart_all(now);
                for (auto& [each, session] : model) {
                    session = {session.timeout, deadline_of(session.timeout), false};
                }
            }
        }

        std::map<time_point, std::set<session_id>> buckets;
        std::vector<session_id> due;
        for (const auto& [each, session] : model) {
            if (!session.closing) {
                buckets[session.deadline].insert(each);
            }
            REQUIRE(table.find(each) != nullptr);
            REQUIRE(table.find(each)->deadline == session.deadline);
            REQUIRE(table.find(each)->timeout == session.timeout);
            REQUIRE(table.find(each)->closing == session.closing);
        }
        for (const auto& [deadline, bucket] : buckets) {
            if (deadline <= now) {
                due.insert(due.end(), bucket.begin(), bucket.end());
            }
        }
        REQUIRE(table.count() == model.size());
        REQUIRE(table.buckets() == buckets);
        REQUIRE(table.due(now, no_limit) == due);
    }
}

} // namespace conclave::session
