#include <catch2/catch.hpp>

#include "conclave/jute.hpp"
#include "conclave/protocol.hpp"

using namespace conclave;
using namespace std::literals;

namespace {

bytes from_hex(std::string_view text) {
    bytes out;
    int digits = 0;
    unsigned value = 0;
    for (const char each : text) {
        if (each == ' ') {
            continue;
        }
        value = value * 16 + static_cast<unsigned>(each <= '9' ? each - '0' : each - 'a' + 10);
        if (++digits % 2 == 0) {
            out.push_back(static_cast<char>(value));
            value = 0;
        }
    }
    return out;
}

template <class... Fields>
bytes written(const Fields&... fields) {
    bytes out;
    jute::writer{out}(fields...);
    return out;
}

} // namespace

TEST_CASE("jute: numbers are big-endian two's complement", "[jute]") {
    CHECK(written(std::int32_t{-5}) == from_hex("fffffffb"));
    CHECK(written(std::int64_t{0x0102030405060708}) == from_hex("0102030405060708"));
    CHECK(written(true, false) == from_hex("0100"));

    const bytes encoded = written(std::int32_t{-5}, std::int64_t{1} << 40, true);
    jute::reader in{encoded};
    std::int32_t number = 0;
    std::int64_t large = 0;
    bool flag = false;
    in(number, large, flag);
    CHECK(in.ok());
    CHECK(number == -5);
    CHECK(large == std::int64_t{1} << 40);
    CHECK(flag);
}

TEST_CASE("jute: any octet but zero is true", "[jute]") {
    const bytes octet = from_hex("07");
    bool flag = false;
    jute::reader{octet}(flag);
    CHECK(flag);
}

TEST_CASE("jute: null and empty buffers are different", "[jute]") {
    using text = std::optional<bytes_view>;
    const bytes encoded = written(text{}, text{""});
    CHECK(encoded == from_hex("ffffffff 00000000"));
    jute::reader in{encoded};
    text null = "x";
    text empty;
    in(null, empty);
    CHECK(in.ok());
    CHECK_FALSE(null.has_value());
    CHECK(empty == ""sv);
}

TEST_CASE("jute: a length that is negative or runs past the frame fails", "[jute]") {
    const auto* const encoded = GENERATE("fffffffe", "00000005 61", "7fffffff 61", "0000");
    const bytes frame = from_hex(encoded);
    jute::reader in{frame};
    std::optional<bytes_view> text;
    in(text);
    CHECK_FALSE(in.ok());
}

TEST_CASE("jute: a null string fails where one must be", "[jute]") {
    const bytes frame = from_hex("ffffffff");
    jute::reader in{frame};
    bytes_view text;
    in(text);
    CHECK_FALSE(in.ok());
}

TEST_CASE("jute: after the first failure every field reads as zero", "[jute]") {
    const bytes frame = from_hex("0000000a 00000001");
    jute::reader in{frame};
    bytes_view text;
    std::int32_t number = 7;
    in(text, number);
    CHECK_FALSE(in.ok());
    CHECK(number == 0);
}

TEST_CASE("jute: any vector count below one means no elements", "[jute]") {
    const auto* const encoded = GENERATE("ffffffff", "fffffffb", "00000000");
    const bytes frame = from_hex(encoded);
    jute::reader in{frame};
    std::vector<bytes_view> elements{"left over"};
    in(elements);
    CHECK(in.ok());
    CHECK(elements.empty());
}

TEST_CASE(
    "jute: a vector count larger than the frame fails without taking memory for it", "[jute]"
) {
    const bytes frame = from_hex("7fffffff 00000001 61");
    jute::reader in{frame};
    std::vector<bytes_view> elements;
    in(elements);
    CHECK_FALSE(in.ok());
    CHECK(elements.capacity() < 16);
}

TEST_CASE("protocol: connect requests of new and old clients", "[protocol]") {
    const bytes old_client = from_hex("00000000 0000000000000000 00000fa0 0000000000000000 "
                                      "00000010 00000000000000000000000000000000");
    const auto old_request = decode_connect_request(old_client);
    REQUIRE(old_request);
    CHECK(old_request->timeout_ms == 4000);
    CHECK_FALSE(old_request->read_only);

    const auto new_request = decode_connect_request(old_client + bytes(1, '\1'));
    REQUIRE(new_request);
    CHECK(new_request->read_only == true);

    CHECK(decode_connect_request(old_client + bytes(9, '\0')).has_value());
    CHECK_FALSE(decode_connect_request(bytes_view{old_client}.substr(0, 20)).has_value());
}

TEST_CASE(
    "protocol: connect responses have 37 octets for new clients and 36 for old ones", "[protocol]"
) {
    const bytes password = from_hex("e95a8d51233f2020a650d2dab5887aea");
    const session_id session{0x01000025223f0021};
    bytes out;
    append_connect_response(out, {10000, session, password, false});
    CHECK(
        out == from_hex("00000025 00000000 00002710 01000025223f0021 00000010 "
                        "e95a8d51233f2020a650d2dab5887aea 00")
    );
    out.clear();
    append_connect_response(out, {10000, session, password, std::nullopt});
    CHECK(out.substr(0, 4) == from_hex("00000024"));
    CHECK(out.size() == 40);
}

TEST_CASE("protocol: a create request of the protocol page decodes", "[protocol]") {
    const bytes body = from_hex("00000002 2f61 00000001 64 00000001 0000001f 00000005 776f726c64 "
                                "00000006 616e796f6e65 00000000");
    jute::reader in{body};
    create_request request;
    in(request);
    REQUIRE(in.ok());
    CHECK(request.path == "/a");
    CHECK(request.data == "d"sv);
    REQUIRE(request.acl.size() == 1);
    CHECK(request.acl[0].permissions == permission::all);
    CHECK(request.acl[0].scheme == "world"sv);
    CHECK(request.acl[0].id == "anyone"sv);
    CHECK(request.flags == 0);
}

TEST_CASE("protocol: a watch event of the protocol page", "[protocol]") {
    bytes out;
    append_watch_event(out, zxid{-1}, event_type::data_changed, "/w");
    CHECK(
        out ==
        from_hex("0000001e ffffffff ffffffffffffffff 00000000 00000003 00000003 00000002 2f77")
    );
}

TEST_CASE("protocol: an error reply is a header alone", "[protocol]") {
    bytes out;
    append_reply(out, {xid{1}, zxid{0x5c}, errc::node_exists});
    CHECK(out == from_hex("00000010 00000001 000000000000005c ffffff92"));
}

TEST_CASE("protocol: stat has 68 octets and survives a round trip", "[protocol]") {
    const stat before{zxid{1}, zxid{2}, 3, 4, 5, 6, 7, session_id{8}, 9, 10, zxid{11}};
    const bytes encoded = written(before);
    CHECK(encoded.size() == 68);
    stat after;
    jute::reader{encoded}(after);
    CHECK(after == before);
}

TEST_CASE("protocol: setWatches refuses null vectors", "[protocol]") {
    const bytes empty = from_hex("0000000000000001 00000000 00000000 00000000");
    CHECK(decode_set_watches(empty, opcode::set_watches).has_value());
    CHECK_FALSE(decode_set_watches(empty, opcode::set_watches2).has_value());
    const bytes null = from_hex("0000000000000001 00000000 ffffffff 00000000");
    CHECK_FALSE(decode_set_watches(null, opcode::set_watches).has_value());
}
