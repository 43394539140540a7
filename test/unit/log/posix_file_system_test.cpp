#include "server/log/posix_file_system.hpp"
#include "test/unit/log/log_fixture.hpp"
#include "test/unit/log/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;

TEST_CASE("posix file system: what is written is read back", "[log][posix]") {
    const temporary_directory folder;
    posix_file_system files;
    const auto target = std::move(*files.open(folder / "f", open_mode::create));
    REQUIRE_FALSE(target->write_at(4, "content"));
    REQUIRE_FALSE(target->sync_data());
    REQUIRE_FALSE(files.sync_directory(folder.path()));
    bytes buffer;
    CHECK(*target->size() == 11);
    CHECK(*target->read_at(4, 100, buffer) == "content");
    CHECK(*target->read_at(6, 2, buffer) == "nt");
    CHECK(target->read_at(11, 1, buffer)->empty());
    const auto again = std::move(*files.open(folder / "f", open_mode::create));
    CHECK(*again->size() == 11);
}

TEST_CASE("posix file system: reserving does not change what is read", "[log][posix]") {
    const temporary_directory folder;
    posix_file_system files;
    const auto target = std::move(*files.open(folder / "f", open_mode::create));
    REQUIRE_FALSE(target->write_at(0, "abc"));
    REQUIRE_FALSE(target->reserve(65536));
    bytes buffer;
    CHECK(*target->read_at(0, 3, buffer) == "abc");
}

TEST_CASE("posix file system: errors are values", "[log][posix]") {
    const temporary_directory folder;
    posix_file_system files;
    CHECK(
        files.open(folder / "none", open_mode::read).error() == std::errc::no_such_file_or_directory
    );
    CHECK(
        files.open(folder / "none/f", open_mode::create).error() ==
        std::errc::no_such_file_or_directory
    );
    CHECK(files.remove(folder / "none") == std::errc::no_such_file_or_directory);
    CHECK(files.rename(folder / "none", folder / "some") == std::errc::no_such_file_or_directory);
    CHECK(files.list(folder / "none").error() == std::errc::no_such_file_or_directory);
    CHECK(files.make_directory(folder / "none/d") == std::errc::no_such_file_or_directory);
    CHECK(files.sync_directory(folder / "none") == std::errc::no_such_file_or_directory);
    std::ofstream{folder / "f"} << "x";
    CHECK(files.make_directory(folder / "f") == std::errc::not_a_directory);
    const auto reader = std::move(*files.open(folder / "f", open_mode::read));
    CHECK(reader->write_at(0, "y") == std::errc::bad_file_descriptor);
}

TEST_CASE("posix file system: a device without space is an error of the write", "[log][posix]") {
    posix_file_system files;
    const auto full = files.open("/dev/full", open_mode::read_write);
    REQUIRE(full.has_value());
    CHECK((*full)->write_at(0, "x") == std::errc::no_space_on_device);
}

TEST_CASE(
    "posix file system: directories are made for the owner and listed in order", "[log][posix]"
) {
    const temporary_directory folder;
    posix_file_system files;
    REQUIRE_FALSE(files.make_directory(folder / "d"));
    REQUIRE_FALSE(files.make_directory(folder / "d"));

    struct stat status {};

    REQUIRE(::stat((folder / "d").c_str(), &status) == 0);
    CHECK((status.st_mode & 0007) == 0);
    std::ofstream{folder / "b"} << "x";
    std::ofstream{folder / "a"} << "x";
    CHECK(*files.list(folder.path()) == std::vector<std::string>{"a", "b", "d"});
    REQUIRE_FALSE(files.rename(folder / "a", folder / "b"));
    REQUIRE_FALSE(files.remove(folder / "b"));
    CHECK(*files.list(folder.path()) == std::vector<std::string>{"d"});
}

TEST_CASE(
    "posix file system: a lock excludes other open files until it is closed", "[log][posix]"
) {
    const temporary_directory folder;
    posix_file_system files;
    auto first = std::move(*files.open(folder / "lock", open_mode::create));
    const auto second = std::move(*files.open(folder / "lock", open_mode::create));
    CHECK_FALSE(first->try_lock());
    CHECK(second->try_lock() == std::errc::resource_unavailable_try_again);
    first.reset();
    CHECK_FALSE(second->try_lock());
}

TEST_CASE("posix file system: a log of default sizes is written and read back", "[log][posix]") {
    const temporary_directory folder;
    posix_file_system files;
    log_writer_options options;
    options.storage = make_id(0x20);
    options.nonce = make_id(0x40);
    const bytes large(600000, 'x');
    {
        log_writer log = std::move(*log_writer::open(files, folder.path(), options, {}));
        for (std::int64_t id = 1; id <= 8; ++id) {
            REQUIRE_FALSE(append_synced(log, id, large));
        }
        CHECK(log.segment_count() == 2);
        CHECK(log.size() == (4U << 20) + (64U << 20));
    }
    const read_back back = read_log(files, {}, folder.path());
    CHECK(back.report.outcome == verdict::clean);
    REQUIRE(back.records.size() == 8);
    CHECK(back.records.back().payload == large);
    log_writer log = std::move(*log_writer::open(files, folder.path(), options, back.report));
    CHECK(log.last_sequence() == 8);
    CHECK_FALSE(append_synced(log, 9));
}
