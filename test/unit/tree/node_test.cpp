#include "server/tree/node.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

namespace {

node_head sample_head() {
    node_head head;
    head.czxid = zxid{0x100000001};
    head.mzxid = zxid{0x100000002};
    head.pzxid = zxid{0x100000003};
    head.ctime_ms = 1'700'000'000'000;
    head.mtime_ms = 1'700'000'000'001;
    head.owner = 0x1234;
    head.version = 5;
    head.child_counter = 7;
    head.aversion = -1;
    head.num_children = 3;
    return head;
}

} // namespace

TEST_CASE("node: a record gives back what was encoded", "[tree][node]") {
    const node_head head = sample_head();
    const auto data = GENERATE(
        std::optional<bytes_view>{},
        std::optional<bytes_view>{""},
        std::optional<bytes_view>{"some data"}
    );
    const bytes_view acl = GENERATE(bytes_view{""}, bytes_view{"an acl"});
    const bytes long_name = GENERATE(bytes{}, bytes(2000, 'n'));
    const bytes record = encode_node(head, acl, data, long_name);

    const auto node = decode_node(record);
    REQUIRE(node);
    CHECK(node->head == head);
    CHECK(node->acl == acl);
    CHECK(node->data == data);
    CHECK(node->long_name == long_name);
}

TEST_CASE("node: a damaged record is refused", "[tree][node]") {
    const bytes record = encode_node(sample_head(), "acl", "data");
    for (std::size_t position = 0; position < record.size(); ++position) {
        bytes damaged = record;
        damaged[position] = static_cast<char>(damaged[position] ^ 0x10);
        INFO("octet " << position);
        CHECK_FALSE(decode_node(damaged));
    }
    for (std::size_t size = 0; size < record.size(); ++size) {
        INFO("cut to " << size);
        CHECK_FALSE(decode_node(bytes_view{record}.substr(0, size)));
    }
    CHECK_FALSE(decode_node(record + "x"));
}

TEST_CASE("node: a record without verification is still bounded", "[tree][node]") {
    bytes record = encode_node(sample_head(), "acl", "data");
    constexpr std::size_t acl_length_position = 66;
    record[acl_length_position] = '\x7f';
    CHECK_FALSE(decode_node(record, false));
}

TEST_CASE("node: the owner says what kind of node it is", "[tree][node]") {
    node_head head;
    CHECK(head.kind() == node_kind::persistent);
    head.owner = 0x0100001407de0000;
    CHECK(head.kind() == node_kind::ephemeral);
    head.owner = container_owner;
    CHECK(head.kind() == node_kind::container);
    CHECK(static_cast<std::uint64_t>(head.owner) == 0x8000000000000000);
    head.owner = ttl_owner(60'000);
    CHECK(head.kind() == node_kind::ttl);
    CHECK(head.ttl_ms() == 60'000);
    CHECK(static_cast<std::uint64_t>(head.owner) == 0xff0000000000ea60);
    head.owner = ttl_owner(ttl_max_ms);
    CHECK(head.ttl_ms() == 1'099'511'627'775);
    head.owner = static_cast<std::int64_t>(0xfe00000000000001); // a session of server 254
    CHECK(head.kind() == node_kind::ephemeral);
}

TEST_CASE("node: only ephemerals show their owner", "[tree][node]") {
    node_view node;
    for (const std::int64_t hidden : {std::int64_t{0}, container_owner, ttl_owner(1)}) {
        node.head.owner = hidden;
        CHECK(node.to_stat().ephemeral_owner == session_id{0});
    }
    node.head.owner = 77;
    CHECK(node.to_stat().ephemeral_owner == session_id{77});
}

TEST_CASE("node: cversion counts creates and deletes", "[tree][node]") {
    node_view node;
    node.head.child_counter = 5;
    node.head.num_children = 3;
    CHECK(node.to_stat().cversion == 7); // five creates and two deletes
    node.head.child_counter = 0;
    node.head.num_children = 2;
    CHECK(node.to_stat().cversion == -2); // as /zookeeper starts
    node.head.child_counter = std::numeric_limits<std::int32_t>::max();
    node.head.num_children = 0;
    CHECK(node.to_stat().cversion == -2); // modulo 2^32
}

TEST_CASE("node: a stat shows the sizes of data and the times", "[tree][node]") {
    const bytes record = encode_node(sample_head(), {}, "12345");
    const stat shown = decode_node(record)->to_stat();
    CHECK(shown.data_length == 5);
    CHECK(shown.czxid == zxid{0x100000001});
    CHECK(shown.mzxid == zxid{0x100000002});
    CHECK(shown.pzxid == zxid{0x100000003});
    CHECK(shown.ctime_ms == 1'700'000'000'000);
    CHECK(shown.mtime_ms == 1'700'000'000'001);
    CHECK(shown.version == 5);
    CHECK(shown.aversion == -1);
    CHECK(shown.num_children == 3);
    CHECK(node_view{}.to_stat().data_length == 0); // null data
}
