#include "server/maintenance/backup_directory.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::maintenance;
using Catch::Matchers::Contains;

namespace {

backup_manifest two_series() {
    backup_manifest made;
    made.cluster = "ab12";
    for (std::int64_t number : {1, 2}) {
        backup_series series;
        series.snapshot = {
            "snapshot-" + std::to_string(number), {zxid{number * 100}, {7, ~0ULL}}, 5, "dd", 6, 7};
        series.logs.push_back(
            {"log-" + std::to_string(number),
             zxid{number * 100},
             {zxid{number * 100 + 9}, {8, 9}},
             1,
             2,
             9}
        );
        made.series.push_back(series);
    }
    return made;
}

std::string edited(const std::string& what, const std::string& by) {
    std::string text = to_json(two_series());
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), by);
}

} // namespace

TEST_CASE("backup manifest: what was written is read", "[manifest]") {
    const auto read = parse_manifest(to_json(two_series()));
    REQUIRE(read);
    CHECK(to_json(*read) == to_json(two_series()));
    CHECK(read->series.back().end().at == zxid{209});
    CHECK(read->series.front().snapshot.at.chain.low == ~0ULL);
}

TEST_CASE("backup manifest: what cannot be is refused", "[manifest][hostile]") {
    CHECK_FALSE(parse_manifest("{"));
    CHECK_FALSE(parse_manifest("[]"));
    CHECK_FALSE(parse_manifest("{}"));
    CHECK_THAT(parse_manifest(edited("\"format\": 1", "\"format\": 2")).error(), Contains("later"));
    CHECK_FALSE(parse_manifest(edited("log-1", "../log-1")));
    CHECK_FALSE(parse_manifest(edited("snapshot-1", ".")));
    CHECK_FALSE(parse_manifest(edited("0x64", "64")));
    CHECK_FALSE(parse_manifest(edited("0x64", "0")));
    const auto gap = parse_manifest(edited("\"behind\": \"0x64\"", "\"behind\": \"0x65\""));
    REQUIRE_FALSE(gap);
    CHECK_THAT(gap.error(), Contains("gap behind 0x64"));
}
