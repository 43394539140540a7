#include "server/zab/core.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::zab;

namespace {

constexpr server_id self{1};

core make_core(recovered_state recovered = {}, std::set<server_id> voters = {self}) {
    return core{{self, 77, majority{std::move(voters)}}, std::move(recovered)};
}

/// Carries out what the core wants written, completing it at once.
std::vector<log_record> persist_all(core& of) {
    std::vector<log_record> all;
    while (true) {
        core_records taken = of.take_records();
        if (taken.records.empty()) {
            return all;
        }
        all.insert(all.end(), taken.records.begin(), taken.records.end());
        of.persisted(taken.operation, 0);
    }
}

/// Elects the core and applies what that commits.
std::vector<log_record> lead(core& of) {
    of.start(1000, "body");
    std::vector<log_record> written = persist_all(of);
    for (const entry& each : of.take_committed()) {
        of.applied(each.at);
    }
    return written;
}

origin request(std::uint64_t sequence) {
    return {self, 77, sequence};
}

} // namespace

TEST_CASE("core: the own promise is durable before the epoch starts (F1)", "[zab][election]") {
    core single = make_core();
    single.start(1000, "body");
    CHECK(single.current_role() == role::candidate);
    const core_records first = single.take_records();
    REQUIRE(first.records.size() == 1);
    CHECK(first.records[0].type == record_type::promise);
    CHECK(single.take_records().records.empty());

    single.persisted(first.operation, 1000);
    CHECK(single.current_role() == role::leading_syncing);
    const core_records second = single.take_records();
    REQUIRE(second.records.size() == 1);
    const auto start = decode_entry(second.records[0].payload);
    REQUIRE(start);
    CHECK(start->kind == entry_kind::epoch_start);
    CHECK(start->at == zxid{epoch{1}, 0});
    CHECK(start->body == "body");
}

TEST_CASE("core: it serves once its EpochStart is durable and applied", "[zab][election]") {
    core single = make_core();
    single.start(1000, {});
    persist_all(single);
    CHECK(single.current_role() == role::leading_syncing);
    const auto committed = single.take_committed();
    REQUIRE(committed.size() == 1);
    single.applied(committed[0].at);
    CHECK(single.current_role() == role::leading);
}

TEST_CASE("core: nothing is committed before it is durable", "[zab][broadcast]") {
    core single = make_core();
    lead(single);
    CHECK(single.propose(request(1), 5, "one") == zxid{epoch{1}, 1});
    CHECK(single.take_committed().empty());
    const core_records written = single.take_records();
    CHECK(single.take_committed().empty());
    single.persisted(written.operation, 0);
    const auto committed = single.take_committed();
    REQUIRE(committed.size() == 1);
    CHECK(committed[0].body == "one");
    CHECK(committed[0].from == request(1));
}

TEST_CASE("core: completions commit exactly what they made durable", "[zab][broadcast]") {
    core single = make_core();
    lead(single);
    single.propose(request(1), 5, "one");
    const core_records first = single.take_records();
    single.propose(request(2), 5, "two");
    single.propose(request(3), 5, "three");
    const core_records second = single.take_records();
    single.persisted(first.operation, 0);
    CHECK(single.take_committed().size() == 1);
    single.persisted(second.operation, 0);
    CHECK(single.take_committed().size() == 2);
}

TEST_CASE("core: one completion may stand for several operations", "[zab][broadcast]") {
    core single = make_core();
    lead(single);
    single.propose(request(1), 5, "one");
    static_cast<void>(single.take_records());
    single.propose(request(2), 5, "two");
    single.persisted(single.take_records().operation, 0);
    CHECK(single.take_committed().size() == 2);
}

TEST_CASE("core: entries form a chain without gaps", "[zab][broadcast]") {
    core single = make_core();
    std::vector<log_record> written = lead(single);
    single.propose(request(1), 5, "one");
    single.propose(request(2), 5, "two");
    for (log_record& each : persist_all(single)) {
        written.push_back(std::move(each));
    }
    position before;
    std::size_t entries = 0;
    for (const log_record& each : written) {
        if (each.type != record_type::entry) {
            continue;
        }
        const auto next = decode_entry(each.payload);
        REQUIRE(next);
        CHECK(next->previous == before.at);
        CHECK(next->chain == chain_after(before.chain, *next));
        before = {next->at, next->chain};
        ++entries;
    }
    CHECK(entries == 3);
    CHECK(before == single.last());
}

TEST_CASE("core: time in the history never steps back", "[zab][broadcast]") {
    core single = make_core();
    lead(single);
    single.propose(request(1), 9000, "one");
    single.propose(request(2), 8000, "two");
    persist_all(single);
    const auto committed = single.take_committed();
    REQUIRE(committed.size() == 2);
    CHECK(committed[0].time_ms == 9000);
    CHECK(committed[1].time_ms == 9000);
}

TEST_CASE(
    "core: a restart starts a higher epoch and commits the tail that it found", "[zab][recovery]"
) {
    core first = make_core();
    std::vector<log_record> disk = lead(first);
    first.propose(request(1), 5, "durable but never told to be committed");
    for (log_record& each : persist_all(first)) {
        disk.push_back(std::move(each));
    }

    recovery reading{{}, 0};
    for (const log_record& each : disk) {
        if (each.type == record_type::promise) {
            REQUIRE(reading.on_promise(each.payload));
        } else if (each.type == record_type::entry) {
            REQUIRE(reading.on_entry(each.payload));
        } else {
            reading.on_commit_hint(each.at, [](const entry&) {});
        }
    }
    core second = make_core(std::move(reading).finish());
    second.start(2000, {});
    persist_all(second);
    const auto committed = second.take_committed();
    REQUIRE_FALSE(committed.empty());
    CHECK(committed.back().at == zxid{epoch{2}, 0});
    CHECK(committed[committed.size() - 2].body == "durable but never told to be committed");
}

TEST_CASE("core: a promise that was made and not used burns its epoch (C1)", "[zab][recovery]") {
    recovery reading{{}, 0};
    REQUIRE(reading.on_promise(to_log_record(promise{epoch{7}, self, 5}).payload));
    core restarted = make_core(std::move(reading).finish());
    lead(restarted);
    CHECK(restarted.current_epoch() == epoch{8});
}

TEST_CASE("core: a minority elects nobody", "[zab][election]") {
    core lonely = make_core({}, {server_id{1}, server_id{2}, server_id{3}});
    lonely.start(0, {});
    persist_all(lonely);
    CHECK(lonely.current_role() == role::candidate);
    CHECK(lonely.take_committed().empty());
}

TEST_CASE("core: a barrier of a single voter is complete at once", "[zab][barrier]") {
    core single = make_core();
    lead(single);
    single.barrier(42);
    CHECK(single.take_barriers() == std::vector<std::uint64_t>{42});
}

TEST_CASE("quorum: two majorities always share a server", "[zab][quorum]") {
    for (std::uint32_t count = 1; count <= 7; ++count) {
        std::set<server_id> voters;
        for (std::uint32_t each = 1; each <= count; ++each) {
            voters.insert(server_id{each});
        }
        const majority system{voters};
        for (std::uint32_t left = 0; left < (1U << count); ++left) {
            std::set<server_id> chosen;
            std::set<server_id> rest;
            for (std::uint32_t each = 0; each < count; ++each) {
                ((left >> each) & 1U ? chosen : rest).insert(server_id{each + 1});
            }
            CHECK_FALSE((system.is_quorum(chosen) && system.is_quorum(rest)));
        }
        CHECK(system.is_quorum(voters));
        CHECK_FALSE(system.is_quorum({server_id{99}}));
    }
}
