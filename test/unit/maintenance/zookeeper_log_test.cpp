#include "test/unit/maintenance/zookeeper_bytes.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::maintenance;
using Catch::Matchers::Contains;

namespace {

struct read_log {
    std::vector<std::int64_t> zxids;
    std::vector<std::optional<std::int64_t>> digests;
    result<zookeeper_log_end, std::string> end;
};

read_log read(const bytes& octets) {
    text_source from{octets};
    read_log found{{}, {}, zookeeper_log_end{}};
    found.end = read_zookeeper_log(
        from,
        [&](const zookeeper_transaction& next, std::optional<zookeeper_digest> digest) {
            found.zxids.push_back(next.at.value);
            found.digests.push_back(digest ? std::optional{digest->value} : std::nullopt);
            return true;
        }
    );
    return found;
}

log_writer two_transactions() {
    log_writer made;
    made.add(1, opcode::create_session, jute_of(std::int32_t{4000}))
        .add(2, opcode::create, create_body("/a", "x", false, 1));
    return made;
}

} // namespace

TEST_CASE("zookeeper log: transactions come in order up to the zeros behind them", "[log]") {
    const read_log found = read(two_transactions().zeros(1000).octets());
    CHECK(found.zxids == std::vector<std::int64_t>{1, 2});
    REQUIRE(found.end);
    CHECK_FALSE(found.end->is_torn);
    CHECK(read(two_transactions().octets()).zxids.size() == 2);
    CHECK(read({}).end);
}

TEST_CASE("zookeeper log: a digest behind a transaction is told", "[log]") {
    const bytes digest = jute_of(std::int32_t{2}, std::int64_t{99});
    log_writer made;
    made.add(1, opcode::create, create_body("/a", "x", false, 1) + digest)
        .add(2, opcode::close_session, jute_of(std::vector<bytes>{"/e"}) + digest)
        .add(3, opcode::remove, jute_of(bytes_view{"/a"}));
    CHECK(read(made.octets()).digests == std::vector<std::optional<std::int64_t>>{99, 99, {}});
}

TEST_CASE("zookeeper log: cut off anywhere it gives whole transactions only", "[log][hostile]") {
    const bytes whole = two_transactions().octets();
    const std::size_t first_end =
        log_writer{}.add(1, opcode::create_session, jute_of(std::int32_t{4000})).octets().size();
    for (std::size_t size = 1; size < whole.size(); ++size) {
        INFO(size);
        const read_log found = read(whole.substr(0, size));
        REQUIRE(found.end);
        CHECK(found.zxids.size() == (size >= first_end ? 1 : 0));
        const bool is_between = size == first_end || size == 16;
        CHECK(found.end->is_torn == !is_between);
    }
}

TEST_CASE("zookeeper log: a transaction without its mark was not written to its end", "[log]") {
    bytes octets = two_transactions().octets();
    octets.back() = '\0';
    const read_log found = read(octets + bytes(100, '\0'));
    CHECK(found.zxids.size() == 1);
    REQUIRE(found.end);
    CHECK(found.end->is_torn);
}

TEST_CASE("zookeeper log: damage in a whole transaction is an error", "[log][hostile]") {
    bytes octets = two_transactions().octets();
    octets[octets.size() - 3] = static_cast<char>(octets[octets.size() - 3] ^ 1);
    const read_log found = read(octets);
    REQUIRE_FALSE(found.end);
    CHECK_THAT(found.end.error(), Contains("fails its checksum"));
    CHECK_FALSE(read("ZKXX something else").end);
}
