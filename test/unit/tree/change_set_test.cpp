#include "server/tree/write_buffer.hpp"
#include "test/support/memory_tables.hpp"

#include <catch2/catch.hpp>

#include <malloc.h>

using namespace conclave;
using conclave::tree::change_set;
using conclave::tree::table;
using conclave::tree::write_buffer;

TEST_CASE("change set: rows are visited in ascending key order", "[tree][change_set]") {
    test::memory_tables base;
    write_buffer rows{base};
    for (const bytes_view key : {"m", "a", "z", "b"}) {
        rows.put(table::node, key, bytes{key});
    }
    rows.erase(table::node, "c");
    const auto frozen = rows.freeze();

    bytes visited;
    frozen->for_each(table::node, [&](bytes_view key, const change_set::row& value) {
        visited += key;
        visited += value ? '+' : '-';
    });
    CHECK(visited == "a+b+c-m+z+");
}

TEST_CASE("change set: tables do not mix", "[tree][change_set]") {
    test::memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "key", "in node");
    rows.put(table::meta, "key", "in meta");
    const auto frozen = rows.freeze();

    CHECK(frozen->row_count() == 2);
    CHECK(**frozen->find(table::meta, "key") == "in meta");
    CHECK(**frozen->find(table::node, "key") == "in node");
    CHECK_FALSE(frozen->find(table::session, "key").has_value());
    CHECK(change_set{}.empty());
    CHECK_FALSE(frozen->empty());
}

TEST_CASE("change set: the size grows and shrinks with the rows", "[tree][change_set]") {
    test::memory_tables base;
    write_buffer rows{base};
    CHECK(rows.active_size() == 0);

    rows.insert(table::node, "key", bytes(1000, 'x'));
    const std::size_t with_row = rows.active_size();
    CHECK(with_row > 1000);

    rows.update(table::node, "key", bytes(3000, 'x'));
    CHECK(rows.active_size() > with_row + 1900);
    rows.update(table::node, "key", bytes(1000, 'y'));
    CHECK(rows.active_size() == with_row);

    rows.erase(table::node, "key");
    CHECK(rows.active_size() == 0);
}

TEST_CASE("change set: the size is what the allocator gives", "[tree][change_set]") {
    test::memory_tables base;
    write_buffer rows{base};
    constexpr std::size_t row_count = 10'000;
    const std::size_t before = mallinfo2().uordblks;
    for (std::size_t index = 0; index < row_count; ++index) {
        rows.insert(table::node, bytes(18, 'k') + std::to_string(index), bytes(174, 'v'));
    }
    const std::size_t taken = mallinfo2().uordblks - before;
    if (taken == 0) {
        return; // a sanitizer's allocator, which reports nothing
    }
    CHECK(taken < rows.active_size() * 11 / 10);
    CHECK(taken > rows.active_size() * 9 / 10);
    CHECK(taken / row_count < 500);
}
