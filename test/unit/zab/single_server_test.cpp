/// The core of a server alone: an ensemble of one takes the same path as any other.
#include "server/zab/core.hpp"
#include "test/unit/zab/history_maker.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

constexpr server_id self{1};
constexpr std::uint64_t boot = 77;
const storage_id storage{5, 6};

recovered_state nothing(const membership& file = voters(1)) {
    recovered_state state;
    state.base.members.stable = file;
    return state;
}

core make_core(recovered_state recovered = nothing(), core_limits limits = {}) {
    core_settings settings;
    settings.self = self;
    settings.storage = storage;
    settings.boot = boot;
    settings.limits = limits;
    return core{settings, std::move(recovered)};
}

core_records take_records(core& of) {
    core_outputs wanted;
    of.take_outputs(wanted);
    return std::move(wanted.disk);
}

/// Carries out what the core wants written, completing it at once.
std::vector<log_record> persist_all(core& of) {
    std::vector<log_record> all;
    for (;;) {
        core_records taken = take_records(of);
        if (taken.records.empty()) {
            return all;
        }
        all.insert(all.end(), taken.records.begin(), taken.records.end());
        of.persisted(taken.operation);
    }
}

std::vector<shared_entry> apply_all(core& of) {
    const std::deque<shared_entry> committed = of.take_committed();
    for (const shared_entry& each : committed) {
        of.applied(each->at);
    }
    return {committed.begin(), committed.end()};
}

/// Elects the core and applies what that commits.
std::vector<log_record> lead(core& of) {
    of.start({}, 1000, "body");
    std::vector<log_record> written = persist_all(of);
    apply_all(of);
    return written;
}

origin request(std::uint64_t sequence) {
    return {self, boot, sequence};
}

recovered_state recovered_from(const std::vector<log_record>& disk) {
    recovery reading{nothing().base, 0};
    for (const log_record& each : disk) {
        REQUIRE(reading.on_record(each, [](const entry&) {}));
    }
    return std::move(reading).finish();
}

} // namespace

TEST_CASE("single server: its promise is durable before the epoch starts (F1)", "[zab][single]") {
    core single = make_core();
    single.start({}, 1000, "body");
    CHECK(single.current_role() == role::candidate);
    const core_records first = take_records(single);
    REQUIRE(first.records.size() == 1);
    CHECK(first.records[0].type == record_type::promise);
    CHECK(decode_promise(first.records[0].payload) == promise{epoch{1}, self, boot});
    CHECK(take_records(single).records.empty());
    CHECK(single.durable_promise() == epoch{});

    single.persisted(first.operation);
    CHECK(single.current_role() == role::leading_syncing);
    const core_records second = take_records(single);
    REQUIRE(second.records.size() == 1);
    REQUIRE(second.records[0].what != nullptr);
    const entry& start = *second.records[0].what;
    CHECK(start.kind == entry_kind::epoch_start);
    CHECK(start.at == at(1, 0));
    CHECK(start.from == request(0));
}

TEST_CASE("single server: its first epoch founds the ensemble", "[zab][single]") {
    core single = make_core();
    single.start({}, 1000, "for the application");
    persist_all(single);
    const auto committed = apply_all(single);
    REQUIRE(committed.size() == 1);
    const auto start = decode_epoch_start(committed[0]->body);
    REQUIRE(start);
    CHECK(start->application == "for the application");
    CHECK(start->founds);
    REQUIRE(start->founded.members.size() == 1);
    CHECK(start->founded.members[0].storage == storage);
    CHECK(single.members().version() == at(1, 0));
    CHECK(single.members().find(self)->storage == storage);
}

TEST_CASE("single server: later epochs found nothing", "[zab][single]") {
    core first = make_core();
    core second = make_core(recovered_from(lead(first)));
    second.start({}, 2000, "body");
    persist_all(second);
    const auto committed = apply_all(second);
    REQUIRE_FALSE(committed.empty());
    const auto start = decode_epoch_start(committed.back()->body);
    REQUIRE(start);
    CHECK_FALSE(start->founds);
    CHECK(second.members().version() == at(1, 0));
}

