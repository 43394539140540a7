#include "server/configuration/dynamic_file.hpp"
#include "server/configuration/load.hpp"
#include "test/unit/configuration/scratch_directory.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <filesystem>
#include <fstream>

using namespace conclave::configuration;
using namespace conclave::configuration::testing;

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

TEST_CASE("dynamic file: its entry is found however it is written", "[configuration]") {
    const auto named = [](const std::string& content) {
        return naming_dynamic_file(content, "new");
    };
    CHECK(named("dynamicConfigFile: old\r\na=b\r\n") == "dynamicConfigFile=new\r\na=b\r\n");
    CHECK(named("  dynamicConfigFile old") == "dynamicConfigFile=new");
    CHECK(named("zookeeper.dynamicConfigFile=old\n") == "dynamicConfigFile=new\n");
    CHECK(named("dynamicConfigFile=\\\n  old\na=b\n") == "dynamicConfigFile=new\na=b\n");
    CHECK(named("# dynamicConfigFile=old\n") == "# dynamicConfigFile=old\n");
    CHECK(named("a=\\\ndynamicConfigFile=old\n") == "a=\\\ndynamicConfigFile=old\n");
}

TEST_CASE("dynamic file: entries of keys that are dropped go as a whole", "[configuration]") {
    const std::array<std::string_view, 2> dropped{"clientPort", "clientPortAddress"};
    CHECK(
        naming_dynamic_file(
            "clientPort=1\n#clientPort=2\nclientPortListenBacklog=3\nclientPortAddress=\\\n *\n",
            "new",
            dropped
        ) == "#clientPort=2\nclientPortListenBacklog=3\n"
    );
}

TEST_CASE("dynamic file: what the line of this server says is not said twice", "[configuration]") {
    const auto superseded = [](const std::string& line) {
        return superseded_keys(*parse_server(line));
    };
    using keys = std::vector<std::string_view>;
    CHECK(superseded("h:1:2") == keys{});
    CHECK(superseded("h:1:2;3") == keys{"clientPort"});
    CHECK(superseded("h:1:2;a:3") == keys{"clientPort", "clientPortAddress"});
}

namespace {

/// The files of server 1, which is configured by them.
struct server_files {
    scratch_directory scratch;
    std::string static_path = scratch.at("zoo.cfg");
    std::string first = scratch.at("zoo.cfg.dynamic.100000000");

    server_files(const std::string& members, const std::string& others = "") {
        std::filesystem::create_directory(scratch.at("data"));
        std::ofstream{scratch.at("data/myid")} << "1\n";
        std::ofstream{static_path} << "dynamicConfigFile=" << first
                                   << "\ndataDir=" << scratch.at("data") << "\n"
                                   << others;
        std::ofstream{first} << members;
    }

    [[nodiscard]] settings read() const {
        const loaded outcome = load(static_path);
        for (const diagnostic& each : outcome.diagnostics) {
            UNSCOPED_INFO(conclave::configuration::to_string(each));
        }
        REQUIRE(outcome.usable());
        return outcome.values;
    }

    /// What a server does that has read them.
    std::string keep(const std::string& text) const {
        const settings read_at_start = read();
        return write_dynamic_file(
            {static_path, first, read_at_start.server, read_at_start.members}, text
        );
    }
};

const std::string two_others = "server.2=b:1:2:participant;0.0.0.0:3\nserver.3=c:1:2:participant\n";

} // namespace

TEST_CASE("dynamic file: a membership is written beside the one before", "[configuration]") {
    const server_files files{"server.1=a:1:2;a:3\n"};
    const std::string text = "server.1=b:1:2:participant;b:3\nversion=100000007";
    const std::string second = files.keep(text);

    CHECK(second == files.scratch.at("zoo.cfg.dynamic.100000007"));
    CHECK(content_of(second) == "server.1=b:1:2:participant;b:3\n");
    CHECK(
        content_of(files.static_path) ==
        "dynamicConfigFile=" + second + "\ndataDir=" + files.scratch.at("data") + "\n"
    );
    CHECK(content_of(files.first) == "server.1=a:1:2;a:3\n");
    SECTION("once is enough") {
        CHECK(files.keep(text).empty());
    }
    SECTION("another content of that name is replaced") {
        std::ofstream{second} << "server.1=z:1:2;a:3\n";
        CHECK(files.keep(text) == second);
        CHECK(content_of(second) == "server.1=b:1:2:participant;b:3\n");
    }
}

TEST_CASE("dynamic file: a line with a port only opens no other address later", "[configuration]") {
    const auto [address, host] = GENERATE(table<std::string, std::string>(
        {{"", "127.0.0.1"}, {"clientPortAddress=10.0.0.5\n", "10.0.0.5"}}
    ));
    const auto [line, port] = GENERATE(table<std::string, std::string>(
        {{"server.1=a:1:2;2181\n", ""}, {"server.1=a:1:2\n", "clientPort=2181\n"}}
    ));
    CAPTURE(line, address);
    const server_files files{line + two_others, address + port};
    const std::vector<endpoint> before{{host, 2181}};
    REQUIRE(files.read().listeners == before);

    const std::string written =
        files.keep("server.1=a:1:2:participant;0.0.0.0:2181\n" + two_others + "version=100000007");
    CHECK(files.read().listeners == before);
    CHECK(files.read().dynamic_configuration_file == written);
    SECTION("another port is taken at the next start") {
        files.keep("server.1=a:1:2:participant;0.0.0.0:2182\n" + two_others + "version=100000008");
        CHECK(files.read().listeners == std::vector<endpoint>{{host, 2182}});
    }
    SECTION("another address is taken at the next start") {
        files.keep("server.1=a:1:2:participant;10.0.0.6:2182\n" + two_others + "version=100000008");
        CHECK(files.read().listeners == std::vector<endpoint>{{"10.0.0.6", 2182}});
    }
}

TEST_CASE("dynamic file: who was opened to all stays so", "[configuration]") {
    const server_files files{"server.1=a:1:2;0.0.0.0:2181\n" + two_others};
    const std::string written =
        files.keep("server.1=a:1:2:participant;0.0.0.0:2181\n" + two_others + "version=100000007");
    CHECK(content_of(written) == "server.1=a:1:2:participant;0.0.0.0:2181\n" + two_others);
    CHECK(files.read().listeners == std::vector<endpoint>{{"0.0.0.0", 2181}});
}

TEST_CASE("dynamic file: a server that is no member keeps its files", "[configuration]") {
    const server_files files{"server.1=a:1:2;2181\n" + two_others};
    const std::string before = content_of(files.static_path);
    CHECK(files.keep(two_others + "version=100000007").empty());
    CHECK(content_of(files.static_path) == before);
    CHECK_FALSE(std::filesystem::exists(files.scratch.at("zoo.cfg.dynamic.100000007")));
}

TEST_CASE("dynamic file: a file that cannot be written is an error", "[configuration]") {
    const scratch_directory scratch;
    CHECK_THROWS_AS(
        write_dynamic_file(
            {scratch.at("none"), scratch.at("zoo.cfg.dynamic"), conclave::server_id{1}, {}},
            "server.1=a:1:2\nversion=1"
        ),
        std::system_error
    );
}
