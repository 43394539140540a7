#include "test/unit/store/disk_tap.hpp"
#include "test/unit/store/store_fixture.hpp"

#include <cerrno>

namespace conclave::store::testing {

namespace {

constexpr std::uint64_t plenty = std::uint64_t{1} << 40;

/// Every row whose position leaves `rest` when divided by `divisor`.
row_changes some_rows(int divisor, int rest, std::size_t value_size) {
    row_changes some;
    int position = 0;
    for (const auto& [key, value] : many_rows(table::node, 600, value_size)) {
        if (position++ % divisor == rest) {
            some[key] = value;
        }
    }
    return some;
}

constexpr int round_count = 8;

row_changes second_rows() {
    row_changes changes = some_rows(5, 1, 120);
    changes[{table::node, "large"}] = bytes(20'000, 'x');
    changes[{table::meta, "zxid"}] = "2";
    return changes;
}

rows first() {
    rows state;
    for (int round = 0; round < round_count; ++round) {
        apply_to(state, some_rows(round_count, round, 100));
    }
    return state;
}

rows both() {
    rows state = first();
    apply_to(state, second_rows());
    return state;
}

/// A store whose free pages are scattered, so that a commit takes many writes.
std::unique_ptr<checkpoint_store> store_with_first(const checkpoint_settings& settings) {
    auto store = must_open(settings);
    for (int round = 0; round < round_count; ++round) {
        must_commit(*store, some_rows(round_count, round, 100));
    }
    return store;
}

/// What became of a commit during which one call failed.
struct outcome {
    bool was_reached = false;
    std::optional<store_error> error;
};

outcome commit_with(
    checkpoint_store& store, const checkpoint_settings& settings, const disk_failure& failure
) {
    const disk_tap tap{settings.directory / "data.mdb", failure};
    const auto committed = store.commit(*frozen(second_rows()));
    outcome seen{tap.has_failed(), {}};
    if (!committed) {
        seen.error = committed.error();
    }
    if (!seen.error || !seen.error->is_fatal()) {
        store.reader().refresh();
    }
    return seen;
}

/// Fails the first call of a commit, then the second, and so on until a commit has no call of that
/// number.
/// @return  how many calls there were.
template <class Check>
std::size_t fail_each_call(disk_failure failure, Check check) {
    while (true) {
        const temporary_directory here;
        const auto settings = settings_in(here.path() / "checkpoint");
        auto store = store_with_first(settings);
        const outcome seen = commit_with(*store, settings, failure);
        if (!seen.was_reached) {
            return failure.call;
        }
        CAPTURE(failure.call);
        check(std::move(store), settings, seen.error);
        ++failure.call;
    }
}

void check_refusal_is_clean(checkpoint_store& store) {
    CHECK(contents(store.reader()) == first());
    must_commit(store, second_rows());
    CHECK(contents(store.reader()) == both());
}

void check_restart_finds_one_state(
    std::unique_ptr<checkpoint_store> store, const checkpoint_settings& settings
) {
    store.reset();
    const rows found = contents(must_open(settings)->reader());
    CHECK((found == first() || found == both()));
}

} // namespace

TEST_CASE(
    "disk failure: a full disk at any write aborts cleanly and a later commit succeeds",
    "[store][disk_failure]"
) {
    std::size_t refused_count = 0;
    std::size_t fatal_count = 0;
    const std::size_t call_count =
        fail_each_call({0, ENOSPC}, [&](auto store, const auto& settings, const auto& error) {
            REQUIRE(error);
            if (error->code == store_errc::disk_full) {
                ++refused_count;
                CHECK_FALSE(error->is_fatal());
                check_refusal_is_clean(*store);
            } else {
                // The write of the first pages: LMDB cannot tell any more what the device holds.
                ++fatal_count;
                CHECK(error->is_fatal());
                check_restart_finds_one_state(std::move(store), settings);
            }
        });
    CHECK(call_count > 5);
    CHECK(refused_count == call_count - 1);
    CHECK(fatal_count == 1);
}

TEST_CASE(
    "disk failure: an error of the device at any call is fatal and a restart finds one state",
    "[store][disk_failure]"
) {
    const reported_free_space space{plenty};
    const std::size_t call_count =
        fail_each_call({0, EIO}, [&](auto store, const auto& settings, const auto& error) {
            REQUIRE(error);
            CHECK(error->code == store_errc::io);
            CHECK(error->is_fatal());
            check_restart_finds_one_state(std::move(store), settings);
        });
    CHECK(call_count > 5);
}

TEST_CASE(
    "disk failure: a short write is a full disk if no space is left", "[store][disk_failure]"
) {
    const reported_free_space space{4096};
    const temporary_directory here;
    const auto settings = settings_in(here.path() / "checkpoint");
    auto store = store_with_first(settings);

    const outcome seen = commit_with(*store, settings, {0, 0, true});

    REQUIRE(seen.error);
    CHECK(seen.error->code == store_errc::disk_full);
    check_refusal_is_clean(*store);
}

TEST_CASE(
    "disk failure: a short write with space left is an error of the device", "[store][disk_failure]"
) {
    const reported_free_space space{plenty};
    const temporary_directory here;
    const auto settings = settings_in(here.path() / "checkpoint");
    auto store = store_with_first(settings);

    const outcome seen = commit_with(*store, settings, {0, 0, true});

    REQUIRE(seen.error);
    CHECK(seen.error->code == store_errc::io);
    check_restart_finds_one_state(std::move(store), settings);
}

} // namespace conclave::store::testing
