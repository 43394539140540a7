#include "server/configuration/dynamic_file.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

using namespace conclave::configuration;

namespace {

struct scratch_directory {
    std::filesystem::path path = std::filesystem::temp_directory_path() /
                                 ("dynamic_file_test-" + std::to_string(::getpid()));

    scratch_directory() { std::filesystem::create_directory(path); }

    ~scratch_directory() { std::filesystem::remove_all(path); }

    [[nodiscard]] std::string at(const std::string& name) const { return (path / name).string(); }
};

std::string content_of(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

TEST_CASE("dynamic file: the version at the end of a name goes", "[configuration]") {
    CHECK(without_version("/etc/zoo.cfg.dynamic.10000000a") == "/etc/zoo.cfg.dynamic");
    CHECK(without_version("/etc/zoo.cfg.dynamic") == "/etc/zoo.cfg.dynamic");
    CHECK(without_version("members") == "members");
    CHECK(without_version("zoo.dynamic.bad.name") == "zoo.dynamic.bad.name");
    CHECK(without_version("server.1") == "server.1");
}

TEST_CASE("dynamic file: only its line of the static file changes", "[configuration]") {
    CHECK(
        naming_dynamic_file("# mine\ntickTime=2000\ndynamicConfigFile = old\ndataDir=d", "new") ==
        "# mine\ntickTime=2000\ndynamicConfigFile=new\ndataDir=d"
    );
}

TEST_CASE("dynamic file: a membership is written beside the one before", "[configuration]") {
    const scratch_directory scratch;
    const std::string static_path = scratch.at("zoo.cfg");
    const std::string first = scratch.at("zoo.cfg.dynamic.100000000");
    std::ofstream{static_path} << "dynamicConfigFile=" << first << "\ndataDir=d\n";
    std::ofstream{first} << "server.1=a:1:2;3\n";

    const std::string text = "server.1=b:1:2:participant;0.0.0.0:3\nversion=100000007";
    const std::string second = write_dynamic_file(static_path, first, text);

    CHECK(second == scratch.at("zoo.cfg.dynamic.100000007"));
    CHECK(content_of(second) == "server.1=b:1:2:participant;0.0.0.0:3\n");
    CHECK(content_of(static_path) == "dynamicConfigFile=" + second + "\ndataDir=d\n");
    CHECK(content_of(first) == "server.1=a:1:2;3\n");
    SECTION("once is enough") {
        CHECK(write_dynamic_file(static_path, second, text).empty());
    }
}

TEST_CASE("dynamic file: a file that cannot be written is an error", "[configuration]") {
    const scratch_directory scratch;
    CHECK_THROWS_AS(
        write_dynamic_file(scratch.at("none"), scratch.at("zoo.cfg.dynamic"), "version=1"),
        std::system_error
    );
}
