/// What the entries of queues are called, and what is in them.
#include "client/recipes/src/queue_entries.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace conclave;
using namespace conclave::recipes;
using namespace conclave::recipes::detail;

namespace {

/// Octets that may be 0.
bytes octets(std::initializer_list<int> values) {
    bytes text;
    std::transform(values.begin(), values.end(), std::back_inserter(text), [](int value) {
        return static_cast<char>(value);
    });
    return text;
}

} // namespace

TEST_CASE("queue: kazoo's entries are named by their priority", "[recipes][queue]") {
    CHECK(entry_prefix(layout::kazoo, std::nullopt) == "entry-100-");
    CHECK(entry_prefix(layout::kazoo, 7) == "entry-007-");
    CHECK(entry_prefix(layout::kazoo, 999) == "entry-999-");
    CHECK_FALSE(entry_prefix(layout::kazoo, 1000));
    CHECK_FALSE(entry_prefix(layout::kazoo, -1));
    CHECK(is_entry(layout::kazoo, "anything"));
}

TEST_CASE("queue: Curator's entries sort by their priority", "[recipes][queue]") {
    CHECK(entry_prefix(layout::curator, std::nullopt) == "queue-");
    CHECK(entry_prefix(layout::curator, 255) == "queue-1000000FF");
    CHECK(entry_prefix(layout::curator, -1) == "queue-0FFFFFFFF");
    std::vector<std::string> names;
    for (const int priority : {-2147483647, -2, -1, 0, 1, 255, 256, 2147483647}) {
        names.push_back(*entry_prefix(layout::curator, priority));
    }
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(is_entry(layout::curator, "queue-0000000001"));
    CHECK_FALSE(is_entry(layout::curator, "qn-0000000001"));
}

TEST_CASE("queue: kazoo's entries are their data", "[recipes][queue]") {
    CHECK(format_entry(layout::kazoo, "data") == "data");
    CHECK(parse_entry(layout::kazoo, "") == std::vector<bytes>{""});
}

TEST_CASE("queue: Curator's entries are read as they are written", "[recipes][queue]") {
    const bytes expected = octets({0, 1, 0, 1, 1, 0, 0, 0, 2}) + "ab" + octets({2});
    CHECK(format_entry(layout::curator, "ab") == expected);
    for (const bytes& item : {bytes{}, bytes{"text"}, bytes(70000, '\0')}) {
        CHECK(
            parse_entry(layout::curator, format_entry(layout::curator, item)) == std::vector{item}
        );
    }
    const bytes two =
        octets({0, 1, 0, 1, 1, 0, 0, 0, 1}) + "a" + octets({1, 0, 0, 0, 1}) + "b" + octets({2});
    CHECK(parse_entry(layout::curator, two) == std::vector<bytes>{"a", "b"});
}

TEST_CASE("queue: what is no entry of Curator's is told", "[recipes][queue]") {
    const bytes good = format_entry(layout::curator, "item");
    for (std::size_t size = 0; size < good.size(); ++size) {
        INFO(size);
        CHECK_FALSE(parse_entry(layout::curator, good.substr(0, size)));
    }
    CHECK_FALSE(parse_entry(layout::curator, octets({0, 1, 0, 2, 1, 0, 0, 0, 0, 2}))); // version
    CHECK_FALSE(parse_entry(layout::curator, octets({0, 1, 0, 1, 3, 0, 0, 0, 0, 2}))); // mark
    CHECK_FALSE(parse_entry(layout::curator, octets({0, 1, 0, 1, 1, 255, 255, 255, 255, 2})));
    CHECK_FALSE(parse_entry(layout::curator, octets({0, 1, 0, 1, 2}))); // no item
}
