#include "server/store/checkpoint_store.hpp"
#include "test/unit/store/store_fixture.hpp"

#include <conclave/jute.hpp>

#include <lmdb.h>

namespace conclave::store::testing {

namespace fs = std::filesystem;

namespace {

/// The file as somebody else opens it: another version of this program, or another program.
class foreign_writer {
public:
    explicit foreign_writer(const fs::path& directory) {
        constexpr MDB_dbi database_count_max = 16;
        REQUIRE(mdb_env_create(&env_) == MDB_SUCCESS);
        REQUIRE(mdb_env_set_maxdbs(env_, database_count_max) == MDB_SUCCESS);
        REQUIRE(mdb_env_open(env_, directory.c_str(), 0, 0600) == MDB_SUCCESS);
        REQUIRE(mdb_txn_begin(env_, nullptr, 0, &txn_) == MDB_SUCCESS);
    }

    foreign_writer(const foreign_writer&) = delete;
    foreign_writer& operator=(const foreign_writer&) = delete;

    ~foreign_writer() { mdb_env_close(env_); }

    foreign_writer& put(const char* database, bytes key, bytes value) {
        MDB_val name{key.size(), key.data()};
        MDB_val octets{value.size(), value.data()};
        REQUIRE(mdb_put(txn_, open(database), &name, &octets, 0) == MDB_SUCCESS);
        return *this;
    }

    foreign_writer& erase(const char* database, bytes key) {
        MDB_val name{key.size(), key.data()};
        REQUIRE(mdb_del(txn_, open(database), &name, nullptr) == MDB_SUCCESS);
        return *this;
    }

    /// @return  the size that the file has according to its first pages.
    std::size_t commit() {
        REQUIRE(mdb_txn_commit(txn_) == MDB_SUCCESS);
        MDB_envinfo information{};
        MDB_stat statistics{};
        mdb_env_info(env_, &information);
        mdb_env_stat(env_, &statistics);
        return (information.me_last_pgno + 1) * statistics.ms_psize;
    }

private:
    MDB_dbi open(const char* database) {
        MDB_dbi found{};
        REQUIRE(mdb_dbi_open(txn_, database, 0, &found) == MDB_SUCCESS);
        return found;
    }

    MDB_env* env_ = nullptr;
    MDB_txn* txn_ = nullptr;
};

store_error must_refuse(const fs::path& directory) {
    const auto opened = checkpoint_store::open(settings_in(directory));
    REQUIRE_FALSE(opened);
    return opened.error();
}

} // namespace

TEST_CASE("checkpoint store: rows of all tables are there after a restart", "[store]") {
    const temporary_directory here;
    const auto settings = settings_in(here.path() / "checkpoint");
    rows expected;
    for (std::uint8_t index = 0; index < tree::table_count; ++index) {
        expected[{static_cast<table>(index), "key"}] = "value " + std::to_string(index);
        expected[{static_cast<table>(index), bytes(tree::table_key_size_max, '\xff')}] = "";
    }
    {
        const auto store = must_open(settings);
        CHECK(store->was_created());
        must_commit(*store, row_changes(expected.begin(), expected.end()));
        CHECK(contents(store->reader()) == expected);
    }
    const auto store = must_open(settings);
    CHECK_FALSE(store->was_created());
    CHECK(contents(store->reader()) == expected);
}

TEST_CASE(
    "checkpoint store: a commit replaces and erases rows and forgives missing ones", "[store]"
) {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, {{{table::node, "a"}, "1"}, {{table::node, "b"}, "2"}});

    must_commit(
        *store,
        {{{table::node, "a"}, std::nullopt},
         {{table::node, "b"}, "3"},
         {{table::node, "never"}, std::nullopt}}
    );

    CHECK(contents(store->reader()) == rows{{{table::node, "b"}, "3"}});
}

TEST_CASE("checkpoint store: the reader keeps its state until it is refreshed", "[store]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    must_commit(*store, {{{table::node, "a"}, "old"}});
    const auto before = store->reader().get(table::node, "a");

    REQUIRE(store->commit(*frozen({{{table::node, "a"}, "new"}})));

    CHECK(before == "old");
    CHECK(store->reader().get(table::node, "a") == "old");
    store->reader().refresh();
    CHECK(store->reader().get(table::node, "a") == "new");
}

