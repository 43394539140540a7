#include "server/zab/recovery.hpp"
#include "test/unit/zab/history_maker.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;
using Catch::Matchers::Contains;

namespace {

log_record hint(zxid committed) {
    return {record_type::commit_hint, committed, {}, nullptr};
}

base_state checkpoint_at(const position& where) {
    base_state made = empty_base(voters(3));
    made.at = where;
    made.epochs = {where};
    return made;
}

/// A log that is being read, and what was handed on as committed.
struct reading {
    recovery log;
    std::vector<zxid> applied;

    explicit reading(base_state checkpoint = {}, std::int64_t time_ms = 0)
        : log(std::move(checkpoint), time_ms) {}

    /// Empty if the record is accepted, else why not.
    std::string take(const log_record& record) {
        const auto taken =
            log.on_record(record, [&](const entry& each) { applied.push_back(each.at); });
        return taken ? std::string{} : taken.error();
    }

    std::string take(const shared_entry& each) { return take(to_log_record(*each)); }

    /// Precondition: nothing contradicts.
    void take_all(const std::vector<shared_entry>& all) {
        for (const shared_entry& each : all) {
            REQUIRE(take(each) == "");
        }
    }

    recovered_state finish() { return std::move(log).finish(); }
};

std::vector<zxid> places(const std::deque<shared_entry>& of) {
    std::vector<zxid> found;
    for (const shared_entry& each : of) {
        found.push_back(each->at);
    }
    return found;
}

} // namespace

TEST_CASE("recovery: entries wait for the hint that they are committed", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 3);
    reading log;
    log.take_all(made);
    CHECK(log.applied.empty());
    CHECK(log.take(hint(at(1, 1))) == "");
    CHECK(log.applied == std::vector{at(1, 0), at(1, 1)});
    const recovered_state state = log.finish();
    CHECK(state.base.at == made[1]->where());
    CHECK(places(state.tail) == std::vector{at(1, 2), at(1, 3)});
    CHECK(state.time_ms == 103);
}

TEST_CASE("recovery: a hint beyond the log commits what is there", "[zab][recovery]") {
    reading log;
    log.take_all(history_maker{}.epoch_of(1, 1));
    CHECK(log.take(hint(at(1, 50))) == "");
    CHECK(log.applied == std::vector{at(1, 0), at(1, 1)});
    CHECK(log.finish().base.at.at == at(1, 1));
}

TEST_CASE("recovery: what the checkpoint holds is not applied again", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 3);
    reading log{checkpoint_at(made[2]->where()), 500};
    log.take_all(made);
    CHECK(log.take(hint(at(1, 2))) == "");
    CHECK(log.applied.empty());
    const recovered_state state = log.finish();
    CHECK(places(state.tail) == std::vector{at(1, 3)});
    CHECK(state.time_ms == 500);
}

TEST_CASE("recovery: a log that is older than the checkpoint adds nothing", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 3);
    reading log{checkpoint_at(made[3]->where())};
    CHECK(log.take(made[0]) == "");
    const recovered_state state = log.finish();
    CHECK(state.base.at == made[3]->where());
    CHECK(state.tail.empty());
}

TEST_CASE("recovery: a gap between checkpoint and log is refused", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 3);
    reading log{checkpoint_at(made[0]->where())};
    CHECK_THAT(log.take(made[2]), Contains("are missing"));
}

TEST_CASE("recovery: a gap that the checkpoint covers is passed over", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 4);
    reading log{checkpoint_at(made[3]->where())};
    CHECK(log.take(made[0]) == "");
    CHECK(log.take(made[4]) == "");
    CHECK(places(log.finish().tail) == std::vector{at(1, 4)});
}

TEST_CASE("recovery: a gap inside the log is refused", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 3);
    reading log;
    CHECK(log.take(made[0]) == "");
    CHECK_THAT(log.take(made[2]), Contains("not continuous"));
}

TEST_CASE("recovery: an epoch in the log begins with its start", "[zab][recovery]") {
    history_maker maker;
    reading log;
    log.take_all(maker.epoch_of(1, 1));
    entry stray = *maker.write("in no epoch");
    stray.at = at(2, 1);
    CHECK_THAT(log.take(to_log_record(stray)), Contains("not continuous"));
}

TEST_CASE("recovery: a forged entry breaks the chain", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 2);
    entry forged = *made[1];
    forged.body = "forged";
    reading log;
    CHECK(log.take(made[0]) == "");
    CHECK_THAT(log.take(to_log_record(forged)), Contains("chain"));
}

