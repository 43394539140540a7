#include "server/configuration/membership.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace conclave;
using namespace conclave::configuration;

ensemble_server server(std::string_view text) {
    auto parsed = parse_server(text);
    INFO(text << ": " << (parsed ? "" : parsed.error()));
    REQUIRE(parsed);
    return *parsed;
}

TEST_CASE("membership: a server line names host and two ports", "[membership]") {
    const ensemble_server one = server("zk1:2888:3888");
    CHECK(one.addresses == std::vector<peer_address>{{"zk1", 2888, 3888}});
    CHECK(one.role == server_role::participant);
    CHECK_FALSE(one.client);
}

TEST_CASE("membership: a server line may name a role", "[membership]") {
    CHECK(server("zk1:2888:3888:observer").role == server_role::observer);
    CHECK(server("zk1:2888:3888:PARTICIPANT").role == server_role::participant);
}

TEST_CASE("membership: a client port without a host leaves the address open", "[membership]") {
    const ensemble_server one = server("zk1:2888:3888;2181");
    CHECK(one.client == endpoint{"0.0.0.0", 2181});
    CHECK_FALSE(one.client_host_is_given);
}

TEST_CASE("membership: a client part may name its host", "[membership]") {
    const ensemble_server one = server("zk1:2888:3888:participant;10.0.0.1:2181");
    CHECK(one.client == endpoint{"10.0.0.1", 2181});
    CHECK(one.client_host_is_given);
}

TEST_CASE("membership: IPv6 hosts stand in brackets", "[membership]") {
    const ensemble_server one = server("[2001:db8::1]:2888:3888;[::1]:2181");
    CHECK(one.addresses.front().host == "2001:db8::1");
    CHECK(one.client == endpoint{"::1", 2181});
}

TEST_CASE("membership: a server may have several addresses", "[membership]") {
    const ensemble_server one = server("a:2888:3888|b:2889:3889;2181");
    CHECK(one.addresses == std::vector<peer_address>{{"a", 2888, 3888}, {"b", 2889, 3889}});
}

TEST_CASE("membership: a server line is written as ZooKeeper writes it", "[membership]") {
    CHECK(to_string(server("h1:2888:3888;2181")) == "h1:2888:3888:participant;0.0.0.0:2181");
    CHECK(
        to_string(server("[::1]:1:2:observer|b:3:4:observer;[::]:5")) ==
        "[::1]:1:2:observer|b:3:4:observer;[::]:5"
    );
    CHECK(to_string(server("h:1:2")) == "h:1:2:participant");
}

TEST_CASE("membership: a malformed server line is refused", "[membership]") {
    for (const std::string_view text :
         {"",
          "h",
          "h:2888",
          "h:2888:3888:leader",
          "h:2888:3888:observer:5",
          ":2888:3888",
          "h:0:3888",
          "h:2888:65536",
          "h:2888:2888",
          "::1:2888:3888",
          "[::1:2888:3888",
          "[::1]2888:3888",
          "[::1]",
          "h:2888:3888;",
          "h:2888:3888;x",
          "h:2888:3888;a:b:2181",
          "h:2888:3888;a b:2181",
          "h:2888:3888;2181;2182",
          "h:2888:3888|",
          "a:2888:3888:observer|b:2888:3888"}) {
        CAPTURE(text);
        const auto parsed = parse_server(text);
        CHECK_FALSE(parsed);
    }
}

TEST_CASE("membership: the id of a server is 1 to 255", "[membership]") {
    CHECK(*parse_server_id("1") == server_id{1});
    CHECK(*parse_server_id("255") == server_id{255});
    CHECK_FALSE(parse_server_id("0"));
    CHECK_FALSE(parse_server_id("256"));
    CHECK_FALSE(parse_server_id("one"));
}

/// Checks the given servers (line N stands for server.N) and groups.
struct checked {
    ensemble members;
    ensemble_options options{.multi_address_enabled = false, .standalone_enabled = false};
    origins given{"zoo.cfg"};

