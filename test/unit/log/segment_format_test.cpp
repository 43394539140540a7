#include "server/log/segment_format.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <conclave/checksum.hpp>

#include <catch2/catch.hpp>

#include <random>

using namespace conclave;
using namespace conclave::txnlog;

namespace {

segment_head example_head() {
    segment_head head;
    head.cluster = test::make_id(1);
    head.storage = test::make_id(2);
    head.segment = test::make_id(3);
    head.first_sequence = 0x1122334455667788;
    head.previous_first_sequence = 7;
    head.base = zxid{0x500000003};
    head.segment_size = 1 << 20;
    head.block_size = 512;
    head.payload = "promise of epoch 5";
    return head;
}

batch_header example_batch() {
    batch_header header;
    header.segment_mark = 0x0123456789abcdef;
    header.sequence = 12;
    header.body_size = 340;
    header.record_count = 3;
    header.lowest = zxid{0x100000001};
    header.highest = zxid{0x100000003};
    header.floor_sequence = 11;
    header.floor_zxid = zxid{0x100000000};
    header.body_checksum = 0xdeadbeef;
    return header;
}

} // namespace

TEST_CASE("segment format: the name of a segment tells its first sequence", "[log][format]") {
    CHECK(segment_name(1) == "log.0000000000000001");
    CHECK(segment_name(0xfedcba9876543210) == "log.fedcba9876543210");
    CHECK(parse_segment_name("log.fedcba9876543210") == 0xfedcba9876543210);
}

TEST_CASE("segment format: other names are not segments", "[log][format]") {
    const std::string name = GENERATE(
        as<std::string>{},
        "",
        "log.",
        "log.next",
        "log.1",
        "log.000000000000001",
        "log.00000000000000001",
        "log.FEDCBA9876543210",
        "log.000000000000000g",
        "log.+00000000000000f",
        "Log.0000000000000001",
        "snapshot.0000000000000001"
    );
    CHECK_FALSE(parse_segment_name(name).has_value());
}

TEST_CASE("segment format: a head is read as it was written", "[log][format]") {
    segment_head head = example_head();
    head.payload = bytes(GENERATE(0U, 1U, 18U, 3471U, 3472U), 'p');
    const bytes copy = encode(head);
    REQUIRE(copy.size() == segment_head_size);
    segment_head read;
    REQUIRE(decode_segment_head(copy, read) == head_state::valid);
    CHECK(read == head);
}

TEST_CASE("segment format: any changed bit makes a head damaged", "[log][format]") {
    const bytes intact = encode(example_head());
    const std::size_t used = 104 + example_head().payload.size() + 4;
    for (std::size_t bit = 0; bit < used * 8; ++bit) {
        bytes copy = intact;
        copy[bit / 8] = static_cast<char>(copy[bit / 8] ^ (1 << (bit % 8)));
        segment_head read;
        INFO("bit " << bit);
        REQUIRE(decode_segment_head(copy, read) == head_state::damaged);
    }
}

TEST_CASE("segment format: a head leaves room for the seal behind its copy", "[log][format]") {
    segment_head head = example_head();
    head.payload = bytes(head_payload_size_max, 'p');
    const bytes copy = encode(head);
    CHECK(copy.substr(segment_head_size - segment_seal_size) == bytes(segment_seal_size, '\0'));
    CHECK(segment_seal_offset + segment_seal_size == batches_offset);
}

TEST_CASE("segment format: a seal is read as it was written", "[log][format]") {
    const segment_seal seal{0x0102030405060708, 0xffffffffffffffff};
    const bytes octets = encode(seal);
    REQUIRE(octets.size() == segment_seal_size);
    CHECK(decode_segment_seal(octets, seal.segment_mark) == seal);
    CHECK_FALSE(decode_segment_seal(octets, seal.segment_mark + 1).has_value());
    CHECK_FALSE(decode_segment_seal(octets.substr(1), seal.segment_mark).has_value());
    CHECK_FALSE(decode_segment_seal(bytes(segment_seal_size, '\0'), 0).has_value());
}

TEST_CASE("segment format: any changed bit makes a seal none", "[log][format]") {
    const segment_seal seal{7, 17};
    const bytes intact = encode(seal);
    for (std::size_t bit = 0; bit < std::size_t{28} * 8; ++bit) {
        bytes octets = intact;
        octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ (1 << (bit % 8)));
        INFO("bit " << bit);
        REQUIRE_FALSE(decode_segment_seal(octets, seal.segment_mark).has_value());
    }
}

TEST_CASE("segment format: a short head is damaged", "[log][format]") {
    const bytes copy = encode(example_head());
    segment_head read;
    for (const std::size_t size : {0U, 1U, 15U, 16U, 103U, 104U, 4095U}) {
        CHECK(decode_segment_head(bytes_view{copy}.substr(0, size), read) == head_state::damaged);
    }
}

