#include "server/log/record_batch.hpp"

#include <conclave/checksum.hpp>

#include <catch2/catch.hpp>

#include <vector>

using namespace conclave;
using namespace conclave::txnlog;

namespace {

std::vector<bytes> payloads(bytes_view sealed) {
    const batch_header header = decode_batch_header(sealed).value();
    std::vector<bytes> read;
    for_each_record(sealed.substr(batch_header_size, header.body_size), [&](const record& item) {
        read.emplace_back(item.payload);
    });
    return read;
}

} // namespace

TEST_CASE("record batch: a sealed batch is a header with its records and zeros", "[log][batch]") {
    record_batch batch;
    batch.add(record_type::entry, zxid{7}, "seven");
    batch.add(record_type::entry, zxid{5}, "five");
    batch_header given;
    given.sequence = 3;
    given.floor_sequence = 2;
    given.floor_zxid = zxid{4};
    const bytes_view sealed = batch.seal(given, 512);

    REQUIRE(sealed.size() == 512);
    const batch_header header = decode_batch_header(sealed).value();
    const bytes_view body = sealed.substr(batch_header_size, header.body_size);
    CHECK(header.sequence == 3);
    CHECK(header.floor_sequence == 2);
    CHECK(header.record_count == 2);
    CHECK(header.lowest == zxid{5});
    CHECK(header.highest == zxid{7});
    CHECK(header.body_checksum == crc32c(body));
    CHECK(payloads(sealed) == std::vector<bytes>{"seven", "five"});
    CHECK(
        sealed.substr(batch_header_size + header.body_size).find_first_not_of('\0') ==
        bytes_view::npos
    );
}

TEST_CASE("record batch: an empty batch tells the floor as its zxids", "[log][batch]") {
    record_batch batch;
    batch_header given;
    given.floor_zxid = zxid{9};
    const batch_header header = decode_batch_header(batch.seal(given, 4096)).value();
    CHECK(header.record_count == 0);
    CHECK(header.lowest == zxid{9});
    CHECK(header.highest == zxid{9});
}

TEST_CASE("record batch: records may be added after sealing", "[log][batch]") {
    record_batch batch;
    batch.add(record_type::entry, zxid{1}, "one");
    static_cast<void>(batch.seal({}, 512));
    batch.add(record_type::entry, zxid{2}, "two");
    CHECK(payloads(batch.seal({}, 512)) == std::vector<bytes>{"one", "two"});
}

TEST_CASE("record batch: batches are joined in order even if one was sealed", "[log][batch]") {
    record_batch first;
    first.add(record_type::entry, zxid{2}, "two");
    record_batch second;
    second.add(record_type::entry, zxid{1}, "one");
    second.add(record_type::entry, zxid{3}, "three");
    static_cast<void>(second.seal({}, 512));
    static_cast<void>(first.seal({}, 512));
    first.add(second);
    CHECK(first.record_count() == 3);
    CHECK(first.lowest() == zxid{1});
    CHECK(first.highest() == zxid{3});
    CHECK(payloads(first.seal({}, 512)) == std::vector<bytes>{"two", "one", "three"});
}

TEST_CASE("record batch: joining takes the newest head payload there is", "[log][batch]") {
    record_batch joined;
    record_batch with_payload;
    with_payload.add(record_type::promise, zxid{1}, "p");
    with_payload.set_head_payload("promise 5");
    record_batch without;
    without.add(record_type::entry, zxid{2}, "e");
    joined.add(with_payload);
    joined.add(without);
    CHECK(joined.head_payload() == "promise 5");
}

TEST_CASE("record batch: clearing forgets everything", "[log][batch]") {
    record_batch batch;
    batch.add(record_type::entry, zxid{1}, bytes(5000, 'x'));
    batch.set_head_payload("payload");
    static_cast<void>(batch.seal({}, 512));
    batch.clear();
    CHECK(batch.empty());
    CHECK(batch.body_size() == 0);
    CHECK_FALSE(batch.head_payload().has_value());
    batch.add(record_type::entry, zxid{2}, "two");
    CHECK(batch.lowest() == zxid{2});
    CHECK(payloads(batch.seal({}, 512)) == std::vector<bytes>{"two"});
}