TEST_CASE("recovery: a log of another history at the checkpoint is refused", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 2);
    reading log{checkpoint_at({at(1, 1), {1, 2}})};
    CHECK(log.take(made[0]) == "");
    CHECK_THAT(log.take(made[1]), Contains("different histories"));
}

TEST_CASE("recovery: a log that continues another history is refused", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 3);
    reading log{checkpoint_at({at(1, 1), {1, 2}})};

    SECTION("right behind the checkpoint") {
        CHECK_THAT(log.take(made[2]), Contains("chain"));
    }
    SECTION("behind a gap that the checkpoint covers") {
        CHECK(log.take(made[0]) == "");
        CHECK_THAT(log.take(made[2]), Contains("chain"));
    }
}

TEST_CASE("recovery: an entry need not be encoded to be taken", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(1, 1);
    reading log;
    CHECK(log.take(to_log_record(made[0])) == "");
    CHECK(log.take(to_log_record(made[1])) == "");
    CHECK(log.finish().tail.back() == made[1]);
}

TEST_CASE("recovery: a record that cannot be decoded is refused", "[zab][recovery]") {
    for (const record_type type :
         {record_type::entry, record_type::promise, record_type::truncate, record_type::base}) {
        reading log;
        CHECK_THAT(log.take({type, at(1, 0), "garbage", nullptr}), Contains("cannot be decoded"));
    }
    reading log;
    CHECK_THAT(
        log.take({static_cast<record_type>(99), at(1, 0), {}, nullptr}), Contains("unknown type")
    );
}

TEST_CASE("recovery: the highest promise counts, in whatever order they come", "[zab][recovery]") {
    const promise higher{epoch{7}, server_id{3}, 30};
    reading log;
    CHECK(log.take(to_log_record(promise{epoch{5}, server_id{2}, 20})) == "");
    CHECK(log.take(to_log_record(higher)) == "");
    CHECK(log.take(to_log_record(promise{epoch{6}, server_id{1}, 10})) == "");
    CHECK(log.finish().promised == higher);
}

TEST_CASE("recovery: the promise is never below the epoch of the log (I4)", "[zab][recovery]") {
    reading log;
    CHECK(log.take(to_log_record(promise{epoch{2}, server_id{1}, 1})) == "");
    log.take_all(history_maker{}.epoch_of(5, 1));
    CHECK(log.finish().promised.to == epoch{5});

    CHECK(reading{checkpoint_at({at(6, 3), {}})}.finish().promised.to == epoch{6});
}

TEST_CASE("recovery: a truncation takes back what was not committed", "[zab][recovery]") {
    history_maker maker;
    const auto old = maker.epoch_of(3, 9);
    history_maker fork = maker;
    const auto lost = std::vector{maker.write("lost"), maker.write("lost too")};
    reading log;
    log.take_all(old);
    log.take_all(lost);
    CHECK(log.take(truncate_record(fork.end())) == "");
    const auto kept = fork.epoch_of(4, 1);
    log.take_all(kept);
    CHECK(log.take(hint(at(4, 1))) == "");
    CHECK(log.applied.size() == old.size() + kept.size());
    CHECK(log.applied.back() == at(4, 1));
    CHECK(log.finish().base.at == fork.end());
}

TEST_CASE(
    "recovery: a checkpoint may lie behind an epoch with a higher number that came to nothing",
    "[zab][recovery]"
) {
    history_maker maker;
    const auto shared = maker.epoch_of(6, 3);
    const position common = maker.end();
    history_maker lost = maker;
    const auto nothing = lost.begin_epoch(7);
    const auto later = std::vector{maker.write("later"), maker.write("applied")};
    reading log{checkpoint_at(maker.end())};
    log.take_all(shared);
    CHECK(log.take(nothing) == "");
    CHECK(log.take(truncate_record(common)) == "");
    log.take_all(later);
    const auto next = maker.begin_epoch(8);
    CHECK(log.take(next) == "");
    CHECK(places(log.finish().tail) == std::vector{at(8, 0)});
}

TEST_CASE("recovery: what follows a truncation must continue it", "[zab][recovery]") {
    history_maker maker;
    const auto old = maker.epoch_of(3, 2);
    reading log;
    log.take_all(old);
    CHECK(log.take(truncate_record(old[1]->where())) == "");
    CHECK_THAT(log.take(maker.write("continues what was cut")), Contains("not continuous"));
}

