#include "server/tree/row_table.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <string>

using namespace conclave;
using conclave::tree::changed_row;
using conclave::tree::row_arena;
using conclave::tree::row_table;

namespace {

std::map<bytes, std::optional<bytes>> content_of(const row_table& rows) {
    std::map<bytes, std::optional<bytes>> content;
    rows.for_each([&](const changed_row& each) {
        const std::optional<bytes_view> value = each.value();
        content.emplace(each.key(), value ? std::optional<bytes>{*value} : std::nullopt);
    });
    return content;
}

} // namespace

TEST_CASE("row table: a row is found by its key", "[tree][row_table]") {
    row_table rows{7};
    CHECK(rows.find("a") == nullptr);

    changed_row& made = rows.find_or_add("a", 3);
    CHECK(made.key() == "a");
    CHECK(made.value() == std::nullopt);
    rows.set_value(made, "one");

    CHECK(rows.find("a") == &made);
    CHECK(&rows.find_or_add("a", 3) == &made);
    CHECK(rows.find("a")->value() == "one");
    CHECK(rows.find("b") == nullptr);
    CHECK(rows.row_count() == 1);
}

TEST_CASE("row table: a value may be empty, and may go", "[tree][row_table]") {
    row_table rows{7};
    changed_row& row = rows.find_or_add("key", 0);
    rows.set_value(row, {});
    CHECK(row.value() == "");
    rows.reset_value(row);
    CHECK(row.value() == std::nullopt);
    CHECK(rows.row_count() == 1);
}

TEST_CASE("row table: the size follows values that grow and shrink", "[tree][row_table]") {
    row_table rows{7};
    changed_row& row = rows.find_or_add("key", 100);
    rows.set_value(row, bytes(100, 'a'));
    const std::size_t small = rows.size();

    for (const std::size_t size : {500, 5'000, 2'000'000, 3'000, 40}) {
        rows.set_value(row, bytes(size, 'b'));
        CHECK(row.value() == bytes(size, 'b'));
        CHECK(rows.size() <= small + size * 2 + 16);
    }
    CHECK(rows.size() == small);

    rows.remove(row);
    CHECK(rows.size() == 0);
}

TEST_CASE("row table: memory of removed rows is used again", "[tree][row_table]") {
    row_arena arena;
    char* const first = arena.allocate(row_arena::rounded(100));
    arena.release(first, row_arena::rounded(100));
    CHECK(arena.allocate(row_arena::rounded(99)) == first);
    CHECK(arena.allocate(row_arena::rounded(99)) != first);
}

TEST_CASE("row table: it does what a map does", "[tree][row_table]") {
    std::mt19937 random{20};
    row_table rows{random()};
    std::map<bytes, std::optional<bytes>> expected;
    for (int step = 0; step < 20'000; ++step) {
        const bytes key = "key" + std::to_string(random() % 700);
        const std::size_t size = random() % (random() % 50 == 0 ? 9'000 : 300);
        const bytes value(size, static_cast<char>('a' + step % 26));
        switch (random() % 5) {
        case 0:
            if (changed_row* row = rows.find(key)) {
                rows.remove(*row);
            }
            expected.erase(key);
            break;
        case 1:
            rows.reset_value(rows.find_or_add(key, 0));
            expected[key] = std::nullopt;
            break;
        default:
            rows.set_value(rows.find_or_add(key, size), value);
            expected[key] = value;
        }
        const changed_row* row = rows.find(key);
        REQUIRE((row != nullptr) == expected.contains(key));
        if (row != nullptr) {
            REQUIRE(row->value() == expected[key]);
        }
    }
    CHECK(rows.row_count() == expected.size());
    CHECK(content_of(rows) == expected);
}
