#include "test/unit/maintenance/zookeeper_bytes.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::maintenance;
using Catch::Matchers::Contains;

namespace {

std::string refusal_of(const bytes& octets) {
    text_source from{octets};
    zookeeper_state into;
    const auto read = read_zookeeper_snapshot(from, into);
    return read ? std::string{} : read.error();
}

} // namespace

TEST_CASE("zookeeper snapshot: nodes and sessions are as they were written", "[snapshot]") {
    text_source from{small_snapshot().octets()};
    zookeeper_state into;
    const auto read = read_zookeeper_snapshot(from, into);
    REQUIRE(read);
    CHECK_FALSE(read->has_value());
    CHECK(into.sessions() == std::map<std::int64_t, std::int32_t>{{0x77, 4000}});
    REQUIRE(into.nodes().size() == 3);
    const zookeeper_node& node = into.nodes().at("/a");
    CHECK(node.data == "one");
    CHECK(*node.acl == jute_of(std::vector<acl_record>{{permission::read, "digest", "bob:x"}}));
    CHECK(node.czxid == zxid{3});
    CHECK(node.mzxid == zxid{4});
    CHECK(node.pzxid == zxid{6});
    CHECK(node.version == 1);
    CHECK(node.cversion == 5);
    CHECK(into.nodes().at("/e").owner == 0x77);
    CHECK_FALSE(into.nodes().at("/e").data.has_value());
    CHECK(into.nodes().at("/").acl->empty());
}

TEST_CASE("zookeeper snapshot: the digest behind the seal is told", "[snapshot]") {
    snapshot_writer made = small_snapshot();
    made.digest(9, 2, 77).seal();
    text_source from{made.octets()};
    zookeeper_state into;
    const auto read = read_zookeeper_snapshot(from, into);
    REQUIRE(read);
    REQUIRE(read->has_value());
    CHECK((*read)->at == zxid{9});
    CHECK((*read)->sum.value == 77);
}

TEST_CASE("zookeeper snapshot: cut off anywhere it is refused", "[snapshot][hostile]") {
    const bytes whole = small_snapshot().octets();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        INFO(size);
        CHECK_FALSE(refusal_of(whole.substr(0, size)).empty());
    }
}

TEST_CASE("zookeeper snapshot: a flipped bit anywhere is noticed", "[snapshot][hostile]") {
    const bytes whole = small_snapshot().octets();
    for (std::size_t at = 8; at < whole.size(); ++at) {
        bytes flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
        INFO(at);
        CHECK_FALSE(refusal_of(flipped).empty());
    }
}

TEST_CASE("zookeeper snapshot: what cannot be is named with its offset", "[snapshot][hostile]") {
    CHECK_THAT(refusal_of("not a snapshot at all"), Contains("no snapshot of ZooKeeper"));
    snapshot_writer orphan;
    orphan.sessions({}).acls({}).node("", "").node("/a/b", "").end_of_nodes().seal();
    CHECK_THAT(refusal_of(orphan.octets()), Contains("the parent of /a/b is missing (at offset"));
    snapshot_writer strange;
    strange.sessions({}).acls({}).node("", "").node("/a//b", "").end_of_nodes().seal();
    CHECK_THAT(refusal_of(strange.octets()), Contains("impossible path"));
    snapshot_writer unknown;
    unknown.sessions({}).acls({}).node("", "", {}, 4).end_of_nodes().seal();
    CHECK_THAT(refusal_of(unknown.octets()), Contains("ACL that is not there"));
}

TEST_CASE(
    "zookeeper snapshot: a length that is only claimed takes no memory", "[snapshot][hostile]"
) {
    bytes octets = jute_of(std::int32_t{0x5a4b534e}, std::int32_t{2}, std::int64_t{-1});
    octets += jute_of(std::int32_t{0}, std::int32_t{0}, std::int32_t{0x7fffffff});
    CHECK_THAT(refusal_of(octets), Contains("the file ends here"));
}