    checked& with(std::uint32_t id, std::string_view text) {
        members.servers[server_id{id}] = server(text);
        given.set("server." + std::to_string(id), {"zoo.cfg", id});
        return *this;
    }

    [[nodiscard]] std::vector<std::string> problems() const {
        report out;
        check(members, options, given, out);
        std::vector<std::string> texts;
        for (const diagnostic& entry : out.entries()) {
            texts.push_back(to_string(entry));
        }
        return texts;
    }

    [[nodiscard]] bool says(const std::string& expected) const {
        const std::vector<std::string> texts = problems();
        for (const std::string& text : texts) {
            UNSCOPED_INFO(text);
        }
        return std::find(texts.begin(), texts.end(), expected) != texts.end();
    }
};

TEST_CASE("membership: no server line and one server line are fine", "[membership]") {
    CHECK(checked{}.problems().empty());
    CHECK(checked{}.with(1, "a:1:2;3").problems().empty());
}

TEST_CASE("membership: several servers form an ensemble", "[membership]") {
    CHECK(checked{}.with(1, "a:1:2").with(2, "b:1:2").with(3, "c:1:2").problems().empty());
}

TEST_CASE("membership: observers need a participant", "[membership]") {
    CHECK(checked{}
              .with(1, "a:1:2:observer")
              .says("zoo.cfg:1: error: observers need at least one participant to follow"));
}

TEST_CASE("membership: one participant with observers cannot be standalone", "[membership]") {
    checked members;
    members.with(1, "a:1:2").with(2, "b:1:2:observer");
    const std::string expected =
        "zoo.cfg:2: error: one participant with observers needs standaloneEnabled=false";
    CHECK_FALSE(members.says(expected));
    members.options.standalone_enabled = true;
    CHECK(members.says(expected));
}

TEST_CASE("membership: several addresses need their key", "[membership]") {
    checked members;
    members.with(1, "a:1:2|b:1:2");
    CHECK(
        members.says("zoo.cfg:1: error: server.1: several addresses need multiAddress.enabled=true")
    );
    members.options.multi_address_enabled = true;
    CHECK(members.problems().empty());
}

TEST_CASE("membership: with TTL nodes the highest id is 254", "[membership]") {
    checked highest;
    highest.with(254, "a:1:2");
    checked above;
    above.with(255, "a:1:2");
    CHECK(above.problems().empty());
    highest.options.extended_types_enabled = true;
    above.options.extended_types_enabled = true;
    CHECK(highest.problems().empty());
    CHECK(above.says(
        "zoo.cfg:255: error: server.255: with extendedTypesEnabled the highest id is 254"
    ));
}

TEST_CASE("membership: groups divide the voters", "[membership]") {
    checked members;
    members.with(1, "a:1:2");
    members.given.set("group.1", {"zoo.cfg", 9});
    members.members.groups[1] = {server_id{1}};
    CHECK(members.problems().empty());

    members.members.groups[1] = {};
    CHECK(members.says("zoo.cfg:1: error: server.1: where there are groups, each voter needs one"));

    members.members.groups[1] = {server_id{1}, server_id{7}};
    CHECK(members.says("zoo.cfg:9: error: group.1: there is no server.7"));

    members.members.groups[1] = {server_id{1}, server_id{1}};
    CHECK(members.says("zoo.cfg:9: error: group.1: server 1 is in two groups"));
}

TEST_CASE("membership: a weight belongs to a server in groups", "[membership]") {
    checked members;
    members.with(1, "a:1:2");
    members.members.weights[server_id{1}] = 2;
    members.given.set("weight.1", {"zoo.cfg", 4});
    CHECK(members.says("zoo.cfg:4: warning: weight.1: weights count only with group lines"));

    members.members.groups[1] = {server_id{1}};
    CHECK(members.problems().empty());

    members.members.weights[server_id{2}] = 2;
    CHECK(members.says("zoo.cfg: error: weight.2: there is no server.2"));
}

} // namespace
