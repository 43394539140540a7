#include "server/tree/write_buffer.hpp"
#include "test/support/memory_tables.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>

using namespace conclave;
using conclave::tree::table;
using conclave::tree::write_buffer;

namespace {

using contents = std::map<bytes, bytes>;

contents scanned(const write_buffer& rows, bytes_view prefix = {}) {
    contents found;
    rows.scan(table::node, prefix, [&](bytes_view key, bytes_view value) {
        found.emplace(key, value);
        return true;
    });
    return found;
}

std::vector<bytes> keys_in_order(const write_buffer& rows) {
    std::vector<bytes> keys;
    rows.scan(table::node, {}, [&](bytes_view key, bytes_view) {
        keys.emplace_back(key);
        return true;
    });
    return keys;
}

/// Makes the rows durable: the base has them now.
void checkpoint(test::memory_tables& base, write_buffer& rows) {
    base.commit(*rows.freeze());
    rows.release_frozen();
}

} // namespace

TEST_CASE("write buffer: the newest layer wins", "[tree][write_buffer]") {
    test::memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "a", "base");
    rows.put(table::node, "b", "base");
    rows.put(table::node, "c", "base");
    checkpoint(base, rows);
    rows.put(table::node, "b", "frozen");
    rows.put(table::node, "c", "frozen");
    const auto frozen = rows.freeze();
    rows.put(table::node, "c", "active");

    CHECK(scanned(rows) == contents{{"a", "base"}, {"b", "frozen"}, {"c", "active"}});
    CHECK(rows.get(table::node, "a") == "base");
    CHECK(rows.get(table::node, "b") == "frozen");
    CHECK(rows.get(table::node, "c") == "active");
    CHECK_FALSE(rows.find(table::node, "a")->is_buffered);
    CHECK(rows.find(table::node, "b")->is_buffered);
    CHECK(rows.find(table::node, "c")->is_buffered);
    CHECK_FALSE(rows.get(table::node, "d"));
}

TEST_CASE("write buffer: an erased row is gone in every layer", "[tree][write_buffer]") {
    test::memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "a", "1");
    rows.put(table::node, "b", "1");
    rows.put(table::node, "c", "1");
    checkpoint(base, rows);
    rows.erase(table::node, "a");
    rows.insert(table::node, "d", "2");
    const auto frozen = rows.freeze();
    rows.erase(table::node, "b");
    rows.erase(table::node, "d");

    CHECK(scanned(rows) == contents{{"c", "1"}});
    for (const bytes_view key : {"a", "b", "d"}) {
        CHECK_FALSE(rows.get(table::node, key));
    }
}

TEST_CASE("write buffer: rows that came and went leave nothing to write", "[tree][write_buffer]") {
    test::memory_tables base;
    write_buffer rows{base};
    for (int round = 0; round < 100; ++round) {
        rows.insert(table::node, "lock-" + std::to_string(round), "x");
        rows.erase(table::node, "lock-" + std::to_string(round));
    }
    CHECK(rows.active_size() == 0);
    CHECK(rows.freeze()->empty());
}

TEST_CASE(
    "write buffer: a row that the frozen set erases is erased again by the next",
    "[tree][write_buffer]"
) {
    test::memory_tables base;
    write_buffer rows{base};
    rows.insert(table::node, "a", "1");
    checkpoint(base, rows);
    rows.erase(table::node, "a");
    const auto frozen = rows.freeze();
    rows.insert(table::node, "a", "2");
    rows.erase(table::node, "a");
    rows.restore_frozen();

    CHECK_FALSE(rows.get(table::node, "a"));
    checkpoint(base, rows);
    CHECK_FALSE(rows.get(table::node, "a"));
    CHECK(base.row_count(table::node) == 0);
}

TEST_CASE(
    "write buffer: a row that was new above a restored erasure is erased for good",
    "[tree][write_buffer]"
) {
    test::memory_tables base;
    write_buffer rows{base};
    rows.insert(table::node, "a", "1");
    checkpoint(base, rows);
    rows.erase(table::node, "a");
    static_cast<void>(rows.freeze());
    rows.insert(table::node, "a", "2");
    rows.restore_frozen();
    rows.erase(table::node, "a");
    CHECK_FALSE(rows.get(table::node, "a"));
    checkpoint(base, rows);
    CHECK(base.row_count(table::node) == 0);
}

