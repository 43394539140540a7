#include "server/store/snapshot_loader.hpp"
#include "server/store/snapshot_stream.hpp"
#include "test/support/source_tree.hpp"
#include "test/unit/store/disk_tap.hpp"
#include "test/unit/store/store_fixture.hpp"

#include <conclave/jute.hpp>

#include <algorithm>
#include <cstring>
#include <sstream>

namespace conclave::store::testing {

namespace fs = std::filesystem;

namespace {

bytes streamed(checkpoint_store& store) {
    auto stream = store.open_snapshot("cluster");
    REQUIRE(stream);
    bytes octets;
    const auto written = write_snapshot(**stream, [&](bytes_view part) {
        octets += part;
        return true;
    });
    REQUIRE(written);
    return octets;
}

/// A source that gives odd portions.
result<snapshot_totals, store_error> restored(bytes_view octets, const snapshot_target& target) {
    const auto source = [&](std::span<char> into) -> result<std::size_t, std::error_code> {
        constexpr std::size_t portion = 4'999;
        const std::size_t size = std::min({into.size(), octets.size(), portion});
        std::memcpy(into.data(), octets.data(), size);
        octets.remove_prefix(size);
        return size;
    };
    return read_snapshot(source, target);
}

snapshot_target target_in(const fs::path& directory) {
    snapshot_target target;
    target.directory = directory;
    target.map_size = std::size_t{1} << 30;
    return target;
}

row_changes rows_of_all_tables() {
    row_changes changes = many_rows(table::node, 12'000, 150);
    changes.merge(many_rows(table::session, 200, 8));
    changes.merge(many_rows(table::ephemeral, 200, 30));
    changes.merge(many_rows(table::expiring, 10, 30));
    changes[{table::meta, "applied"}] = "17";
    changes[{table::meta, "zzz"}] = "";
    changes[{table::node, "large"}] = bytes(3'000'000, 'x');
    changes[{table::node, bytes(tree::table_key_size_max, 'k')}] = "longest key";
    return changes;
}

/// One row as it stands in a block.
bytes row_octets(std::uint8_t in, bytes_view key, bytes_view value) {
    bytes octets;
    jute::writer{octets}(
        in, static_cast<std::uint16_t>(key.size()), static_cast<std::uint32_t>(value.size())
    );
    octets += key;
    octets += value;
    return octets;
}

/// A stream whose checksums are right, whatever it says.
class crafted_stream {
public:
    crafted_stream() : blocks_(octets_) {}

    crafted_stream& header(std::int32_t stream_version, std::int32_t format) {
        bytes payload;
        jute::writer{payload}(snapshot_header{stream_version, format, "cluster"});
        return block(block_kind::header, payload);
    }

    crafted_stream& block(block_kind kind, bytes_view payload) {
        blocks_.append(octets_, kind, payload);
        return *this;
    }

    crafted_stream& trailer(const snapshot_totals& totals) {
        bytes payload;
        jute::writer{payload}(totals);
        return block(block_kind::trailer, payload);
    }

    [[nodiscard]] const bytes& octets() const { return octets_; }

private:
    bytes octets_;
    block_writer blocks_;
};

/// The last block marked as hex in docs/formats/checkpoint.md; what follows the octets of a line is
/// a remark.
bytes documented_stream() {
    std::ifstream page{test::source_file("docs/formats/checkpoint.md")};
    REQUIRE(page);
    bytes octets;
    bool is_inside = false;
    for (bytes line; std::getline(page, line);) {
        if (line.starts_with("```")) {
            is_inside = line == "```hex";
            octets = is_inside ? bytes{} : octets;
            continue;
        }
        std::istringstream in{is_inside ? line : bytes{}};
        bytes token;
        while (in >> token && token.size() == 2 &&
               token.find_first_not_of("0123456789abcdef") == bytes::npos) {
            octets += static_cast<char>(std::stoi(token, nullptr, 16));
        }
    }
    return octets;
}

store_error must_refuse(bytes_view octets) {
    const temporary_directory here;
    auto target = target_in(here.path() / "restored");
    target.cluster_id = "cluster";
    const auto refused = restored(octets, target);
    REQUIRE_FALSE(refused);
    CHECK(fs::is_empty(here.path()));
    return refused.error();
}

} // namespace

TEST_CASE("snapshot: what was streamed is what is restored", "[store][snapshot]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, rows_of_all_tables());
    const rows expected = contents(store->reader());
    const bytes octets = streamed(*store);

    const auto totals = restored(octets, target_in(here.path() / "restored"));

    REQUIRE(totals);
    CHECK(totals->row_count == static_cast<std::int64_t>(expected.size()));
    CHECK(totals->block_count > 2);
    const auto copy = must_open(settings_in(here.path() / "restored"));
    CHECK_FALSE(copy->was_created());
    CHECK(contents(copy->reader()) == expected);
    CHECK(streamed(*copy) == octets);
}

TEST_CASE("snapshot: the documented stream is what is written and restored", "[store][snapshot]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, {{{table::session, "id"}, "ttl"}});
    auto stream = store->open_snapshot("c1");
    REQUIRE(stream);
    bytes written;
    REQUIRE(write_snapshot(**stream, [&](bytes_view part) {
        written += part;
        return true;
    }));

    CHECK(written == documented_stream());
    CHECK(restored(documented_stream(), target_in(here.path() / "restored")));
}

TEST_CASE("snapshot: an empty store is a snapshot too", "[store][snapshot]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));

    const auto totals = restored(streamed(*store), target_in(here.path() / "restored"));

    REQUIRE(totals);
    CHECK(*totals == snapshot_totals{});
    CHECK(contents(must_open(settings_in(here.path() / "restored"))->reader()).empty());
}

TEST_CASE(
    "snapshot: commits go on while it is streamed and do not show in it", "[store][snapshot]"
) {
    const temporary_directory here;
    auto settings = settings_in(here.path() / "checkpoint");
    settings.heap_size_max = 0; // a stream must also survive what `refresh` does to save memory
    const auto store = must_open(settings);
    must_commit(*store, rows_of_all_tables());
    const rows at_start = contents(store->reader());
    auto stream = store->open_snapshot("cluster");
    REQUIRE(stream);
    bytes octets;
    int part_count = 0;

    const auto totals = write_snapshot(**stream, [&](bytes_view part) {
        octets += part;
        ++part_count;
        must_commit(*store, many_rows(table::node, 3'000, static_cast<std::size_t>(part_count)));
        must_commit(
            *store,
            {{{table::meta, "applied"}, std::to_string(part_count)},
             {{table::node, "large"}, std::nullopt}}
        );
        return true;
    });

    REQUIRE(totals);
    CHECK(part_count > 4);
    CHECK(contents(store->reader()) != at_start);
    REQUIRE(restored(octets, target_in(here.path() / "restored")));
    CHECK(contents(must_open(settings_in(here.path() / "restored"))->reader()) == at_start);
}

TEST_CASE("snapshot: a receiver that declines ends the stream", "[store][snapshot]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, rows_of_all_tables());
    auto stream = store->open_snapshot("cluster");
    REQUIRE(stream);
    int part_count = 0;

    const auto stopped = write_snapshot(**stream, [&](bytes_view) { return ++part_count < 3; });

    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == store_errc::stopped);
    CHECK_FALSE(stopped.error().is_fatal());
    CHECK(part_count == 3);
}

TEST_CASE("snapshot: a damaged stream is refused and leaves nothing", "[store][snapshot]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, many_rows(table::node, 30, 40));
    const bytes octets = streamed(*store);
    for (std::size_t position = 0; position < octets.size(); position += 101) {
        CAPTURE(position);
        bytes damaged = octets;
        damaged[position] = static_cast<char>(damaged[position] ^ 4);
        CHECK(must_refuse(damaged).code == store_errc::damaged);
        CHECK(must_refuse(bytes_view{octets}.substr(0, position)).code == store_errc::damaged);
    }
    CHECK(must_refuse(octets + "x").code == store_errc::damaged);
    CHECK(must_refuse(octets + octets).code == store_errc::damaged);
}

TEST_CASE(
    "snapshot: a stream with good checksums and bad contents is refused", "[store][snapshot]"
) {
    const auto rows_of = [](const bytes& payload) {
        crafted_stream made;
        made.header(1, 1).block(block_kind::rows, payload).trailer({2, 4, 1});
        return made.octets();
    };
    const bytes good = row_octets(1, "a", "1") + row_octets(1, "b", "2");
    REQUIRE([&] {
        const temporary_directory here;
        return restored(rows_of(good), target_in(here.path() / "restored")).has_value();
    }());
    const auto text_of = [](const bytes& octets) {
        const store_error refused = must_refuse(octets);
        CHECK(refused.code == store_errc::damaged);
        return refused.text;
    };
    SECTION("rows out of order") {
        CHECK_THAT(
            text_of(rows_of(row_octets(1, "b", "1") + row_octets(1, "a", "2"))),
            Catch::Contains("out of order")
        );
        CHECK_THAT(
            text_of(rows_of(row_octets(2, "a", "1") + row_octets(1, "b", "2"))),
            Catch::Contains("out of order")
        );
        CHECK_THAT(
            text_of(rows_of(row_octets(1, "a", "1") + row_octets(1, "a", "2"))),
            Catch::Contains("out of order")
        );
    }
    SECTION("rows that cannot be read") {
        CHECK_THAT(text_of(rows_of(row_octets(200, "a", "1"))), Catch::Contains("cannot be read"));
        CHECK_THAT(text_of(rows_of(row_octets(1, "", "1"))), Catch::Contains("cannot be read"));
        CHECK_THAT(
            text_of(rows_of(row_octets(1, bytes(tree::table_key_size_max + 1, 'k'), ""))),
            Catch::Contains("cannot be read")
        );
        CHECK_THAT(
            text_of(rows_of(good.substr(0, good.size() - 1))), Catch::Contains("cannot be read")
        );
        CHECK_THAT(text_of(rows_of("abc")), Catch::Contains("cannot be read"));
    }
    SECTION("blocks in the wrong place") {
        crafted_stream headless;
        CHECK_THAT(
            text_of(headless.block(block_kind::rows, good).trailer({2, 4, 1}).octets()),
            Catch::Contains("header is not the first")
        );
        crafted_stream two_headers;
        CHECK_THAT(
            text_of(two_headers.header(1, 1).header(1, 1).octets()),
            Catch::Contains("header is not the first")
        );
        crafted_stream two_trailers;
        CHECK_THAT(
            text_of(two_trailers.header(1, 1).trailer({}).trailer({}).octets()),
            Catch::Contains("behind the last")
        );
    }
    SECTION("totals that are wrong") {
        crafted_stream made;
        CHECK_THAT(
            text_of(made.header(1, 1).block(block_kind::rows, good).trailer({2, 5, 1}).octets()),
            Catch::Contains("totals")
        );
        crafted_stream short_trailer;
        CHECK_THAT(
            text_of(short_trailer.header(1, 1).block(block_kind::trailer, "x").octets()),
            Catch::Contains("totals")
        );
    }
    SECTION("a header that cannot be read") {
        crafted_stream made;
        CHECK_THAT(
            text_of(made.block(block_kind::header, "x").octets()), Catch::Contains("header cannot")
        );
    }
}

TEST_CASE("snapshot: a later format or another cluster is refused", "[store][snapshot]") {
    CHECK(must_refuse(crafted_stream{}.header(2, 1).octets()).code == store_errc::newer_format);
    CHECK(must_refuse(crafted_stream{}.header(1, 2).octets()).code == store_errc::newer_format);

    const temporary_directory here;
    auto target = target_in(here.path() / "restored");
    target.cluster_id = "another";
    const auto refused = restored(crafted_stream{}.header(1, 1).trailer({}).octets(), target);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().text, Catch::Contains("another cluster"));
}

TEST_CASE("snapshot: a source that fails ends the restore", "[store][snapshot]") {
    const temporary_directory here;
    const auto failing = [](std::span<char>) -> result<std::size_t, std::error_code> {
        return unexpected{std::make_error_code(std::errc::connection_reset)};
    };
    const auto refused = read_snapshot(failing, target_in(here.path() / "restored"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store_errc::stopped);
    CHECK(fs::is_empty(here.path()));
}

TEST_CASE("snapshot: an existing store is replaced only when that is wanted", "[store][snapshot]") {
    const temporary_directory here;
    const row_changes fresh{{{table::node, "fresh"}, "1"}};
    bytes octets;
    {
        const auto source = must_open(settings_in(here.path() / "source"));
        must_commit(*source, fresh);
        octets = streamed(*source);
    }
    const auto directory = here.path() / "checkpoint";
    must_commit(*must_open(settings_in(directory)), {{{table::node, "old"}, "1"}});
    auto target = target_in(directory);

    const auto refused = restored(octets, target);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store_errc::exists);
    CHECK(
        contents(must_open(settings_in(directory))->reader()) == rows{{{table::node, "old"}, "1"}}
    );

    target.existing = replacing::allowed;
    REQUIRE(restored(octets, target));
    CHECK(
        contents(must_open(settings_in(directory))->reader()) == rows{{{table::node, "fresh"}, "1"}}
    );
    CHECK_FALSE(fs::exists(staging_of(directory)));
}

TEST_CASE(
    "snapshot: a restore syncs the file then its name then the name of the directory",
    "[store][snapshot]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, {{{table::node, "a"}, "1"}});
    const bytes octets = streamed(*store);
    const auto target = here.path() / "restored";
    const directory_tap tap;

    REQUIRE(restored(octets, target_in(target)));

    const bytes staging = staging_of(target).string();
    CHECK(
        tap.events() ==
        std::vector<bytes>{
            "sync " + staging + "/data.mdb",
            "sync " + staging,
            "rename " + target.string(),
            "sync " + here.path().string(),
        }
    );
}

TEST_CASE(
    "snapshot: a restore that fails at any step leaves the old store or the new one",
    "[store][snapshot]"
) {
    const temporary_directory here;
    const rows old_state{{{table::node, "old"}, "1"}};
    const rows new_state{{{table::node, "new"}, "1"}};
    bytes octets;
    {
        const auto source = must_open(settings_in(here.path() / "source"));
        must_commit(*source, row_changes(new_state.begin(), new_state.end()));
        octets = streamed(*source);
    }
    const auto directory = here.path() / "checkpoint";
    int step = 0;
    for (bool reached = true; reached; ++step) {
        CAPTURE(step);
        fs::remove_all(directory);
        must_commit(
            *must_open(settings_in(directory)), row_changes(old_state.begin(), old_state.end())
        );
        auto target = target_in(directory);
        target.existing = replacing::allowed;
        bool was_restored = false;
        {
            const directory_tap tap{step};
            was_restored = restored(octets, target).has_value();
            reached = tap.has_failed();
        }
        CHECK(was_restored == !reached);
        const rows found = contents(must_open(settings_in(directory))->reader());
        CHECK((found == new_state || (found == old_state && !was_restored)));
    }
    CHECK(step > 4);
}

TEST_CASE("snapshot: a row of table meta is known at both ends before the rest", "[store]") {
    temporary_directory directory;
    auto store = must_open(settings_in(directory.path() / "checkpoint"));
    must_commit(*store, rows_of_all_tables());
    auto stream = store->open_snapshot("cluster");
    REQUIRE(stream);
    must_commit(*store, {{{table::meta, "applied"}, "18"}});
    CHECK((*stream)->meta_row("applied").value() == "17");
    CHECK((*stream)->meta_row("none").value() == std::nullopt);

    snapshot_target target = target_in(directory.path() / "copy");
    target.remembered_row = "applied";
    auto loader = snapshot_loader::begin(target);
    REQUIRE(loader);
    CHECK((*loader)->remembered() == std::nullopt);
    for (int part = 0; part < 2; ++part) { // the header, and the first block
        bytes octets;
        REQUIRE((*stream)->next(octets).value());
        REQUIRE((*loader)->append(octets));
    }
    CHECK((*loader)->remembered() == "17");
}

TEST_CASE("durable directory: one takes the place of another in one step", "[store]") {
    temporary_directory directory;
    const fs::path fresh = directory.path() / "fresh";
    const fs::path place = directory.path() / "place";
    fs::create_directory(fresh);
    write_file(fresh / "file", "new");
    fs::create_directory(place);
    write_file(place / "file", "old");
    CHECK_FALSE(install_directory(fresh, place, replacing::forbidden));
    CHECK(file_octets(place / "file") == "old");
    REQUIRE(install_directory(fresh, place, replacing::allowed));
    CHECK(file_octets(place / "file") == "new");
    CHECK_FALSE(fs::exists(fresh));
}

} // namespace conclave::store::testing