TEST_CASE(
    "segment format: a head that makes no sense is damaged in spite of its checksum",
    "[log][format]"
) {
    segment_head read;
    segment_head head = example_head();
    head.first_sequence = 0;
    CHECK(decode_segment_head(encode(head), read) == head_state::damaged);
    head = example_head();
    head.segment_size = batches_offset;
    CHECK(decode_segment_head(encode(head), read) == head_state::damaged);
}

TEST_CASE(
    "segment format: an intact head of a later version is told from damage", "[log][format]"
) {
    bytes copy(segment_head_size, '\x5a'); // a later version may lay out the rest as it likes
    const bytes preamble = bytes{"CONCLLOG"} + bytes{"\x02\0\0\0", 4};
    const std::uint32_t checksum = crc32c(preamble);
    copy.replace(0, 12, preamble);
    for (std::size_t index = 0; index < 4; ++index) {
        copy[12 + index] = static_cast<char>((checksum >> (8 * index)) & 0xff);
    }
    segment_head read;
    CHECK(decode_segment_head(copy, read) == head_state::newer_format);
    copy[8] = 3;
    CHECK(decode_segment_head(copy, read) == head_state::damaged);
}

TEST_CASE("segment format: a batch header is read as it was written", "[log][format]") {
    bytes octets(batch_header_size, '\0');
    encode(example_batch(), octets.data());
    CHECK(decode_batch_header(octets) == example_batch());
}

TEST_CASE("segment format: any changed bit makes a batch header unreadable", "[log][format]") {
    bytes intact(batch_header_size, '\0');
    encode(example_batch(), intact.data());
    for (std::size_t bit = 0; bit < batch_header_size * 8; ++bit) {
        bytes octets = intact;
        octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ (1 << (bit % 8)));
        INFO("bit " << bit);
        REQUIRE_FALSE(decode_batch_header(octets).has_value());
    }
    CHECK_FALSE(decode_batch_header(bytes_view{intact}.substr(0, batch_header_size - 1)));
}

TEST_CASE("segment format: batches are padded to whole blocks", "[log][format]") {
    CHECK(padded_batch_size(0, 512) == 512);
    CHECK(padded_batch_size(512 - 72, 512) == 512);
    CHECK(padded_batch_size(512 - 71, 512) == 1024);
    CHECK(padded_batch_size(0, 4096) == 4096);
    CHECK(padded_batch_size(4096 - 71, 4096) == 8192);
    CHECK(padded_batch_size(0xffffffff, 512) == 0x100000200);
}

TEST_CASE(
    "segment format: records are read in the order in which they were appended", "[log][format]"
) {
    bytes body;
    append_record(body, record{record_type::promise, zxid{-1}, "candidate"});
    append_record(body, record{record_type::entry, zxid{2}, ""});
    append_record(body, record{record_type::entry, zxid{3}, bytes_view{"\0\xff", 2}});
    REQUIRE(is_well_formed(body, 3));
    std::vector<record> read;
    for_each_record(body, [&](const record& item) { read.push_back(item); });
    REQUIRE(read.size() == 3);
    CHECK(read[0] == record{record_type::promise, zxid{-1}, "candidate"});
    CHECK(read[1] == record{record_type::entry, zxid{2}, ""});
    CHECK(read[2] == record{record_type::entry, zxid{3}, bytes_view{"\0\xff", 2}});
}

TEST_CASE(
    "segment format: a body that is not exactly its records is not well formed", "[log][format]"
) {
    bytes body;
    append_record(body, record{record_type::entry, zxid{1}, "one"});
    append_record(body, record{record_type::entry, zxid{2}, "two"});
    CHECK_FALSE(is_well_formed(body, 0));
    CHECK_FALSE(is_well_formed(body, 1));
    CHECK_FALSE(is_well_formed(body, 3));
    CHECK_FALSE(is_well_formed(body, 0xffffffff));
    for (std::size_t size = 0; size < body.size(); ++size) {
        INFO("size " << size);
        REQUIRE_FALSE(is_well_formed(bytes_view{body}.substr(0, size), 2));
    }
    bytes huge = body;
    huge.replace(0, 4, "\xff\xff\xff\xff");
    CHECK_FALSE(is_well_formed(huge, 2));
}

TEST_CASE("segment format: random octets are damage and nothing worse", "[log][format]") {
    std::mt19937_64 engine{1};
    for (int round = 0; round < 200; ++round) {
        bytes octets(segment_head_size, '\0');
        for (char& octet : octets) {
            octet = static_cast<char>(engine() & 0xff);
        }
        segment_head head;
        REQUIRE(decode_segment_head(octets, head) == head_state::damaged);
        REQUIRE_FALSE(decode_batch_header(octets).has_value());
        REQUIRE_FALSE(is_well_formed(octets, static_cast<std::uint32_t>(engine() & 0xffff)));
    }
}