TEST_CASE("write buffer: a scan stays inside its prefix", "[tree][write_buffer]") {
    test::memory_tables base;
    write_buffer rows{base};
    for (const bytes_view key : {"a", "b1", "b3", "c"}) {
        rows.put(table::node, key, "base");
    }
    checkpoint(base, rows);
    for (const bytes_view key : {"a2", "b", "b2", "b4", "c1"}) {
        rows.put(table::node, key, "new");
    }
    CHECK(
        scanned(rows, "b") ==
        contents{{"b", "new"}, {"b1", "base"}, {"b2", "new"}, {"b3", "base"}, {"b4", "new"}}
    );
    CHECK(
        keys_in_order(rows) == std::vector<bytes>{"a", "a2", "b", "b1", "b2", "b3", "b4", "c", "c1"}
    );
}

TEST_CASE("write buffer: a visitor can end a scan in every layer", "[tree][write_buffer]") {
    test::memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "b", "");
    rows.put(table::node, "e", "");
    checkpoint(base, rows);
    rows.put(table::node, "a", "");
    rows.put(table::node, "d", "");
    const auto frozen = rows.freeze();
    rows.put(table::node, "c", "");
    rows.put(table::node, "f", "");
    for (std::size_t limit = 1; limit <= 6; ++limit) {
        bytes visited;
        rows.scan(table::node, {}, [&](bytes_view key, bytes_view) {
            visited += key;
            return visited.size() < limit;
        });
        CHECK(visited == bytes{"abcdef"}.substr(0, limit));
    }
}

TEST_CASE("write buffer: a failed checkpoint loses nothing", "[tree][write_buffer]") {
    test::memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "a", "base");
    rows.put(table::node, "b", "base");
    checkpoint(base, rows);
    rows.update(table::node, "a", "frozen");
    rows.erase(table::node, "b");
    rows.insert(table::node, "c", "frozen");
    rows.insert(table::node, "d", "frozen");
    static_cast<void>(rows.freeze());
    rows.update(table::node, "c", "active");
    rows.erase(table::node, "d");
    rows.insert(table::node, "e", "active");

    rows.restore_frozen();
    CHECK_FALSE(rows.has_frozen());
    const contents expected{{"a", "frozen"}, {"c", "active"}, {"e", "active"}};
    CHECK(scanned(rows) == expected);
    checkpoint(base, rows);
    CHECK(scanned(rows) == expected);
    CHECK(rows.active_size() == 0);
}

TEST_CASE(
    "write buffer: views of frozen rows live until they are released", "[tree][write_buffer]"
) {
    test::memory_tables base;
    write_buffer rows{base};
    rows.put(table::node, "a", "first");
    base.commit(*rows.freeze());
    const auto view = rows.get(table::node, "a");
    rows.put(table::node, "a", "second");
    CHECK(view == "first");
    const auto released = rows.release_frozen();
    CHECK(**released->find(table::node, "a") == "first");
    CHECK(rows.get(table::node, "a") == "second");
}

TEST_CASE("write buffer: it equals a map under random use", "[tree][write_buffer]") {
    std::mt19937 random{7};
    const auto draw = [&](unsigned below) {
        return static_cast<unsigned>(random() % below);
    };
    for (int round = 0; round < 50; ++round) {
        test::memory_tables base;
        write_buffer rows{base, draw(1000)};
        contents model;
        std::shared_ptr<const tree::change_set> frozen;
        for (int step = 0; step < 400; ++step) {
            const bytes key = "k" + std::to_string(draw(30));
            const bytes value = std::to_string(step);
            const bool exists = model.contains(key);
            switch (draw(10)) {
            case 0:
            case 1:
                rows.erase(table::node, key);
                model.erase(key);
                break;
            case 2:
                rows.put(table::node, key, value);
                model[key] = value;
                break;
            case 3:
                if (!rows.has_frozen()) {
                    frozen = rows.freeze();
                }
                break;
            case 4:
                if (rows.has_frozen() && draw(2) == 0) {
                    base.commit(*frozen);
                    rows.release_frozen();
                } else if (rows.has_frozen()) {
                    rows.restore_frozen();
                }
                break;
            default:
                exists ? rows.update(table::node, key, value)
                       : rows.insert(table::node, key, value);
                model[key] = value;
            }
            REQUIRE(scanned(rows) == model);
            const auto found = rows.get(table::node, key);
            REQUIRE(found.has_value() == model.contains(key));
        }
        if (rows.has_frozen()) {
            base.commit(*frozen);
            rows.release_frozen();
        }
        checkpoint(base, rows);
        REQUIRE(base.row_count(table::node) == model.size());
        REQUIRE(scanned(rows) == model);
    }
}
