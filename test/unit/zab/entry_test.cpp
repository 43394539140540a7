#include "test/unit/zab/history_maker.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

TEST_CASE("entry: a round trip keeps everything and garbage is refused", "[zab][entry]") {
    const entry before = *history_maker{}.epoch_of(1, 1)[1];
    const bytes payload = to_log_record(before).payload;
    CHECK(decode_entry(payload) == before);
    CHECK_FALSE(decode_entry("").has_value());
    CHECK_FALSE(decode_entry(payload + "x").has_value());
    CHECK_FALSE(decode_entry(payload.substr(0, 30)).has_value());
}

TEST_CASE("entry: on its way to the log it is encoded in place", "[zab][entry]") {
    const shared_entry before = history_maker{}.epoch_of(1, 1)[1];
    const log_record record = to_log_record(before);
    CHECK(record.what == before);
    CHECK(record.at == before->at);
    bytes scratch = "of the entry before";
    CHECK(payload_of(record, scratch) == to_log_record(*before).payload);
    CHECK(payload_of(to_log_record(*before), scratch) == to_log_record(*before).payload);
}

TEST_CASE("entry: the chain covers every field", "[zab][entry]") {
    const entry base = *history_maker{}.epoch_of(1, 1)[1];
    const chain_hash before{};
    const auto differs = [&](auto change) {
        entry other = base;
        change(other);
        return chain_after(before, other) != chain_after(before, base);
    };
    CHECK(differs([](entry& e) { e.at = e.at.next(); }));
    CHECK(differs([](entry& e) { e.kind = entry_kind::epoch_start; }));
    CHECK(differs([](entry& e) { e.from.sequence++; }));
    CHECK(differs([](entry& e) { e.time_ms++; }));
    CHECK(differs([](entry& e) { e.body += "x"; }));
    CHECK(chain_after({1, 2}, base) != chain_after(before, base));
}

TEST_CASE("entry: records for the log carry their place and decode again", "[zab][entry]") {
    const promise promised{epoch{7}, server_id{2}, 5};
    CHECK(to_log_record(promised).at == at(7, 0));
    CHECK(decode_promise(to_log_record(promised).payload) == promised);
    CHECK_FALSE(decode_promise("short").has_value());

    const position keep{at(3, 9), {1, 2}};
    CHECK(truncate_record(keep).type == record_type::truncate);
    CHECK(truncate_record(keep).at == keep.at);
    CHECK(decode_position(truncate_record(keep).payload) == keep);
    CHECK_FALSE(decode_position("").has_value());

    base_state base;
    base.at = keep;
    base.epochs = {{at(2, 4), {3, 4}}, keep};
    base.members = {voters(3), voters(5), true};
    CHECK(to_log_record(base).type == record_type::base);
    CHECK(to_log_record(base).at == keep.at);
    CHECK(decode_base(to_log_record(base).payload) == base);
    CHECK_FALSE(decode_base(to_log_record(base).payload + "x").has_value());

    const epoch_start start{true, voters(3), "for the application"};
    CHECK(decode_epoch_start(encode(start)) == start);
    CHECK_FALSE(decode_epoch_start("for the application").has_value());
}
