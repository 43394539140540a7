#include "server/tree/write_buffer.hpp"
#include "test/support/memory_tables.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::memory_tables;
using conclave::tree::table;
using conclave::tree::write_buffer;

TEST_CASE("memory tables: a commit shows from the refresh on", "[tree][support]") {
    memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "a", "1");
    base.commit(*rows.freeze());
    CHECK_FALSE(base.get(table::node, "a"));
    base.refresh();
    CHECK(base.get(table::node, "a") == "1");
    CHECK_FALSE(base.get(table::meta, "a"));
    CHECK(base.commit_count() == 1);
}

TEST_CASE("memory tables: what was committed survives a crash", "[tree][support]") {
    memory_tables base;
    {
        write_buffer rows{base};
        rows.put(table::node, "a", "1");
        rows.put(table::node, "b", "1");
        base.commit(*rows.freeze());
        rows.release_frozen();
        rows.erase(table::node, "b");
        base.commit(*rows.freeze());
        rows.put(table::node, "lost", "");
    }
    base.reopen();
    CHECK(base.row_count(table::node) == 1);
    CHECK(base.get(table::node, "a") == "1");
}

TEST_CASE("memory tables: rows can be damaged and lost", "[tree][support]") {
    memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "a", "1");
    base.commit(*rows.freeze());
    rows.release_frozen();
    CHECK(base.damage(table::node, "a"));
    CHECK(base.get(table::node, "a") == "0");
    CHECK(base.lose(table::node, "a"));
    CHECK_FALSE(base.get(table::node, "a"));
    CHECK_FALSE(base.damage(table::node, "a"));
    CHECK_FALSE(base.lose(table::node, "a"));
}