TEST_CASE("recovery: a truncation of committed entries is refused", "[zab][recovery]") {
    const auto made = history_maker{}.epoch_of(3, 3);

    SECTION("committed according to the log") {
        reading log;
        log.take_all(made);
        CHECK(log.take(hint(at(3, 2))) == "");
        CHECK_THAT(log.take(truncate_record(made[1]->where())), Contains("does not allow"));
    }
    SECTION("held by the checkpoint") {
        reading log{checkpoint_at(made[2]->where())};
        log.take_all(made);
        CHECK_THAT(log.take(truncate_record(made[1]->where())), Contains("does not allow"));
    }
    SECTION("to a place that is not reached") {
        reading log;
        log.take_all(made);
        CHECK_THAT(log.take(truncate_record({at(3, 4), {}})), Contains("does not allow"));
    }
}

TEST_CASE("recovery: a truncation may come first, when what it cut was purged", "[zab][recovery]") {
    history_maker maker;
    maker.epoch_of(3, 9);
    const position keep = maker.end();
    const auto after = maker.epoch_of(4, 3);

    SECTION("below the checkpoint") {
        reading log{checkpoint_at(after[2]->where())};
        CHECK(log.take(truncate_record(keep)) == "");
        log.take_all(after);
        CHECK(places(log.finish().tail) == std::vector{at(4, 3)});
    }
    SECTION("at the checkpoint") {
        reading log{checkpoint_at(keep)};
        CHECK(log.take(truncate_record(keep)) == "");
        log.take_all(after);
        CHECK(log.finish().tail.size() == after.size());
    }
    SECTION("but not above it: the entries between are missing") {
        history_maker older;
        const auto made = older.epoch_of(3, 5);
        reading log{checkpoint_at(made[4]->where())};
        CHECK_THAT(log.take(truncate_record(keep)), Contains("does not allow"));
    }
}

TEST_CASE("recovery: an installed snapshot replaces the log before it", "[zab][recovery]") {
    history_maker maker;
    const auto old = maker.epoch_of(2, 3);
    history_maker leader;
    leader.epoch_of(2, 1);
    leader.epoch_of(5, 20);
    const base_state installed = checkpoint_at(leader.end());
    const auto after = std::vector{leader.write("behind"), leader.write("the snapshot")};

    reading log{installed};
    log.take_all(old);
    CHECK(log.take(to_log_record(installed)) == "");
    log.take_all(after);
    CHECK(log.applied.empty());
    const recovered_state state = log.finish();
    CHECK(state.base == installed);
    CHECK(places(state.tail) == std::vector{at(5, 21), at(5, 22)});
}

TEST_CASE("recovery: a snapshot that is not there cannot be continued", "[zab][recovery]") {
    history_maker maker;
    const auto old = maker.epoch_of(2, 3);
    maker.epoch_of(5, 1);
    reading log{checkpoint_at(old[3]->where())};
    log.take_all(old);
    CHECK_THAT(log.take(to_log_record(checkpoint_at(maker.end()))), Contains("snapshot"));
}

TEST_CASE("recovery: a checkpoint newer than the installed snapshot goes on", "[zab][recovery]") {
    history_maker maker;
    maker.epoch_of(5, 20);
    const base_state installed = checkpoint_at(maker.end());
    const auto after = std::vector{maker.write("one"), maker.write("two"), maker.write("three")};
    reading log{checkpoint_at(after[1]->where())};
    CHECK(log.take(to_log_record(installed)) == "");
    log.take_all(after);
    CHECK(places(log.finish().tail) == std::vector{at(5, 23)});
}

TEST_CASE("recovery: epochs and members are those at the committed place", "[zab][recovery]") {
    history_maker maker;
    reading log;
    log.take_all({maker.found(1, voters(3)), maker.write("one")});
    log.take_all({maker.begin_epoch(2), maker.change_members(voters(5)), maker.activate()});
    CHECK(log.take(hint(at(2, 1))) == "");
    const recovered_state state = log.finish();
    REQUIRE(state.base.epochs.size() == 2);
    CHECK(state.base.epochs[0].at == at(1, 1));
    CHECK(state.base.epochs[1].at == at(2, 1));
    CHECK(state.base.members.is_joint);
    CHECK(state.base.members.stable.version == at(1, 0));
    CHECK(state.base.members.pending.version == at(2, 1));
    CHECK(places(state.tail) == std::vector{at(2, 2)});
}
