#include "server/zab/recovery.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::zab;

namespace {

/// A history of one epoch: its EpochStart and `count` transactions.
std::vector<entry> history(std::uint32_t count, epoch in = epoch{1}, position after = {}) {
    std::vector<entry> made;
    for (std::uint32_t counter = 0; counter <= count; ++counter) {
        entry next;
        next.at = zxid{in, counter};
        next.previous = after.at;
        next.kind = counter == 0 ? entry_kind::epoch_start : entry_kind::application;
        next.from = {server_id{1}, 9, counter};
        next.time_ms = 100 + counter;
        next.body = "body " + std::to_string(counter);
        next.chain = chain_after(after.chain, next);
        after = {next.at, next.chain};
        made.push_back(std::move(next));
    }
    return made;
}

bytes payload(const entry& of) {
    return to_log_record(of).payload;
}

} // namespace

TEST_CASE("entry: a round trip keeps everything and garbage is refused", "[zab][entry]") {
    const entry before = history(1)[1];
    CHECK(decode_entry(payload(before)) == before);
    CHECK_FALSE(decode_entry("").has_value());
    CHECK_FALSE(decode_entry(payload(before) + "x").has_value());
    CHECK_FALSE(decode_entry(payload(before).substr(0, 30)).has_value());
    CHECK_FALSE(decode_promise("short").has_value());
}

TEST_CASE("entry: the chain covers every field", "[zab][entry]") {
    const entry base = history(1)[1];
    const chain_hash before{};
    const auto differs = [&](auto change) {
        entry other = base;
        change(other);
        return chain_after(before, other) != chain_after(before, base);
    };
    CHECK(differs([](entry& e) { e.at = e.at.next(); }));
    CHECK(differs([](entry& e) { e.kind = entry_kind::epoch_start; }));
    CHECK(differs([](entry& e) { e.from.sequence++; }));
    CHECK(differs([](entry& e) { e.time_ms++; }));
    CHECK(differs([](entry& e) { e.body += "x"; }));
    CHECK(chain_after({1, 2}, base) != chain_after(before, base));
}

TEST_CASE("recovery: entries wait for the hint that they are committed", "[zab][recovery]") {
    const std::vector<entry> made = history(3);
    recovery reading{{}, 0};
    std::vector<zxid> applied;
    for (const entry& each : made) {
        REQUIRE(reading.on_entry(payload(each)));
    }
    reading.on_commit_hint(made[1].at, [&](const entry& each) { applied.push_back(each.at); });
    CHECK(applied == std::vector<zxid>{made[0].at, made[1].at});
    const recovered_state state = std::move(reading).finish();
    CHECK(state.committed == made[1].at);
    CHECK(state.last.at == made[3].at);
    CHECK(state.tail.size() == 2);
    CHECK(state.time_ms == 103);
}

TEST_CASE("recovery: what the checkpoint holds is not applied again", "[zab][recovery]") {
    const std::vector<entry> made = history(3);
    recovery reading{{made[2].at, made[2].chain}, 50};
    for (const entry& each : made) {
        REQUIRE(reading.on_entry(payload(each)));
    }
    const recovered_state state = std::move(reading).finish();
    REQUIRE(state.tail.size() == 1);
    CHECK(state.tail.front().at == made[3].at);
}

TEST_CASE("recovery: a log that is older than the checkpoint adds nothing", "[zab][recovery]") {
    const std::vector<entry> made = history(3);
    recovery reading{{made[3].at, made[3].chain}, 0};
    REQUIRE(reading.on_entry(payload(made[0])));
    const recovered_state state = std::move(reading).finish();
    CHECK(state.last.at == made[3].at);
    CHECK(state.tail.empty());
}

TEST_CASE("recovery: a gap between checkpoint and log is refused", "[zab][recovery]") {
    const std::vector<entry> made = history(3);
    recovery reading{{made[0].at, made[0].chain}, 0};
    const auto refused = reading.on_entry(payload(made[2]));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().find("are missing") != std::string::npos);
}

TEST_CASE("recovery: a gap that the checkpoint covers is passed over", "[zab][recovery]") {
    const std::vector<entry> made = history(4);
    recovery reading{{made[3].at, made[3].chain}, 0};
    REQUIRE(reading.on_entry(payload(made[0])));
    REQUIRE(reading.on_entry(payload(made[4])));
    CHECK(std::move(reading).finish().tail.size() == 1);
}

TEST_CASE("recovery: a gap inside the log is refused", "[zab][recovery]") {
    const std::vector<entry> made = history(3);
    recovery reading{{}, 0};
    REQUIRE(reading.on_entry(payload(made[0])));
    CHECK_FALSE(reading.on_entry(payload(made[2])));
}

TEST_CASE("recovery: a forged entry breaks the chain", "[zab][recovery]") {
    std::vector<entry> made = history(2);
    made[1].body = "forged";
    recovery reading{{}, 0};
    REQUIRE(reading.on_entry(payload(made[0])));
    CHECK_FALSE(reading.on_entry(payload(made[1])));
}

TEST_CASE("recovery: a log of another history at the checkpoint is refused", "[zab][recovery]") {
    const std::vector<entry> made = history(2);
    recovery reading{{made[1].at, {1, 2}}, 0};
    REQUIRE(reading.on_entry(payload(made[0])));
    CHECK_FALSE(reading.on_entry(payload(made[1])));
}

TEST_CASE("recovery: the promise is never below the epoch of the log (I4)", "[zab][recovery]") {
    recovery reading{{}, 0};
    REQUIRE(reading.on_promise(to_log_record(promise{epoch{2}, server_id{1}, 1}).payload));
    for (const entry& each : history(1, epoch{5})) {
        REQUIRE(reading.on_entry(payload(each)));
    }
    CHECK(std::move(reading).finish().promised.to == epoch{5});
}
