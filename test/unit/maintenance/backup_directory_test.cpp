/// What may be removed from the directory of a backup, and what is refused.
#include "server/maintenance/backup_directory.hpp"
#include "test/unit/log/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace conclave;
using namespace conclave::maintenance;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;
using purpose = backup_directory::purpose;

void put(const fs::path& file, const std::string& text = "x") {
    fs::create_directories(file.parent_path());
    std::ofstream{file} << text;
}

std::string manifest_with(const std::string& snapshot) {
    backup_manifest made;
    made.series.emplace_back().snapshot.file = snapshot;
    return to_json(made);
}

} // namespace

TEST_CASE("backup directory: what an interrupted backup has left is removed", "[backup]") {
    const test::temporary_directory scratch;
    const fs::path at = fs::path{scratch / "backup"};
    put(at / "backup.json", manifest_with("snapshot-1"));
    for (const char* const name :
         {"snapshot-1",
          "snapshot-2",
          "log-3",
          "snapshot-4.part",
          "log-5.part",
          "backup.json.part"}) {
        put(at / name);
    }
    put(at / "verifying" / "data.mdb");
    REQUIRE(backup_directory::open(at, purpose::writing));
    CHECK(fs::exists(at / "snapshot-1"));
    for (const char* const name :
         {"snapshot-2",
          "log-3",
          "snapshot-4.part",
          "log-5.part",
          "backup.json.part",
          "verifying"}) {
        INFO(name);
        CHECK_FALSE(fs::exists(at / name));
    }
}

TEST_CASE("backup directory: files of others are left alone", "[backup]") {
    const test::temporary_directory scratch;
    const fs::path at = fs::path{scratch / "backup"};
    const char* const names[] = {
        "log-2026/january.log",
        "log-rotate.conf",
        "snapshot-old/data",
        "snapshot-",
        "photo.part",
        "verifying-notes"};
    for (const char* const name : names) {
        put(at / name);
    }
    REQUIRE(backup_directory::open(at, purpose::writing));
    REQUIRE(backup_directory::open(at, purpose::writing)); // once it holds a manifest
    for (const char* const name : names) {
        INFO(name);
        CHECK(fs::exists(at / name));
    }
}

TEST_CASE("backup directory: nothing is removed because the manifest is missing", "[backup]") {
    const test::temporary_directory scratch;
    const fs::path at = fs::path{scratch / "backup"};
    put(at / "snapshot-1764270903250");
    put(at / "log-1764270963250");
    const auto opened = backup_directory::open(at, purpose::writing);
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error(), Contains("no backup.json"));
    CHECK(fs::exists(at / "snapshot-1764270903250"));
    CHECK(fs::exists(at / "log-1764270963250"));
}

TEST_CASE("backup directory: nothing is removed because the manifest cannot be read", "[backup]") {
    const test::temporary_directory scratch;
    const fs::path at = fs::path{scratch / "backup"};
    put(at / "snapshot-1");
    // Even root is told of this one: the link leads to itself.
    fs::create_symlink("backup.json", at / "backup.json");
    const auto opened = backup_directory::open(at, purpose::writing);
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error(), Contains("cannot read"));
    CHECK(fs::exists(at / "snapshot-1"));
}

TEST_CASE("backup directory: one that was begun and never filled holds no backup", "[backup]") {
    const test::temporary_directory scratch;
    const fs::path at = fs::path{scratch / "backup"};
    REQUIRE(backup_directory::open(at, purpose::writing));
    const auto opened = backup_directory::open(at, purpose::reading);
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error(), Contains("there is no backup"));
}
