#include "server/store/checkpoint_thread.hpp"
#include "test/unit/store/store_fixture.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <malloc.h>
#include <thread>

namespace {

std::atomic<int> trim_count{0};

} // namespace

/// Takes the place of the allocator's function, so that a test can see the call.
extern "C" int malloc_trim(std::size_t) noexcept {
    ++trim_count;
    trim_count.notify_all();
    return 0;
}

namespace conclave::store::testing {

namespace {

/// Submits and waits. The limit is for a test that would hang otherwise.
result<void, store_error>
submitted(checkpoint_thread& thread, std::shared_ptr<const tree::change_set> changes) {
    std::promise<result<void, store_error>> promise;
    auto done = promise.get_future();
    thread.submit(std::move(changes), [&](result<void, store_error> outcome) {
        promise.set_value(std::move(outcome));
    });
    REQUIRE(done.wait_for(std::chrono::minutes{1}) == std::future_status::ready);
    return done.get();
}

} // namespace

TEST_CASE("checkpoint thread: writes one change set after the other", "[store][thread]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    checkpoint_thread thread{*store};
    rows expected;
    for (int round = 0; round < 20; ++round) {
        const row_changes changes{{{table::node, std::to_string(round)}, "x"}};
        apply_to(expected, changes);

        REQUIRE(submitted(thread, frozen(changes)));

        CHECK_FALSE(thread.is_busy());
        store->reader().refresh();
        CHECK(contents(store->reader()) == expected);
    }
}

TEST_CASE("checkpoint thread: reports a failure to whoever submitted", "[store][thread]") {
    const temporary_directory here;
    auto settings = settings_in(here.path() / "checkpoint");
    settings.map_size = std::size_t{1} << 20;
    const auto store = must_open(settings);
    checkpoint_thread thread{*store};

    const auto refused = submitted(thread, frozen(many_rows(table::node, 5'000, 500)));

    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store_errc::map_full);
}

TEST_CASE("checkpoint thread: gives the change set back before it reports", "[store][thread]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    checkpoint_thread thread{*store};
    auto changes = frozen({{{table::node, "a"}, "1"}});
    const std::weak_ptr<const tree::change_set> watched = changes;

    REQUIRE(submitted(thread, std::move(changes)));

    CHECK(watched.expired());
}

TEST_CASE("checkpoint thread: finishes what was submitted before it ends", "[store][thread]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    bool was_reported = false;
    {
        checkpoint_thread thread{*store};
        thread.submit(
            frozen(many_rows(table::node, 2'000, 100)),
            [&](const result<void, store_error>& outcome) { was_reported = outcome.has_value(); }
        );
    }
    CHECK(was_reported);
    store->reader().refresh();
    CHECK(contents(store->reader()).size() == 2'000);
}

TEST_CASE(
    "checkpoint thread: gives memory back once when it is idle and works on", "[store][thread]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    trim_count = 0;
    checkpoint_thread thread{*store, std::chrono::milliseconds{20}};
    for (int round = 1; round <= 3; ++round) {
        REQUIRE(submitted(thread, frozen({{{table::node, "a"}, "1"}})));
        trim_count.wait(round - 1);
        CHECK(trim_count == round);
    }
}

TEST_CASE("checkpoint thread: gives no memory back while others are busy", "[store][thread]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    trim_count = 0;
    std::atomic<int> looks{0};
    std::atomic<bool> is_busy{true};
    const auto used = [&] {
        ++looks;
        looks.notify_all();
        return is_busy ? std::chrono::seconds{looks} : std::chrono::seconds{0};
    };
    checkpoint_thread thread{*store, std::chrono::milliseconds{1}, used};
    REQUIRE(submitted(thread, frozen({{{table::node, "a"}, "1"}})));
    for (int seen = 0; seen < 10; seen = looks) {
        looks.wait(seen);
    }
    CHECK(trim_count == 0);
    is_busy = false;
    trim_count.wait(0);
    CHECK(trim_count == 1);
}

TEST_CASE(
    "checkpoint thread: the reader reads its state while a commit is written", "[store][thread]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    const row_changes before = many_rows(table::node, 1'000, 50);
    must_commit(*store, before);
    checkpoint_thread thread{*store};
    std::atomic<bool> is_done{false};
    thread.submit(frozen(many_rows(table::node, 20'000, 60)), [&](const auto&) { is_done = true; });
    std::size_t wrong_count = 0;
    do {
        for (const auto& [key, value] : before) {
            wrong_count += store->reader().get(key.first, key.second) == value ? 0 : 1;
        }
    } while (!is_done);
    CHECK(wrong_count == 0);
    store->reader().refresh();
    CHECK(contents(store->reader()).size() == 20'000);
}

} // namespace conclave::store::testing