TEST_CASE("single server: it serves once its EpochStart is durable and applied", "[zab][single]") {
    core single = make_core();
    single.start({}, 1000, {});
    persist_all(single);
    CHECK(single.current_role() == role::leading_syncing);
    CHECK_FALSE(single.can_propose());
    apply_all(single);
    CHECK(single.current_role() == role::leading);
    CHECK(single.can_propose());
    CHECK(single.leader() == self);
    CHECK(single.current_epoch() == epoch{1});
}

TEST_CASE("single server: nothing is committed before it is durable", "[zab][single]") {
    core single = make_core();
    lead(single);
    CHECK(single.propose(request(1), 5, "one") == at(1, 1));
    CHECK_FALSE(single.has_events());
    const core_records written = take_records(single);
    CHECK_FALSE(single.has_events());
    CHECK(single.committed() == at(1, 0));
    single.persisted(written.operation);
    const auto committed = apply_all(single);
    REQUIRE(committed.size() == 1);
    CHECK(committed[0]->body == "one");
    CHECK(committed[0]->from == request(1));
}

TEST_CASE("single server: completions commit exactly what they made durable", "[zab][single]") {
    core single = make_core();
    lead(single);
    single.propose(request(1), 5, "one");
    const core_records first = take_records(single);
    single.propose(request(2), 5, "two");
    single.propose(request(3), 5, "three");
    const core_records second = take_records(single);

    SECTION("one by one") {
        single.persisted(first.operation);
        CHECK(apply_all(single).size() == 1);
        single.persisted(second.operation);
        CHECK(apply_all(single).size() == 2);
    }
    SECTION("one for both") {
        single.persisted(second.operation);
        CHECK(apply_all(single).size() == 3);
    }
    CHECK(single.committed() == at(1, 3));
}

TEST_CASE("single server: entries form a chain without gaps", "[zab][single]") {
    core single = make_core();
    std::vector<log_record> written = lead(single);
    single.propose(request(1), 5, "one");
    single.propose(request(2), 5, "two");
    const std::vector<log_record> more = persist_all(single);
    written.insert(written.end(), more.begin(), more.end());
    position before;
    std::size_t entries = 0;
    for (const log_record& each : written) {
        if (each.type != record_type::entry) {
            continue;
        }
        CHECK(each.what->previous == before.at);
        CHECK(each.what->chain == chain_after(before.chain, *each.what));
        before = each.what->where();
        ++entries;
    }
    CHECK(entries == 3);
    CHECK(before == single.last());
}

TEST_CASE("single server: time in the history never steps back", "[zab][single]") {
    core single = make_core();
    lead(single);
    single.propose(request(1), 9000, "one");
    single.propose(request(2), 8000, "two");
    persist_all(single);
    const auto committed = apply_all(single);
    REQUIRE(committed.size() == 2);
    CHECK(committed[0]->time_ms == 9000);
    CHECK(committed[1]->time_ms == 9000);
}

TEST_CASE("single server: what is committed is written down with the next entry", "[zab][single]") {
    core single = make_core();
    lead(single);
    single.propose(request(1), 5, "one");
    const core_records written = take_records(single);
    REQUIRE(written.records.size() == 2);
    CHECK(written.records[0].type == record_type::commit_hint);
    CHECK(written.records[0].at == at(1, 0));
    CHECK(written.records[1].type == record_type::entry);
    single.persisted(written.operation);

    single.propose(request(2), 5, "two");
    single.propose(request(3), 5, "three");
    const core_records next = take_records(single);
    REQUIRE(next.records.size() == 3); // the hint tells nothing new to the second entry
    CHECK(next.records[0].at == at(1, 1));
}

TEST_CASE(
    "single server: a restart starts a higher epoch and commits the tail that it found",
    "[zab][single]"
) {
    core first = make_core();
    std::vector<log_record> disk = lead(first);
    first.propose(request(1), 5, "durable but never told to be committed");
    const std::vector<log_record> more = persist_all(first);
    disk.insert(disk.end(), more.begin(), more.end());

    core second = make_core(recovered_from(disk));
    second.start({}, 2000, {});
    CHECK_FALSE(second.has_events());
    persist_all(second);
    const auto committed = apply_all(second);
    REQUIRE(committed.size() == 2);
    CHECK(committed[0]->body == "durable but never told to be committed");
    CHECK(committed[1]->at == at(2, 0));
    CHECK(committed[1]->time_ms == 2000);
}

