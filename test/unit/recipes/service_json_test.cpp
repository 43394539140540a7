/// Documents of service instances, and picking one.
#include <conclave/recipes/service_discovery.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace conclave::recipes;

namespace {

service_instance example() {
    service_instance made;
    made.name = "mail";
    made.id = "4b3c";
    made.address = "10.0.0.7";
    made.port = 25;
    made.payload_json = R"({"zone":"b"})";
    made.registered_at =
        std::chrono::system_clock::time_point{std::chrono::milliseconds{1700000000123}};
    return made;
}

std::vector<service_instance> instances(std::initializer_list<bool> enabled) {
    std::vector<service_instance> made;
    for (const bool each : enabled) {
        made.push_back(example());
        made.back().id = std::to_string(made.size());
        made.back().is_enabled = each;
    }
    return made;
}

} // namespace

TEST_CASE("service: a document has Curator's fields", "[recipes][service]") {
    CHECK(
        to_json(example()) ==
        R"({"name":"mail","id":"4b3c","address":"10.0.0.7","port":25,"sslPort":null,)"
        R"("payload":{"zone":"b"},"registrationTimeUTC":1700000000123,"serviceType":"DYNAMIC",)"
        R"("uriSpec":null,"enabled":true})"
    );
}

TEST_CASE("service: a document is read as it was written", "[recipes][service]") {
    service_instance other = example();
    other.port.reset();
    other.ssl_port = 443;
    other.payload_json.clear();
    other.is_enabled = false;
    for (const service_instance& each : {example(), other}) {
        CHECK(parse_service_instance(to_json(each)) == each);
    }
}

TEST_CASE("service: fields that are missing or unknown do no harm", "[recipes][service]") {
    const auto found = parse_service_instance(
        R"({"name":"mail","id":"1","port":99999,"sslPort":"x","enabled":1,"more":{"a":[]}})"
    );
    REQUIRE(found);
    CHECK(found->id == "1");
    CHECK_FALSE(found->port);
    CHECK_FALSE(found->ssl_port);
    CHECK(found->is_enabled);
}

TEST_CASE("service: what is no document is told", "[recipes][service]") {
    for (const char* text :
         {"", "x", "[]", "7", "{", "{}", R"({"name":"mail"})", R"({"name":7,"id":"1"})"}) {
        INFO(text);
        CHECK_FALSE(parse_service_instance(text));
    }
}

TEST_CASE("service: hostile documents take bounded stack and time", "[recipes][service]") {
    constexpr std::size_t depth = 300'000;
    const std::string deep = R"({"name":"m","id":"1","payload":)" + std::string(depth, '[') +
                             std::string(depth, ']') + "}";
    const auto found = parse_service_instance(deep);
    REQUIRE(found);
    CHECK(found->payload_json.size() < 100);
    CHECK(
        parse_service_instance(R"({"name":"m","id":"1","registrationTimeUTC":9223372036854775807})")
    );
}

TEST_CASE("service: instances are taken in turn", "[recipes][service]") {
    const auto all = instances({true, false, true});
    round_robin turn;
    std::string order;
    for (int count = 0; count < 4; ++count) {
        order += turn.pick(all)->id;
    }
    CHECK(order == "1313");
    CHECK(turn.pick({}) == nullptr);
    CHECK(turn.pick(instances({false})) == nullptr);
}

TEST_CASE("service: any enabled instance may be picked", "[recipes][service]") {
    const auto all = instances({true, false, true});
    std::mt19937_64 random{5};
    std::map<std::string, int> counted;
    for (int count = 0; count < 200; ++count) {
        ++counted[pick_random(all, random)->id];
    }
    CHECK(counted.size() == 2);
    CHECK(counted["1"] > 60);
    CHECK(counted["3"] > 60);
    CHECK(pick_random(instances({false}), random) == nullptr);
}
