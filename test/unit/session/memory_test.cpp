/// What the tables cost, by counting what this program takes from the heap. The sanitizers bring an
/// allocator with figures of its own, so their builds leave these tests out.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include "server/session/session_table.hpp"
#include "server/session/watch_table.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <new>
#include <type_traits>

namespace {

// The program runs on one thread while it counts; Catch2 asserts on that thread too.
std::size_t allocation_count = 0;
std::ptrdiff_t octets_taken = 0;

/// What the allocator gives for one request, with the word that it keeps in front of it.
std::ptrdiff_t cost_of(void* memory) {
    return static_cast<std::ptrdiff_t>(malloc_usable_size(memory) + sizeof(std::size_t));
}

} // namespace

void* operator new(std::size_t size) {
    void* const memory = std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    ++allocation_count;
    octets_taken += cost_of(memory);
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory != nullptr) {
        octets_taken -= cost_of(memory);
        std::free(memory);
    }
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

namespace conclave::session {

namespace {

using namespace std::chrono_literals;

/// Octets per item that `build` takes from the heap and does not give back.
template <class Build>
double octets_per_item(std::size_t item_count, const Build& build) {
    const std::ptrdiff_t before = octets_taken;
    const auto built = build();
    return static_cast<double>(octets_taken - before) / static_cast<double>(item_count);
}

/// Distinct paths that fit into a string object, as "/app/node-00017".
bytes short_path(std::size_t number) {
    const bytes digits = std::to_string(number);
    return "/app/n" + bytes(6 - digits.size(), '0') + digits;
}

} // namespace

TEST_CASE("session_table: an idle session costs at most 150 octets", "[session][memory]") {
    constexpr std::size_t session_count = 10'000;
    const double octets = octets_per_item(session_count, [] {
        auto table = std::make_unique<session_table>(session_settings{2000ms});
        for (std::size_t index = 0; index < session_count; ++index) {
            const session_id id{0x100000000000000 + static_cast<std::int64_t>(index)};
            table->open(id, 30s, std::chrono::milliseconds{index});
        }
        return table;
    });

    CAPTURE(octets);
    CHECK(octets > 24);
    CHECK(octets <= 150);
}

TEST_CASE(
    "session_table: moving to another bucket takes no memory for the session", "[session][memory]"
) {
    session_table table{session_settings{500ms}};
    table.open(session_id{1}, 1s, 0ms);
    table.open(session_id{2}, 1s, 10s);
    const std::size_t before = allocation_count;

    table.touch(session_id{1}, 10s);

    CHECK(allocation_count == before);
    CHECK(table.find(session_id{1})->deadline == table.find(session_id{2})->deadline);
}

TEST_CASE(
    "watch_table: the first watcher of a short path costs under 150 octets", "[watch][memory]"
) {
    // Just behind a power of two the lists that grow have the most room unused.
    const std::size_t path_count = GENERATE(as<std::size_t>{}, 10'000, 16'385, 100'000);
    const double octets = octets_per_item(path_count, [&] {
        auto table = std::make_unique<watch_table>();
        for (std::size_t index = 0; index < path_count; ++index) {
            table->add(watcher_id{1}, short_path(index), watch_kind::data);
        }
        return table;
    });

    CAPTURE(path_count, octets);
    CHECK(octets > 64);
    CHECK(octets < 150);
}

TEST_CASE("watch_table: each further watcher of a path costs under 40 octets", "[watch][memory]") {
    constexpr std::size_t path_count = 1'000;
    const std::size_t watcher_count = GENERATE(as<std::size_t>{}, 100, 129, 300);
    const double octets = octets_per_item(path_count * watcher_count, [&] {
        auto table = std::make_unique<watch_table>();
        for (std::size_t watcher = 0; watcher < watcher_count; ++watcher) {
            for (std::size_t index = 0; index < path_count; ++index) {
                table->add(watcher_id{watcher}, short_path(index), watch_kind::data);
            }
        }
        return table;
    });

    CAPTURE(watcher_count, octets);
    CHECK(octets > 16);
    CHECK(octets < 40);
}

TEST_CASE("watch_table: lists give their room back as watches go", "[watch][memory]") {
    // 10,000 watches need 80 kB for a list of paths and 160 kB for a list of watchers. What may
    // remain is the directory of one hash table (10,273 words), and of the watchers told of one
    // event (16,384 words).
    constexpr std::size_t count = 10'000;
    constexpr std::ptrdiff_t directory = 90'000;
    constexpr std::ptrdiff_t told = 135'000;
    const std::ptrdiff_t before = octets_taken;

    SECTION("the paths of a watcher") {
        watch_table table;
        for (std::size_t index = 0; index < count; ++index) {
            table.add(watcher_id{1}, short_path(index), watch_kind::data);
        }
        for (std::size_t index = 1; index < count; ++index) {
            table.remove(watcher_id{1}, short_path(index), watch_selection::any);
        }
        CHECK(table.watch_count() == 1);
        CHECK(octets_taken - before < directory);
    }
    SECTION("the watchers of a path when they go one by one") {
        watch_table table;
        for (std::size_t index = 0; index < count; ++index) {
            table.add(watcher_id{index}, "/p", watch_kind::data);
        }
        for (std::size_t index = 1; index < count; ++index) {
            table.drop(watcher_id{index});
        }
        CHECK(table.watch_count() == 1);
        CHECK(octets_taken - before < directory);
    }
    SECTION("the watchers of a path when an event takes them") {
        watch_table table;
        table.add(watcher_id{0}, "/p", watch_kind::persistent);
        for (std::size_t index = 1; index < count; ++index) {
            table.add(watcher_id{index}, "/p", watch_kind::data);
        }
        table.trigger(event_type::deleted, "/p", [](watcher_id) {});
        CHECK(table.watch_count() == 1);
        CHECK(octets_taken - before < directory + told);
    }
}

TEST_CASE("watch_table: an event that nobody watches takes no memory", "[watch][memory]") {
    const bytes deep = "/a path/with/many/components/and/so/long/that/any/copy/would/take/memory";
    watch_table table;
    for (std::size_t index = 0; index < 100; ++index) {
        table.add(watcher_id{1}, short_path(index), watch_kind::data);
    }
    const bool has_recursive_watch = GENERATE(false, true);
    if (has_recursive_watch) {
        table.add(watcher_id{1}, "/elsewhere", watch_kind::recursive);
    }
    std::size_t heard = 0;
    const std::size_t before = allocation_count;

    table.trigger(event_type::created, deep, [&](watcher_id) { ++heard; });
    table.trigger(event_type::children_changed, deep, [&](watcher_id) { ++heard; });

    CHECK(allocation_count == before);
    CHECK(heard == 0);
}

TEST_CASE("watch_table: telling as many watchers as before takes no memory", "[watch][memory]") {
    watch_table table;
    for (std::size_t watcher = 0; watcher < 100; ++watcher) {
        table.add(watcher_id{watcher}, "/", watch_kind::recursive);
    }
    std::size_t heard = 0;
    table.trigger(event_type::created, "/a/b", [&](watcher_id) { ++heard; });
    const std::size_t before = allocation_count;

    table.trigger(event_type::data_changed, "/a/b", [&](watcher_id) { ++heard; });

    CHECK(allocation_count == before);
    CHECK(heard == 200);
}

static_assert(!std::is_copy_constructible_v<watch_table>, "its rows are pointed to");

} // namespace conclave::session

#endif
