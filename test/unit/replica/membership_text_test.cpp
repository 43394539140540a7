/// What an operator may ask for, and how the members are shown (zookeeper-protocol 7.4, 7.5). The
/// answers are those of a real ensemble of ZooKeeper 3.8.0, except where said.
#include "server/replica/membership_text.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::replica;

namespace {

constexpr std::string_view three_lines = "server.1=h1:2888:3888:participant;0.0.0.0:2181\n"
                                         "server.2=h2:2888:3888:participant;0.0.0.0:2181\n"
                                         "server.3=h3:2888:3888:participant;0.0.0.0:2181\n";

reconfig_request whole(std::string_view members) {
    reconfig_request request;
    request.new_members = members;
    request.current_config = -1;
    return request;
}

reconfig_request
by_lists(std::optional<std::string_view> joining, std::optional<std::string_view> leaving) {
    reconfig_request request;
    request.joining = joining;
    request.leaving = leaving;
    request.current_config = -1;
    return request;
}

zab::membership membership_of_three() {
    zab::membership made = reconfigured({}, whole(three_lines), {}).value();
    made.configured = zxid{0x100000000};
    return made;
}

/// The text that clients would see, or the name of the error.
std::string after(const reconfig_request& request, const reconfig_rules& rules = {}) {
    const auto next = reconfigured(membership_of_three(), request, rules);
    return next ? config_text(*next) : std::string{name(next.error())};
}

const std::string refused{name(errc::bad_arguments)};

} // namespace

TEST_CASE("membership text: lines by id and then the version in hexadecimal", "[membership]") {
    CHECK(config_text(membership_of_three()) == std::string{three_lines} + "version=100000000");
}

TEST_CASE("membership text: a server that runs alone shows nothing", "[membership]") {
    zab::membership alone;
    alone.members.emplace_back().id = server_id{1};
    CHECK(config_text(alone).empty());
}

TEST_CASE("membership text: groups and all weights are shown", "[membership]") {
    CHECK(
        after(whole(std::string{three_lines} + "group.1=1:2\ngroup.2=3\nweight.1=2")) ==
        std::string{three_lines} +
            "group.1=1:2\ngroup.2=3\nweight.1=2\nweight.2=1\nweight.3=1\nversion=0"
    );
}

TEST_CASE("reconfig: lists of joining and leaving servers", "[membership]") {
    const std::string one_and_two{three_lines.substr(0, three_lines.find("server.3"))};

    SECTION("both empty or absent make a new version of the same") {
        CHECK(
            after(by_lists(std::nullopt, std::nullopt)) == std::string{three_lines} + "version=0"
        );
        CHECK(after(by_lists("", "")) == std::string{three_lines} + "version=0");
    }
    SECTION("a server leaves") {
        CHECK(after(by_lists(std::nullopt, "3")) == one_and_two + "version=0");
        CHECK(after(by_lists(std::nullopt, " 3 ,")) == one_and_two + "version=0");
    }
    SECTION("who is not there may leave") {
        CHECK(after(by_lists(std::nullopt, "9,300")) == std::string{three_lines} + "version=0");
    }
    SECTION("a server joins") {
        CHECK(
            after(by_lists("server.4=h4:2888:3888:observer;2181", std::nullopt)) ==
            std::string{three_lines} + "server.4=h4:2888:3888:observer;0.0.0.0:2181\nversion=0"
        );
    }
    SECTION("the text before the number is not looked at") {
        for (const std::string_view key : {"4", "foo.4", "server.4 "}) {
            CAPTURE(key);
            CHECK(
                after(by_lists(std::string{key} + "=h4:1:2;3", std::nullopt)) ==
                std::string{three_lines} + "server.4=h4:1:2:participant;0.0.0.0:3\nversion=0"
            );
        }
    }
    SECTION("an id that is there changes its address and role") {
        CHECK(
            after(by_lists("server.3=h9:1:2:observer;3", std::nullopt)) ==
            one_and_two + "server.3=h9:1:2:observer;0.0.0.0:3\nversion=0"
        );
    }
    SECTION("one that leaves and joins is there") {
        CHECK(
            after(by_lists("server.3=h9:1:2;3", "3")) ==
            one_and_two + "server.3=h9:1:2:participant;0.0.0.0:3\nversion=0"
        );
    }
}

