#include "server/maintenance/restore_record.hpp"
#include "test/unit/log/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace conclave;
using namespace conclave::maintenance;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint32_t jump = 1U << 20U;
const zxid early{epoch{5}, 100};
const zxid late{epoch{6}, 7};

restored_once restored(zxid what, std::uint32_t to, std::vector<std::string> into) {
    return {what, zxid{epoch{to}, 0}, std::move(into)};
}

template <class... Arguments>
epoch place_of(const Arguments&... arguments) {
    const auto next = next_epoch(arguments...);
    REQUIRE(next);
    return *next;
}

using restores = std::vector<restored_once>;
constexpr std::optional<std::uint32_t> enough;

} // namespace

TEST_CASE("restore: the first one goes on behind everything that the backup knows", "[restore]") {
    CHECK(place_of(restores{}, early, epoch{5}, "a:/data", enough) == epoch{5 + jump});
    CHECK(place_of(restores{}, early, epoch{900}, "a:/data", enough) == epoch{900 + jump});
}

TEST_CASE("restore: the servers of one ensemble go on at the same place", "[restore]") {
    const restores before{restored(early, 5 + jump, {"a:/data", "b:/data"})};
    CHECK(place_of(before, early, epoch{5}, "c:/data", enough) == epoch{5 + jump});
}

TEST_CASE("restore: each further one goes on behind those before it", "[restore]") {
    const restores before{
        restored(late, 6 + jump, {"a:/data"}), restored(early, 6 + 2 * jump, {"a:/data"})};
    SECTION("to an earlier place") {
        CHECK(
            place_of(restores{before.front()}, early, epoch{6}, "b:/data", enough) ==
            epoch{6 + 2 * jump}
        );
    }
    SECTION("to the same place again") {
        CHECK(place_of(before, early, epoch{6}, "a:/data", enough) == epoch{6 + 3 * jump});
    }
    SECTION("to the place of one that is not the last") {
        CHECK(place_of(before, late, epoch{6}, "b:/data", enough) == epoch{6 + 3 * jump});
    }
}

TEST_CASE("restore: a number of epochs that leads back is refused", "[restore]") {
    const restores before{restored(late, 6 + jump, {"a:/data"})};
    CHECK_FALSE(next_epoch({}, early, epoch{5}, "a:/data", 0U));
    const auto back = next_epoch(before, early, epoch{6}, "a:/data", jump);
    REQUIRE_FALSE(back);
    CHECK_THAT(back.error(), Contains("more than 1048577"));
    CHECK(place_of(before, early, epoch{6}, "a:/data", jump + 2) == epoch{7 + jump});
    CHECK(place_of(before, late, epoch{6}, "b:/data", jump) == epoch{6 + jump});
    CHECK_FALSE(next_epoch({}, early, epoch{5}, "a:/data", 0x7fffffffU));
}

TEST_CASE("restore: the record is there for the next one", "[restore]") {
    const test::temporary_directory scratch;
    const std::filesystem::path at{scratch / "backup"};
    std::filesystem::create_directories(at);
    {
        auto record = restore_record::open(at);
        REQUIRE(record);
        REQUIRE(record->add(early, zxid{epoch{9}, 0}, "a:/data"));
        REQUIRE(record->add(early, zxid{epoch{9}, 0}, "b:/data"));
        REQUIRE(record->add(late, zxid{epoch{10}, 0}, "a:/data"));
        record->take_back();
    }
    const auto record = restore_record::open(at);
    REQUIRE(record);
    REQUIRE(record->all().size() == 1);
    CHECK(record->all().front().goes_on_behind == zxid{epoch{9}, 0});
    CHECK(record->all().front().into == std::vector<std::string>{"a:/data", "b:/data"});
}

TEST_CASE("restore: a record that is not understood is no empty one", "[restore][hostile]") {
    const test::temporary_directory scratch;
    const std::filesystem::path at{scratch / "backup"};
    std::filesystem::create_directories(at);
    for (const char* const text :
         {"",
          "{",
          "{}",
          R"({"format": 2, "restores": []})",
          R"({"format": 1, "restores": [{"restored": "5", "goes_on_behind": "0x6", "into": []}]})"}) {
        std::ofstream{at / "restores.json"} << text;
        INFO(text);
        CHECK_FALSE(restore_record::open(at));
    }
}