TEST_CASE("checkpoint store: a full map refuses the commit and takes it after growing", "[store]") {
    const temporary_directory here;
    auto settings = settings_in(here.path() / "checkpoint");
    settings.map_size = std::size_t{1} << 20;
    const auto store = must_open(settings);
    must_commit(*store, {{{table::node, "first"}, "1"}});
    const auto large = frozen(many_rows(table::node, 3000, 400));

    const auto refused = store->commit(*large);

    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store_errc::map_full);
    CHECK_FALSE(refused.error().is_fatal());
    store->reader().refresh();
    CHECK(contents(store->reader()) == rows{{{table::node, "first"}, "1"}});
    while (!store->commit(*large)) {
        REQUIRE(store->grow_map());
        REQUIRE(store->map_size() <= std::size_t{64} << 20);
    }
    store->reader().refresh();
    CHECK(contents(store->reader()).size() == 3001);
}

TEST_CASE("checkpoint store: the map does not grow under a snapshot that is streamed", "[store]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    const std::size_t before = store->map_size();
    auto stream = store->open_snapshot("cluster");
    REQUIRE(stream);

    const auto refused = store->grow_map();

    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == store_errc::in_use);
    stream->reset();
    REQUIRE(store->grow_map());
    CHECK(store->map_size() == 2 * before);
}

TEST_CASE(
    "checkpoint store: a map beyond the address space is refused and the old one stays", "[store]"
) {
    const temporary_directory here;
    auto settings = settings_in(here.path() / "checkpoint");
    settings.map_size = std::size_t{1} << 42;
    const auto store = must_open(settings);
    must_commit(*store, {{{table::node, "a"}, "1"}});

    auto grown = store->grow_map();
    for (int attempt = 0; grown && attempt < 6; ++attempt) {
        grown = store->grow_map();
    }

    REQUIRE_FALSE(grown);
    CHECK(grown.error().code == store_errc::map_full);
    CHECK(store->reader().get(table::node, "a") == "1");
    must_commit(*store, {{{table::node, "b"}, "2"}});
}

TEST_CASE("checkpoint store: a newer format is refused and nothing is touched", "[store][open]") {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    must_commit(*must_open(settings_in(directory)), {{{table::node, "a"}, "1"}});
    bytes version;
    jute::writer{version}(std::int32_t{2});
    foreign_writer{directory}.put("meta", "format_version", version).commit();
    const bytes before = file_octets(directory / "data.mdb");

    const store_error refused = must_refuse(directory);

    CHECK(refused.code == store_errc::newer_format);
    CHECK_THAT(refused.text, Catch::Contains("has format 2") && Catch::Contains("up to 1"));
    CHECK(file_octets(directory / "data.mdb") == before);
}

TEST_CASE("checkpoint store: a format row that cannot be read is damage", "[store][open]") {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    must_open(settings_in(directory)).reset();
    foreign_writer{directory}.put("meta", "format_version", "x").commit();

    CHECK(must_refuse(directory).code == store_errc::damaged);
}

TEST_CASE(
    "checkpoint store: a directory without its file or with an empty one is refused",
    "[store][open]"
) {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    must_commit(*must_open(settings_in(directory)), {{{table::node, "a"}, "1"}});
    const auto file = directory / "data.mdb";

    SECTION("missing") {
        fs::remove(file);
    }
    SECTION("empty") {
        fs::resize_file(file, 0);
    }

    const store_error refused = must_refuse(directory);
    CHECK(refused.code == store_errc::damaged);
    CHECK_THAT(refused.text, Catch::Contains(file.string()));
}

TEST_CASE("checkpoint store: a missing lock file is made again", "[store][open]") {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    must_commit(*must_open(settings_in(directory)), {{{table::node, "a"}, "1"}});
    fs::remove(directory / "lock.mdb");

    CHECK(must_open(settings_in(directory))->reader().get(table::node, "a") == "1");
}

