#include "test/unit/zab/history_maker.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

std::vector<zxid> places(const std::vector<position>& of) {
    std::vector<zxid> found;
    for (const position& each : of) {
        found.push_back(each.at);
    }
    return found;
}

void append(history& to, const std::vector<shared_entry>& all) {
    for (const shared_entry& each : all) {
        to.append(each);
    }
}

/// Epochs of two writes each, with these numbers.
history history_of(std::initializer_list<std::uint32_t> epochs) {
    history made{{}, {}};
    history_maker maker;
    for (const std::uint32_t number : epochs) {
        append(made, maker.epoch_of(number, 2));
    }
    return made;
}

} // namespace

TEST_CASE("history: it starts empty, at zxid zero", "[zab][history]") {
    const history empty{{}, {}};
    CHECK(empty.last() == position{});
    CHECK(empty.memory_base() == position{});
    CHECK(empty.memory_count() == 0);
    CHECK(empty.epochs().empty());
    CHECK(empty.place(zxid{}) == position{});
    CHECK_FALSE(empty.place(at(1, 0)).has_value());
}

TEST_CASE("history: entries are found by their place", "[zab][history]") {
    history_maker maker;
    const auto first = maker.epoch_of(1, 3);
    const auto second = maker.epoch_of(4, 1);
    history made{{}, {first.begin(), first.end()}};
    append(made, second);

    CHECK(made.last() == second.back()->where());
    CHECK(made.memory_count() == 6);
    REQUIRE(made.find(at(1, 2)) != nullptr);
    CHECK(*made.find(at(1, 2)) == first[2]);
    CHECK(made.find(at(1, 4)) == nullptr);
    CHECK(made.place(at(4, 0)) == second[0]->where());
    CHECK_FALSE(made.place(at(2, 0)).has_value());
    CHECK(made.index_behind(zxid{}) == 0);
    CHECK(made.index_behind(at(1, 3)) == 4);
    CHECK(made.index_behind(at(4, 1)) == made.memory_count());
}

TEST_CASE("history: only a successor may follow", "[zab][history]") {
    CHECK(is_successor(at(1, 4), at(1, 5)));
    CHECK(is_successor(at(1, 4), at(2, 0)));
    CHECK(is_successor(at(1, 4), at(9, 0)));
    CHECK(is_successor(zxid{}, at(1, 0)));
    CHECK_FALSE(is_successor(at(1, 4), at(1, 4)));
    CHECK_FALSE(is_successor(at(1, 4), at(1, 6)));
    CHECK_FALSE(is_successor(at(1, 4), at(1, 0)));
    CHECK_FALSE(is_successor(at(1, 4), at(2, 1)));
    CHECK_FALSE(is_successor(at(2, 0), at(1, 0)));
}

TEST_CASE("history: the last place of each epoch is remembered", "[zab][history]") {
    const history made = history_of({1, 2, 5});
    CHECK(places(made.epochs()) == std::vector{at(1, 2), at(2, 2), at(5, 2)});
    CHECK(made.epochs().back() == made.last());
}

TEST_CASE("history: truncation drops everything behind a place", "[zab][history]") {
    history made = history_of({1, 2});
    const std::size_t size_before = made.memory_size();

    SECTION("inside the newest epoch") {
        made.truncate(*made.place(at(2, 1)));
        CHECK(places(made.epochs()) == std::vector{at(1, 2), at(2, 1)});
    }
    SECTION("at the end of an older epoch") {
        made.truncate(*made.place(at(1, 2)));
        CHECK(places(made.epochs()) == std::vector{at(1, 2)});
    }
    SECTION("inside an older epoch") {
        made.truncate(*made.place(at(1, 1)));
        CHECK(places(made.epochs()) == std::vector{at(1, 1)});
    }
    SECTION("everything") {
        made.truncate(position{});
        CHECK(made.epochs().empty());
        CHECK(made.memory_size() == 0);
    }
    CHECK(made.memory_size() < size_before);
    CHECK(made.find(at(2, 2)) == nullptr);
    history_maker after;
    if (made.last() == position{}) {
        append(made, after.epoch_of(7, 0));
        CHECK(made.last().at == at(7, 0));
    }
}

TEST_CASE("history: truncating to the base keeps what is known of it", "[zab][history]") {
    history_maker maker;
    maker.epoch_of(1, 2);
    maker.epoch_of(2, 3);
    base_state base;
    base.at = maker.end();
    base.epochs = {{at(1, 2), {}}, base.at};
    const auto tail = maker.epoch_of(3, 1);
    history made{base, {tail.begin(), tail.end()}};
    made.truncate(base.at);
    CHECK(made.last() == base.at);
    CHECK(places(made.epochs()) == std::vector{at(1, 2), at(2, 3)});
}

TEST_CASE("history: applied entries are let go of, the oldest first", "[zab][history]") {
    history made = history_of({1, 2});
    const position last = made.last();

    SECTION("by count") {
        made.forget(at(2, 2), 1'000'000, 2);
        CHECK(made.memory_count() == 2);
        CHECK(made.memory_base().at == at(2, 0));
    }
    SECTION("by size") {
        made.forget(at(2, 2), made.memory_size() - 1, 100);
        CHECK(made.memory_count() == 5);
        CHECK(made.memory_base().at == at(1, 0));
    }
    SECTION("never beyond the limit") {
        made.forget(at(1, 1), 0, 0);
        CHECK(made.memory_base().at == at(1, 1));
        CHECK(made.memory_count() == 4);
    }
    CHECK(made.last() == last);
    CHECK(made.place(made.memory_base().at) == made.memory_base());
    CHECK_FALSE(made.place(zxid{}).has_value());
    CHECK(places(made.epochs()) == std::vector{at(1, 2), at(2, 2)});
}

