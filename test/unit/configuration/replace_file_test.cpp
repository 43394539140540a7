#include "server/configuration/replace_file.hpp"
#include "test/unit/configuration/scratch_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

using conclave::configuration::replace_file;
using conclave::configuration::testing::content_of;
using conclave::configuration::testing::scratch_directory;

namespace {

namespace fs = std::filesystem;

struct stat status_of(const std::string& path) {
    struct stat found {};

    REQUIRE(::lstat(path.c_str(), &found) == 0);
    return found;
}

} // namespace

TEST_CASE("replace file: permissions stay", "[configuration]") {
    const scratch_directory scratch;
    const std::string path = scratch.at("zoo.cfg");
    std::ofstream{path} << "old";
    const mode_t mode = GENERATE(0600, 0640, 0644);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    replace_file(path, "new");
    CHECK(content_of(path) == "new");
    CHECK((status_of(path).st_mode & 07777) == mode);
}

TEST_CASE("replace file: owner and group stay", "[configuration]") {
    if (::geteuid() != 0) {
        WARN("only root may give files away");
        return;
    }
    const scratch_directory scratch;
    const std::string path = scratch.at("zoo.cfg");
    std::ofstream{path} << "old";
    REQUIRE(::chown(path.c_str(), 12, 34) == 0);
    replace_file(path, "new");
    CHECK(status_of(path).st_uid == 12);
    CHECK(status_of(path).st_gid == 34);
}

TEST_CASE("replace file: a symbolic link goes on leading to the file", "[configuration]") {
    const scratch_directory scratch;
    fs::create_directory(scratch.at("elsewhere"));
    const std::string target = scratch.at("elsewhere/zoo.cfg");
    const std::string link = scratch.at("zoo.cfg");
    std::ofstream{target} << "old";
    fs::create_symlink("elsewhere/zoo.cfg", link);
    replace_file(link, "new");
    CHECK(fs::is_symlink(link));
    CHECK(content_of(target) == "new");
}

TEST_CASE("replace file: what an interrupted attempt left is no obstacle", "[configuration]") {
    const scratch_directory scratch;
    const std::string path = scratch.at("zoo.cfg");
    std::ofstream{path} << "old";
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    std::ofstream{path + ".next"} << "half of something";
    replace_file(path, "new");
    CHECK(content_of(path) == "new");
    CHECK((status_of(path).st_mode & 07777) == 0600);
    CHECK_FALSE(fs::exists(path + ".next"));
}

TEST_CASE("replace file: a file that was not there is made", "[configuration]") {
    const scratch_directory scratch;
    replace_file(scratch.at("new"), "content");
    CHECK(content_of(scratch.at("new")) == "content");
    CHECK((status_of(scratch.at("new")).st_mode & 0600) == 0600);
}

TEST_CASE("replace file: a folder that is missing is an error", "[configuration]") {
    const scratch_directory scratch;
    CHECK_THROWS_AS(replace_file(scratch.at("none/zoo.cfg"), "content"), std::system_error);
}