TEST_CASE("C1: a promise that was made and not used burns its epoch", "[zab][single]") {
    core restarted = make_core(recovered_from({to_log_record(promise{epoch{7}, self, 5})}));
    lead(restarted);
    CHECK(restarted.current_epoch() == epoch{8});
}

TEST_CASE("single server: one of three elects nobody", "[zab][single]") {
    core lonely = make_core(nothing(voters(3)));
    lonely.start({}, 0, {});
    CHECK(persist_all(lonely).empty());
    CHECK(lonely.current_role() == role::looking);
    for (int second = 1; second <= 60; ++second) {
        lonely.advance(std::chrono::seconds{second}, 0);
    }
    CHECK(lonely.current_role() == role::looking);
    CHECK(lonely.promised().to == epoch{});
}

TEST_CASE("single server: an observer elects nobody, not even itself", "[zab][single]") {
    core watcher = make_core(nothing(members_of({observer(1)})));
    watcher.start({}, 0, {});
    CHECK(persist_all(watcher).empty());
    CHECK(watcher.current_role() == role::looking);
}

TEST_CASE("single server: while impaired it does not campaign", "[zab][single]") {
    core single = make_core();
    single.set_impaired(true);
    single.start({}, 0, {});
    CHECK(single.current_role() == role::looking);
    single.set_impaired(false);
    single.advance(std::chrono::seconds{1}, 0);
    CHECK(single.current_role() == role::candidate);
}

TEST_CASE("single server: a barrier is complete at once", "[zab][single]") {
    core single = make_core();
    lead(single);
    single.propose(request(1), 5, "one");
    persist_all(single);
    single.barrier(42);
    const auto results = single.take_barriers();
    REQUIRE(results.size() == 1);
    CHECK(results[0].token == 42);
    CHECK(results[0].is_confirmed);
    CHECK(results[0].at == at(1, 1));
}

TEST_CASE("B59: a barrier waits until the EpochStart is applied", "[zab][single]") {
    core single = make_core();
    single.start({}, 1000, {});
    single.barrier(1);
    const auto refused = single.take_barriers();
    REQUIRE(refused.size() == 1);
    CHECK_FALSE(refused[0].is_confirmed); // it does not lead yet
    persist_all(single);
    single.barrier(2);
    CHECK(single.take_barriers().empty());
    apply_all(single);
    const auto results = single.take_barriers();
    REQUIRE(results.size() == 1);
    CHECK(results[0].is_confirmed);
    CHECK(results[0].at == at(1, 0));
}

TEST_CASE("single server: applied entries leave memory when there are too many", "[zab][single]") {
    core_limits limits;
    limits.memory_count = 4;
    core single = make_core(nothing(), limits);
    lead(single);
    for (std::uint64_t number = 1; number <= 20; ++number) {
        single.propose(request(number), 5, "write");
    }
    CHECK(single.entries().memory_count() == 21);
    persist_all(single);
    apply_all(single);
    CHECK(single.entries().memory_count() == 4);
    CHECK(single.entries().memory_base().at == at(1, 16));
}

TEST_CASE("B5: before the counter is used up a new epoch begins", "[zab][single]") {
    core_limits limits;
    limits.counter_max = 3;
    core single = make_core(nothing(), limits);
    lead(single);
    for (std::uint64_t number = 1; number <= 3; ++number) {
        single.propose(request(number), 5, "write");
    }
    persist_all(single);
    apply_all(single);
    single.advance(std::chrono::seconds{1}, 0);
    persist_all(single);
    apply_all(single);
    CHECK(single.current_role() == role::leading);
    CHECK(single.current_epoch() == epoch{2});
    CHECK(single.propose(request(4), 5, "write") == at(2, 1));
}

TEST_CASE("single server: it sleeps when there is nobody to tell", "[zab][single]") {
    core single = make_core();
    lead(single);
    CHECK(single.next_deadline() == time_point::max());
}
