#include "server/maintenance/history_archive.hpp"
#include "test/unit/maintenance/zookeeper_bytes.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::maintenance;

namespace {

zab::entry entry_at(std::uint32_t counter) {
    zab::entry made;
    made.at = zxid{epoch{1}, counter};
    made.previous = zxid{epoch{1}, counter - 1};
    made.kind = zab::entry_kind::application;
    made.body = "body " + std::to_string(counter);
    return made;
}

bytes archive_of(std::uint32_t count) {
    bytes out;
    history_archive_writer writer{out, zxid{epoch{1}, 0}};
    for (std::uint32_t counter = 1; counter <= count; ++counter) {
        writer.add(out, zab::to_log_record(entry_at(counter)).payload);
    }
    writer.end(out, zxid{epoch{1}, count});
    return out;
}

struct read_archive {
    result<history_archive_totals, std::string> totals;
    std::vector<zab::entry> entries;
};

read_archive read(const bytes& octets) {
    text_source from{octets};
    read_archive found{history_archive_totals{}, {}};
    found.totals = read_history_archive(from, [&](const zab::entry& next) {
        found.entries.push_back(next);
        return true;
    });
    return found;
}

} // namespace

TEST_CASE("history archive: entries come back as they were", "[archive]") {
    const read_archive found = read(archive_of(3));
    REQUIRE(found.totals);
    CHECK(found.totals->behind == zxid{epoch{1}, 0});
    CHECK(found.totals->last == zxid{epoch{1}, 3});
    CHECK(found.totals->entry_count == 3);
    CHECK(found.entries == std::vector{entry_at(1), entry_at(2), entry_at(3)});
    CHECK(read(archive_of(0)).totals);
}

TEST_CASE(
    "history archive: cut off anywhere or with a flipped bit it is refused", "[archive][hostile]"
) {
    const bytes whole = archive_of(2);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        INFO(at);
        CHECK_FALSE(read(whole.substr(0, at)).totals);
        bytes flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
        CHECK_FALSE(read(flipped).totals);
    }
    CHECK_FALSE(read(whole + "x").totals);
}