TEST_CASE("reconfig: lists that cannot be understood are refused", "[membership]") {
    for (const std::string_view joining :
         {"garbage",
          "server.4=garbage",
          "server.4=h4:1:2",       // the client port is missing
          "server.x=h4:1:2;3",     // the original answers -5
          "server.4=h4:1:99999;3", // the original answers -5
          "server.4=h4:1:2:boss;3",
          "server.4=h4:1:1;3",
          "server.300=h4:1:2;3", // ids end at 255 here
          "server.0=h4:1:2;3",
          "server.4=h4:1:2;3;4"}) {
        CAPTURE(joining);
        CHECK(after(by_lists(joining, std::nullopt)) == refused);
    }
    CHECK(after(by_lists(std::nullopt, "x")) == refused); // the original answers -5
}

TEST_CASE("reconfig: two servers cannot share an address", "[membership]") {
    for (const std::string_view joining :
         {"server.4=h1:2888:3889;2182",
          "server.4=h1:2889:3888;2182",
          "server.4=h1:2889:3889;2181",
          "server.4=h1:2889:3889;h1:2888",
          "server.4=h4:1:2;h2:2888"}) {
        CAPTURE(joining);
        CHECK(after(by_lists(joining, std::nullopt)) == refused);
    }
    CHECK(after(by_lists("server.4=h1:2889:3889;2182", std::nullopt)) != refused);
}

TEST_CASE("reconfig: enough voters must be left", "[membership]") {
    reconfig_rules alone_allowed;
    alone_allowed.standalone_enabled = false;
    CHECK(after(by_lists(std::nullopt, "1,2")) == refused);
    CHECK(after(by_lists(std::nullopt, "1,2"), alone_allowed) != refused);
    CHECK(after(by_lists(std::nullopt, "1,2,3"), alone_allowed) == refused);
    CHECK(after(whole("server.1=h1:1:2:observer;3"), alone_allowed) == refused);
}

TEST_CASE("reconfig: a whole list replaces what was there", "[membership]") {
    const std::string two = "server.1=h1:1:2:participant\nserver.7=h7:1:2:participant\nversion=0";
    CHECK(after(whole("server.7=h7:1:2,server.1=h1:1:2")) == two);
    CHECK(after(whole("server.7=h7:1:2\r\nserver.1=h1:1:2\nversion=5\n")) == two);
    SECTION("the lists beside it are not looked at") {
        reconfig_request both = whole("server.7=h7:1:2,server.1=h1:1:2");
        both.joining = "garbage";
        CHECK(after(both) == two);
    }
}

TEST_CASE("reconfig: a whole list that cannot be understood is refused", "[membership]") {
    for (const std::string_view lines :
         {"",
          "garbage",
          "foo.1=bar",
          "server.1=h1:1:2,server.2=h1:1:2",
          "server.1=h1:1:2,server.2=h2:1:2,weight.1=2",
          "server.1=h1:1:2,server.2=h2:1:2,group.1=1",
          "server.1=h1:1:2,server.2=h2:1:2,group.1=1:2:3",
          "server.1=h1:1:2,server.2=h2:1:2,group.1=1:2,group.2=2",
          "server.1=h1:1:2,server.2=h2:1:2,group.1=1:2,weight.1=0,weight.2=0",
          "server.1=h1:1:2,server.2=h2:1:2,group.0=1:2",
          "server.1=h1:1:2,server.2=h2:1:2|h3:1:2"}) {
        CAPTURE(lines);
        CHECK(after(whole(lines)) == refused);
    }
}

TEST_CASE("reconfig: where there are groups only a whole list will do", "[membership]") {
    const zab::membership grouped =
        reconfigured({}, whole(std::string{three_lines} + "group.1=1:2:3"), {}).value();
    CHECK(reconfigured(grouped, by_lists(std::nullopt, "3"), {}).error() == errc::bad_arguments);
    CHECK(reconfigured(grouped, whole(three_lines), {}));
}

TEST_CASE("reconfig: it may depend on the version", "[membership]") {
    reconfig_request request = by_lists(std::nullopt, "3");
    request.current_config = 0x100000000;
    CHECK(after(request) != refused);
    for (const std::int64_t other : {std::int64_t{5}, std::int64_t{0}, std::int64_t{-2}}) {
        request.current_config = other;
        CHECK(after(request) == name(errc::bad_version));
    }
    SECTION("the version is looked at before the lists") {
        request.joining = "garbage";
        CHECK(after(request) == name(errc::bad_version));
    }
}

TEST_CASE("reconfig: what the configuration allows", "[membership]") {
    reconfig_rules rules;
    rules.multi_address_enabled = true;
    CHECK(after(whole("server.1=h1:1:2,server.2=h2:1:2|h3:1:2"), rules) != refused);
    rules.extended_types_enabled = true;
    CHECK(after(by_lists("server.254=h4:1:2;3", std::nullopt), rules) != refused);
    CHECK(after(by_lists("server.255=h4:1:2;3", std::nullopt), rules) == refused);
}
