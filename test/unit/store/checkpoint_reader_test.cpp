#include "server/tree/corrupt_state.hpp"
#include "test/unit/store/store_fixture.hpp"

#include <cstring>
#include <fstream>
#include <sstream>

namespace conclave::store::testing {

namespace {

/// Octets of the file that are resident in this process, as the kernel counts them.
std::size_t resident_octets_of_map() {
    std::ifstream maps{"/proc/self/smaps"};
    bytes line;
    bool is_data = false;
    std::size_t total = 0;
    while (std::getline(maps, line)) {
        if (line.find("data.mdb") != bytes::npos) {
            is_data = true;
        } else if (is_data && line.starts_with("Rss:")) {
            std::istringstream fields{line.substr(4)};
            std::size_t kilobytes = 0;
            fields >> kilobytes;
            total += kilobytes << 10;
            is_data = false;
        }
    }
    return total;
}

std::vector<bytes> keys_with(tree::table_reader& reader, table in, bytes_view prefix) {
    std::vector<bytes> keys;
    reader.scan(in, prefix, [&](bytes_view key, bytes_view) {
        keys.emplace_back(key);
        return true;
    });
    return keys;
}

} // namespace

TEST_CASE(
    "checkpoint reader: a scan gives the rows of a prefix in ascending order", "[store][reader]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    row_changes changes;
    for (const char* key : {"a", "b", "b\xff", "ba", "b/c", "c"}) {
        changes[{table::node, key}] = "x";
    }
    changes[{table::session, "b"}] = "of another table";
    changes[{table::node, bytes{"b\0z", 3}}] = "";
    must_commit(*store, changes);
    auto& reader = store->reader();

    CHECK(
        keys_with(reader, table::node, "b") ==
        std::vector<bytes>{"b", bytes{"b\0z", 3}, "b/c", "ba", "b\xff"}
    );
    CHECK(keys_with(reader, table::node, "").size() == 7);
    CHECK(keys_with(reader, table::node, "d").empty());
    CHECK(keys_with(reader, table::expiring, "").empty());
}

TEST_CASE(
    "checkpoint reader: a scan ends when the visitor says so and may read meanwhile",
    "[store][reader]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, many_rows(table::node, 50, 10));
    auto& reader = store->reader();
    int visited = 0;
    reader.scan(table::node, {}, [&](bytes_view key, bytes_view value) {
        CHECK(reader.get(table::node, key) == value);
        CHECK(keys_with(reader, table::node, key).size() == 1);
        return ++visited < 7;
    });
    CHECK(visited == 7);
}

TEST_CASE(
    "checkpoint reader: a row that is not there is nothing and an empty value is a value",
    "[store][reader]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, {{{table::node, "empty"}, ""}});

    CHECK(store->reader().get(table::node, "empty") == "");
    CHECK_FALSE(store->reader().get(table::node, "missing"));
    CHECK_FALSE(store->reader().get(table::session, "empty"));
}

TEST_CASE(
    "checkpoint reader: trimming unmaps what was read and views stay valid", "[store][reader]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    constexpr std::size_t row_count = 20'000;
    must_commit(*store, many_rows(table::node, row_count, 200));
    auto& reader = store->reader();
    store->trim_resident(0);
    std::vector<bytes_view> values;
    reader.scan(table::node, {}, [&](bytes_view, bytes_view value) {
        values.push_back(value);
        return true;
    });
    REQUIRE(values.size() == row_count);
    constexpr std::size_t data_size = row_count * 200;
    REQUIRE(resident_octets_of_map() > data_size);
    CHECK(store->resident_size() >= resident_octets_of_map());

    store->trim_resident(store->resident_size());
    CHECK(resident_octets_of_map() > data_size);
    store->trim_resident(store->resident_size() - 1);
    CHECK(resident_octets_of_map() == 0);
    CHECK(store->resident_size() == 0);

    const auto intact = std::count_if(values.begin(), values.end(), [](bytes_view value) {
        return value == bytes(200, value.front());
    });
    CHECK(intact == row_count);
}

TEST_CASE(
    "checkpoint reader: what it counts is no less than what scattered reads map", "[store][reader]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    const row_changes all = many_rows(table::node, 30'000, 200);
    must_commit(*store, all);
    auto& reader = store->reader();
    store->trim_resident(0);
    int number = 0;
    for (const auto& [key, value] : all) {
        if (++number % 301 == 0) {
            REQUIRE(reader.get(key.first, key.second) == value);
        }
    }
    const std::size_t counted = store->resident_size();
    CHECK(counted > 0);
    // Beside what reads mapped there are the first pages and the list of tables.
    CHECK(counted + (std::size_t{128} << 10) >= resident_octets_of_map());
}

TEST_CASE("checkpoint reader: a commit leaves little of a large file resident", "[store][reader]") {
    const temporary_directory here;
    auto settings = settings_in(here.path() / "checkpoint");
    settings.resident_size_max = std::size_t{1} << 20;
    const auto store = must_open(settings);
    must_commit(*store, many_rows(table::node, 30'000, 200));
    must_commit(*store, many_rows(table::node, 30'000, 210));
    CHECK(store->used_size() > std::size_t{6} << 20);
    CHECK(resident_octets_of_map() <= settings.resident_size_max);
}

TEST_CASE(
    "checkpoint reader: damage that shows while reading is reported as corrupt state",
    "[store][reader]"
) {
    const temporary_directory here;
    const auto settings = settings_in(here.path() / "checkpoint");
    constexpr std::size_t page_size = 4096;
    const row_changes known = many_rows(table::node, 2'000, 200);
    const bytes& first_key = known.begin()->first.second;
    std::uint64_t page_number = 0;
    {
        const auto store = must_open(settings);
        must_commit(*store, known);
        const auto value = store->reader().get(table::node, first_key);
        REQUIRE(value);
        // A page begins with its own number.
        const auto at = reinterpret_cast<std::uintptr_t>(value->data());
        std::memcpy(&page_number, value->data() - at % page_size, sizeof page_number);
    }
    bytes octets = file_octets(settings.directory / "data.mdb");
    octets.replace(page_number * page_size, page_size, page_size, '\0');
    write_file(settings.directory / "data.mdb", octets);
    const auto store = must_open(settings);

    CHECK_THROWS_AS(store->reader().get(table::node, first_key), tree::corrupt_state);
    CHECK_THROWS_AS(contents(store->reader()), tree::corrupt_state);
}

} // namespace conclave::store::testing
