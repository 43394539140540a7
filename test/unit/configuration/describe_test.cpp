#include "server/configuration/load.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace {

using namespace conclave;
using namespace conclave::configuration;

bool has(const std::vector<std::string>& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

TEST_CASE("describe: lines are sorted", "[describe]") {
    const auto lines = describe(settings{});
    CHECK(std::is_sorted(lines.begin(), lines.end()));
}

TEST_CASE("describe: the effective values are shown", "[describe]") {
    const auto lines = describe(parse("dataDir=/d\ntickTime=500\n", "f").values);
    CHECK(has(lines, "dataDir=/d"));
    CHECK(has(lines, "dataLogDir=/d"));
    CHECK(has(lines, "clientPort=2181"));
    CHECK(has(lines, "clientPortAddress=127.0.0.1"));
    CHECK(has(lines, "minSessionTimeout=1000"));
    CHECK(has(lines, "forceSync=yes"));
    CHECK(has(lines, "connection_throttle_drop_increase=0.02"));
    CHECK(has(lines, "DigestAuthenticationProvider.superDigest="));
}

TEST_CASE("describe: a secret is masked", "[describe]") {
    settings values;
    values.super_digest = "super:hush";
    CHECK(has(describe(values), "DigestAuthenticationProvider.superDigest=***"));
}

TEST_CASE("describe: members are shown", "[describe]") {
    const auto lines =
        describe(parse("dataDir=/d\nserver.1=h:1:2;3\ngroup.4=1\nweight.1=5\n", "f").values);
    CHECK(has(lines, "server.1=h:1:2:participant;0.0.0.0:3"));
    CHECK(has(lines, "group.4=1"));
    CHECK(has(lines, "weight.1=5"));
}

TEST_CASE("describe: what is shown reads back as the same configuration", "[describe]") {
    const loaded original = parse(
        "dataDir=/d\ndataLogDir=/l\nclientPort=9\nclientPortAddress=*\ntickTime=7\nforceSync=no\n"
        "tornTail=strict\nreadMode=linearizable\nlogLevel=error\nioThreads=2\nskipACL=yes\n"
        "4lw.commands.whitelist=ruok,stat\nenforce.auth.schemes=ip,digest\nmaxCnxns=5\n"
        "connection_throttle_decrease_ratio=0.125\nautopurge.purgeInterval=24\n"
        "znode.container.maxNeverUsedIntervalMs=9\nsnapSizeLimitInKb=-1\njute.maxbuffer=4096\n"
        "DigestAuthenticationProvider.digestAlg=SHA-256\nserver.1=h:1:2;0.0.0.0:9\n",
        "f"
    );
    REQUIRE(original.usable());
    bytes text;
    for (const std::string& line : describe(original.values)) {
        text += line + "\n";
    }
    const loaded again = parse(text, "described");
    REQUIRE(again.usable());
    CHECK(again.values == original.values);
}

TEST_CASE("four-letter words: the whitelist decides and srvr is always allowed", "[words]") {
    settings values;
    CHECK(allows_four_letter_word(values, "srvr"));
    CHECK_FALSE(allows_four_letter_word(values, "ruok"));
    CHECK_FALSE(allows_four_letter_word(values, "isro"));

    values.four_letter_words = {"ruok"};
    CHECK(allows_four_letter_word(values, "ruok"));
    CHECK(allows_four_letter_word(values, "srvr"));
    CHECK_FALSE(allows_four_letter_word(values, "stat"));
}

TEST_CASE("four-letter words: an asterisk allows all", "[words]") {
    settings values;
    values.four_letter_words = {"*"};
    CHECK(allows_four_letter_word(values, "wchc"));
}

TEST_CASE("four-letter words: read-only mode allows isro", "[words]") {
    settings values;
    values.read_only_mode_enabled = true;
    CHECK(allows_four_letter_word(values, "isro"));
    CHECK_FALSE(allows_four_letter_word(values, "ruok"));
}

} // namespace