TEST_CASE("history: what another one shares with it", "[zab][history]") {
    const history ours = history_of({3, 4}); // ..3.2, 4.0..4.2
    const auto common = [&](std::vector<zxid> theirs) {
        std::vector<position> epochs;
        for (const zxid each : theirs) {
            epochs.push_back({each, {}});
        }
        return ours.common_place(epochs);
    };
    // S1: the same
    CHECK(common({at(3, 2), at(4, 2)}) == at(4, 2));
    // S2: it lags, inside an epoch or by whole epochs
    CHECK(common({at(3, 2), at(4, 1)}) == at(4, 1));
    CHECK(common({at(3, 2)}) == at(3, 2));
    // S3: it went on in an older epoch
    CHECK(common({at(3, 11)}) == at(3, 2));
    // it has more of the newest one
    CHECK(common({at(3, 2), at(4, 9)}) == at(4, 2));
    // S4: its newest epoch is unknown here
    CHECK(common({at(3, 2), at(5, 1)}) == at(3, 2));
    CHECK(common({at(3, 1), at(7, 0), at(8, 0)}) == at(3, 1));
    // S7: it is empty
    CHECK(common({}) == zxid{});
    // nothing in common at all
    CHECK(common({at(1, 5), at(9, 0)}) == zxid{});
}

TEST_CASE("history: it remembers a bounded number of epochs", "[zab][history]") {
    history made{{}, {}};
    history_maker maker;
    for (std::uint32_t number = 1; number <= history::epochs_kept + 6; ++number) {
        append(made, maker.epoch_of(number, 1));
    }
    CHECK(made.epochs().size() == history::epochs_kept);
    CHECK(made.epochs().front().at == at(7, 1));

    // S5: it may share one that is not remembered any more; nobody may guess
    CHECK(made.common_place({{at(3, 1), {}}}) == std::nullopt);
    CHECK(made.common_place({{at(3, 1), {}}, {at(7, 1), {}}}) == at(7, 1));
}

TEST_CASE("history: an epoch that was forgotten stays forgotten", "[zab][history]") {
    history made{{}, {}};
    history_maker maker;
    for (std::uint32_t number = 1; number <= history::epochs_kept + 6; ++number) {
        append(made, maker.epoch_of(number, 1));
    }
    SECTION("after a truncation") {
        made.truncate(*made.place(at(history::epochs_kept, 1)));
        CHECK(made.common_place({{at(3, 1), {}}}) == std::nullopt);
    }
    SECTION("in what a checkpoint keeps of an older place") {
        const base_state older = made.state_at(*made.place(at(history::epochs_kept, 1)));
        const history restored{older, {}};
        CHECK(restored.common_place({{at(3, 1), {}}}) == std::nullopt);
    }
}

TEST_CASE("history: a membership decides from its entry on", "[zab][history]") {
    history made{empty_base(voters(3)), {}};
    history_maker maker;
    made.append(maker.found(1, voters(3)));
    CHECK(made.members().version() == at(1, 0));
    const position before = made.last();

    made.append(maker.change_members(voters(5)));
    CHECK(made.members().is_joint);
    CHECK(made.members().stable.members.size() == 3);
    CHECK(made.members().pending.members.size() == 5);
    CHECK(made.members().version() == at(1, 1));
    const position joint = made.last();

    made.append(maker.activate());
    CHECK_FALSE(made.members().is_joint);
    CHECK(made.members().stable.members.size() == 5);
    CHECK(made.members().version() == at(1, 1));

    SECTION("a truncated activation leaves both deciding") {
        made.truncate(joint);
        CHECK(made.members().is_joint);
    }
    SECTION("a truncated membership never decided") {
        made.truncate(before);
        CHECK_FALSE(made.members().is_joint);
        CHECK(made.members().stable.members.size() == 3);
    }
    SECTION("a checkpoint keeps who decided at its place") {
        CHECK(made.state_at(before).members.stable.members.size() == 3);
        CHECK(made.state_at(joint).members.is_joint);
        CHECK(made.state_at(made.last()).members.stable.members.size() == 5);
    }
    SECTION("applied changes are folded, and stay what they are") {
        CHECK(made.membership_changes().size() == 4);
        made.settle(joint.at);
        CHECK(made.membership_changes().size() == 2);
        CHECK(made.state_at(joint).members.is_joint);
        made.settle(made.last().at);
        CHECK(made.membership_changes().size() == 1);
        CHECK(made.members().stable.members.size() == 5);
    }
}

TEST_CASE("history: a membership that cannot be decoded changes nothing", "[zab][history]") {
    membership_state before{voters(3), {}, false};
    entry broken = *history_maker{}.begin_epoch(1);
    broken.kind = entry_kind::membership;
    broken.body = "no membership";
    CHECK(members_after(before, broken) == before);
    broken.kind = entry_kind::epoch_start;
    CHECK(members_after(before, broken) == before);
    broken.kind = entry_kind::activation;
    CHECK(members_after(before, broken) == before);
}

TEST_CASE("history: a checkpoint keeps the epochs up to its place", "[zab][history]") {
    const history made = history_of({1, 2, 5});
    const base_state middle = made.state_at(*made.place(at(2, 1)));
    CHECK(middle.at.at == at(2, 1));
    CHECK(places(middle.epochs) == std::vector{at(1, 2), at(2, 1)});
    CHECK(made.state_at(position{}).epochs.empty());
}