TEST_CASE("checkpoint store: a file with a foreign beginning is refused", "[store][open]") {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    must_commit(*must_open(settings_in(directory)), {{{table::node, "a"}, "1"}});
    bytes octets = file_octets(directory / "data.mdb");
    constexpr std::size_t magic_offset = 16;
    const std::size_t meta_page = GENERATE(std::size_t{0}, std::size_t{4096});
    octets[meta_page + magic_offset] ^= 1;
    write_file(directory / "data.mdb", octets);

    CHECK(must_refuse(directory).code == store_errc::damaged);
}

TEST_CASE(
    "checkpoint store: a file that is cut off anywhere is refused and keeps its length",
    "[store][open]"
) {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    {
        const auto store = must_open(settings_in(directory));
        must_commit(*store, many_rows(table::node, 400, 200));
        must_commit(*store, {{{table::node, "large"}, bytes(20'000, 'x')}});
        must_commit(*store, {{{table::session, "small"}, "x"}});
    }
    const bytes whole = file_octets(directory / "data.mdb");
    REQUIRE(whole.size() % 4096 == 0);
    for (std::size_t size = 1; size < whole.size(); size += 1733) {
        CAPTURE(size, whole.size());
        write_file(directory / "data.mdb", bytes_view{whole}.substr(0, size));

        CHECK(must_refuse(directory).code == store_errc::damaged);

        CHECK(fs::file_size(directory / "data.mdb") == size);
    }
    write_file(directory / "data.mdb", whole);
    CHECK(contents(must_open(settings_in(directory))->reader()).size() == 402);
}

TEST_CASE(
    "checkpoint store: free pages that were never written may be missing at the end",
    "[store][open]"
) {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    {
        const auto store = must_open(settings_in(directory));
        must_commit(*store, many_rows(table::node, 500, 200));
        must_commit(*store, many_rows(table::node, 500, 210));
        must_commit(*store, {{{table::session, "a"}, "1"}});
    }
    std::size_t claimed = 0;
    {
        foreign_writer writer{directory};
        writer.put("session", "small", "needs a free page");
        writer.put(
            "session", "large", bytes(500'000, 'x')
        ); // only at the end there is so much room
        claimed = writer.erase("session", "large").commit();
    }
    REQUIRE(fs::file_size(directory / "data.mdb") < claimed);

    const auto store = must_open(settings_in(directory));

    CHECK(contents(store->reader()).size() == 502);
    must_commit(*store, many_rows(table::ephemeral, 3'000, 200));
    CHECK(contents(store->reader()).size() == 3'502);
}

TEST_CASE(
    "checkpoint store: what an interrupted creation or restore left is no obstacle", "[store][open]"
) {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    const auto staging = here.path() / "checkpoint.staging";
    fs::create_directory(staging);
    write_file(staging / "data.mdb", "half");

    CHECK(must_open(settings_in(directory))->was_created());
    CHECK_FALSE(fs::exists(staging));

    fs::create_directory(staging);
    CHECK_FALSE(must_open(settings_in(directory))->was_created());
    CHECK_FALSE(fs::exists(staging));
}

TEST_CASE(
    "checkpoint store: a parent directory that is missing is an error that names it",
    "[store][open]"
) {
    const temporary_directory here;

    const store_error refused = must_refuse(here.path() / "nowhere" / "checkpoint");

    CHECK(refused.code == store_errc::io);
    CHECK_THAT(refused.text, Catch::Contains("nowhere"));
}

TEST_CASE("checkpoint store: many large commits keep every row across reopening", "[store]") {
    const temporary_directory here;
    auto settings = settings_in(here.path() / "checkpoint");
    settings.heap_size_max = 0;
    const auto store = must_open(settings);
    rows expected;
    for (int round = 0; round < 5; ++round) {
        row_changes changes = many_rows(table::node, 150, 100);
        changes[{table::meta, "round"}] = std::to_string(round);
        must_commit(*store, changes);
        apply_to(expected, changes);
        CHECK(contents(store->reader()) == expected);
    }
}

} // namespace conclave::store::testing
