/// What is read from files: the configuration itself, the dynamic file, and `myid`.
#include "server/configuration/load.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using namespace conclave;
using namespace conclave::configuration;

/// An empty directory of its own, removed at the end.
class temporary_directory {
public:
    temporary_directory() {
        std::string path =
            (std::filesystem::temp_directory_path() / "conclave-configuration-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path_ = path;
    }

    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    /// Writes a file and returns its path.
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return path(name);
    }

    [[nodiscard]] std::string path(const std::string& name = {}) const {
        return name.empty() ? path_.string() : (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

bool says(const loaded& outcome, const std::string& line) {
    return std::any_of(
        outcome.diagnostics.begin(),
        outcome.diagnostics.end(),
        [&line](const diagnostic& entry) {
            UNSCOPED_INFO(to_string(entry));
            return to_string(entry) == line;
        }
    );
}

/// A directory with a configuration whose dataDir is the directory itself.
struct installation {
    temporary_directory directory;

    [[nodiscard]] loaded load_with(const std::string& lines) const {
        const std::string base =
            "dataDir=" + directory.path() + "\nclientPort=2181\nclientPortAddress=127.0.0.1\n";
        return load(directory.write("zoo.cfg", base + lines));
    }
};

TEST_CASE("files: a configuration that is not there is an error", "[files]") {
    const loaded outcome = load("/nowhere/zoo.cfg");
    CHECK_FALSE(outcome.usable());
    CHECK(says(outcome, "/nowhere/zoo.cfg: error: cannot be read: No such file or directory"));
}

TEST_CASE("files: a directory is not a configuration", "[files]") {
    const temporary_directory directory;
    CHECK(says(
        load(directory.path()), directory.path() + ": error: cannot be read: it is a directory"
    ));
}

TEST_CASE("files: a configuration that is too large is refused", "[files]") {
    const temporary_directory directory;
    const loaded outcome = load(directory.write("zoo.cfg", std::string(300'000, '#')));
    CHECK_FALSE(outcome.usable());
}

TEST_CASE("files: a server without myid is number one", "[files]") {
    const installation here;
    const loaded outcome = here.load_with("");
    CHECK(outcome.diagnostics.empty());
    CHECK(outcome.values.server == server_id{1});
}

TEST_CASE("files: myid gives the number of the server", "[files]") {
    const installation here;
    for (const std::string content : {"7", "7\n", " 7 \r\n", "7\nsecond line\n"}) {
        CAPTURE(content);
        here.directory.write("myid", content);
        const loaded outcome = here.load_with("");
        CHECK(outcome.diagnostics.empty());
        CHECK(outcome.values.server == server_id{7});
    }
}

TEST_CASE("files: a myid that is no number is refused", "[files]") {
    const installation here;
    for (const std::string content : {"", "0", "256", "one", "7 8", "replace this text"}) {
        CAPTURE(content);
        here.directory.write("myid", content);
        const loaded outcome = here.load_with("");
        CHECK_FALSE(outcome.usable());
        CHECK(outcome.diagnostics.front().where == place{here.directory.path("myid"), 1});
    }
}

TEST_CASE("files: a myid that cannot be read is refused", "[files]") {
    const installation here;
    std::filesystem::create_directory(here.directory.path("myid"));
    CHECK_FALSE(here.load_with("").usable());
}

TEST_CASE("files: a myid that points nowhere is refused", "[files]") {
    const installation here;
    std::filesystem::create_symlink("/nowhere/myid", here.directory.path("myid"));
    CHECK_FALSE(here.load_with("").usable());
}

TEST_CASE("files: a missing myid is an error among several server lines", "[files]") {
    const installation here;
    CHECK(says(
        here.load_with("server.1=a:1:2\nserver.2=b:1:2\n"),
        here.directory.path("myid") +
            ": error: the file is missing: it says which of the server lines is this server"
    ));
}

TEST_CASE("files: myid goes before the only server line", "[files]") {
    const installation here;
    here.directory.write("myid", "3\n");
    const loaded outcome = here.load_with("server.1=a:2888:3888;127.0.0.1:2181\n");
    CHECK(outcome.usable());
    CHECK(outcome.values.server == server_id{3});
    CHECK(says(
        outcome,
        here.directory.path("zoo.cfg") +
            ":4: warning: myid is 3 and the only server line is server.1; the server runs alone, "
            "as 3"
    ));
}

TEST_CASE("files: with TTL nodes the highest myid is 254", "[files]") {
    const installation here;
    here.directory.write("myid", "255\n");
    CHECK(here.load_with("").usable());
    CHECK_FALSE(here.load_with("extendedTypesEnabled=true\n").usable());
    here.directory.write("myid", "254\n");
    CHECK(here.load_with("extendedTypesEnabled=true\n").usable());
}

TEST_CASE("files: the file initialize is noted in the log directory", "[files]") {
    const installation here;
    CHECK_FALSE(here.load_with("").values.initialize_file_present);
    here.directory.write("initialize", "");
    CHECK(here.load_with("").values.initialize_file_present);
    CHECK_FALSE(here.load_with("dataLogDir=/nowhere\n").values.initialize_file_present);
}

TEST_CASE("files: directories that may not be created must exist", "[files]") {
    const installation here;
    CHECK(here.load_with("datadir.autocreate=false\n").usable());
    CHECK(says(
        here.load_with("datadir.autocreate=false\ndataLogDir=/nowhere\n"),
        here.directory.path("zoo.cfg") +
            ":5: error: dataLogDir: there is no directory \"/nowhere\", and "
            "datadir.autocreate=false"
    ));
}

TEST_CASE("files: the dynamic file brings the members and their version", "[files]") {
    const installation here;
    const std::string dynamic = here.directory.write(
        "zoo.cfg.dynamic", "server.1=h:2888:3888:participant;127.0.0.1:2181\nversion=10000001a\n"
    );
    const loaded outcome = here.load_with("dynamicConfigFile=" + dynamic + "\n");
    CHECK(outcome.diagnostics.empty());
    CHECK(outcome.values.members.servers.size() == 1);
    CHECK(outcome.values.members.version == 0x10000001aU);
    CHECK(outcome.values.dynamic_configuration_file == dynamic);
}

TEST_CASE("files: a dynamic file that is not there is an error", "[files]") {
    const installation here;
    CHECK(says(
        here.load_with("dynamicConfigFile=/nowhere/dynamic\n"),
        here.directory.path("zoo.cfg") +
            ":4: error: dynamicConfigFile /nowhere/dynamic cannot be read: No such file or "
            "directory"
    ));
}

TEST_CASE("files: a dynamic file holds members only", "[files]") {
    const installation here;
    const std::string dynamic = here.directory.write("d", "tickTime=1\nversion=xyz\n");
    const loaded outcome = here.load_with("dynamicConfigFile=" + dynamic + "\n");
    CHECK(says(outcome, dynamic + ":1: error: tickTime does not belong into a dynamic file"));
    CHECK(says(outcome, dynamic + ":2: error: version: \"xyz\" is not a hexadecimal zxid"));
}

TEST_CASE("files: server lines in both files are refused", "[files]") {
    const installation here;
    const std::string dynamic = here.directory.write("d", "server.1=h:2888:3888\n");
    CHECK(says(
        here.load_with("dynamicConfigFile=" + dynamic + "\nserver.1=h:2888:3888\n"),
        here.directory.path("zoo.cfg") +
            ":4: error: with dynamicConfigFile the server lines belong into that file only"
    ));
}

TEST_CASE("files: arguments read myid too", "[files]") {
    const temporary_directory directory;
    directory.write("myid", "9\n");
    const std::string path = directory.path();
    const std::vector<std::string_view> arguments{"2181", path};
    CHECK(from_arguments(arguments).values.server == server_id{9});
}

TEST_CASE("files: without any file the defaults are those of a sample", "[files]") {
    using namespace std::chrono_literals;
    const loaded outcome = without_file();
    CHECK(outcome.diagnostics.empty());
    settings expected;
    expected.tick_time = 2'000ms;
    expected.session_timeout_min = 4'000ms;
    expected.session_timeout_max = 40'000ms;
    CHECK(outcome.values == expected);
}

} // namespace
