#include "server/configuration/known_keys.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace {

using namespace conclave::configuration;

TEST_CASE("known keys: each name stands in the table once", "[keys]") {
    std::set<std::string_view> names;
    for (const key_rule& rule : known_keys()) {
        CAPTURE(rule.name);
        CHECK(names.insert(rule.name).second);
    }
}

TEST_CASE("known keys: a key that is not honoured has a reason", "[keys]") {
    for (const key_rule& rule : known_keys()) {
        CAPTURE(rule.name);
        CHECK((rule.level == support::honoured) == rule.reason.empty());
        CHECK((rule.level != support::honoured || rule.apply != nullptr));
    }
}

TEST_CASE("known keys: a name of its own goes before a family", "[keys]") {
    REQUIRE(find_key("nio.sessionlessCnxnTimeout") != nullptr);
    CHECK(find_key("nio.sessionlessCnxnTimeout")->level == support::honoured);
    CHECK(find_key("nio.numWorkerThreads")->name == "nio.*");
}

TEST_CASE("known keys: the longest family wins", "[keys]") {
    CHECK(find_key("ssl.unheard.of")->name == "ssl.*");
    CHECK(find_key("ssl.quorum.unheard.of")->name == "ssl.quorum.*");
}

TEST_CASE("known keys: the stem of a family is not a key", "[keys]") {
    CHECK(find_key("ssl.") == nullptr);
    CHECK(find_key("ssl") == nullptr);
    CHECK(find_key("server") == nullptr);
    CHECK(find_key("") == nullptr);
}

TEST_CASE("known keys: names are case-sensitive as in ZooKeeper", "[keys]") {
    CHECK(find_key("dataDir") != nullptr);
    CHECK(find_key("datadir") == nullptr);
}

TEST_CASE("known keys: the prefix of Java properties is optional", "[keys]") {
    CHECK(canonical_key("zookeeper.snapCount") == "snapCount");
    CHECK(canonical_key("snapCount") == "snapCount");
    CHECK(canonical_key("zookeeper.jute.maxbuffer.extrasize") == "jute.maxbuffer.extrasize");
}

TEST_CASE("known keys: a mistyped key finds its nearest neighbour", "[keys]") {
    CHECK(nearest_key("tikTime") == "tickTime");
    CHECK(nearest_key("tickTmie") == "tickTime");
    CHECK(nearest_key("clientport") == "clientPort");
    CHECK(nearest_key("DATADIR") == "dataDir");
    CHECK(nearest_key("maxClientCnxn") == "maxClientCnxns");
    CHECK(nearest_key("autopurge.purgeIntervall") == "autopurge.purgeInterval");
    CHECK(nearest_key("4lw.command.whitelist") == "4lw.commands.whitelist");
}

TEST_CASE("known keys: a mistyped family keeps the rest of the key", "[keys]") {
    CHECK(nearest_key("sever.1") == "server.1");
    CHECK(nearest_key("wieght.12") == "weight.12");
}

TEST_CASE("known keys: nothing is suggested for a key unlike all others", "[keys]") {
    CHECK(nearest_key("favouriteColour").empty());
    CHECK(nearest_key("").empty());
    CHECK(nearest_key(std::string(10'000, 'x')).empty());
}

} // namespace
