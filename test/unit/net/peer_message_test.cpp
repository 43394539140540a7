#include "server/net/peer_message.hpp"
#include "test/unit/net/peer_fixture.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;

namespace {

/// The octets of text such as "01 4f".
bytes octets(std::string_view hexadecimal) {
    bytes all;
    std::string digits;
    for (const char each : hexadecimal) {
        if (each != ' ') {
            digits.push_back(each);
        }
        if (digits.size() == 2) {
            all.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
            digits.clear();
        }
    }
    return all;
}

net::peer_hello full_hello() {
    net::peer_hello hello = hello_of(3, 2);
    hello.cluster = id_of(0xcc);
    hello.lost_link = 0x0102030405060708;
    return hello;
}

} // namespace

TEST_CASE("peer message: every message comes back as it was", "[net][peer]") {
    const net::peer_message message = GENERATE(
        net::peer_message{full_hello()},
        net::peer_message{hello_of(1, 255)},
        net::peer_message{net::peer_ready{}},
        net::peer_message{net::peer_open{~std::uint64_t{0}}},
        net::peer_message{net::peer_refusal{net::refusal_code::wrong_id, "no, not me"}}
    );
    const std::optional<net::peer_message> decoded = net::decode_peer_message(net::encode(message));
    REQUIRE(decoded);
    CHECK(*decoded == message);
}

TEST_CASE("peer message: the octets are those of the format page", "[net][peer]") {
    net::peer_hello hello = hello_of(3, 2);
    hello.cluster = id_of(0xc0);
    hello.boot = 0x1122334455667788;
    CHECK(
        on_the_wire(net::encode(hello)) == octets("00 00 00 49 4f c3 b3 7e 01 43 4f 4e 43 50 45 45"
                                                  "52 00 01 00 01 00 00 00 03 00 00 00 02 c0 c0 c0"
                                                  "c0 c0 c0 c0 c0 c0 c0 c0 c0 c0 c0 c0 c0 03 03 03"
                                                  "03 03 03 03 03 03 03 03 03 03 03 03 03 11 22 33"
                                                  "44 55 66 77 88 00 00 00 00 00 00 00 00")
    );
    CHECK(on_the_wire("payload") == octets("00 00 00 0b f4 e3 69 70 70 61 79 6c 6f 61 64"));
    CHECK(on_the_wire(net::encode(net::peer_ready{})) == octets("00 00 00 05 b3 46 23 a6 02"));
    CHECK(
        on_the_wire(net::encode(net::peer_open{0xabcdef})) ==
        octets("00 00 00 0d 63 9d 84 bb 03 00 00 00 00 00 ab cd ef")
    );
    CHECK(
        on_the_wire(net::encode(net::peer_refusal{net::refusal_code::too_many, "full"})) ==
        octets("00 00 00 0f 71 b6 46 59 04 00 07 00 00 00 04 66 75 6c 6c")
    );
}

TEST_CASE("peer message: whatever is cut off is no message", "[net][peer]") {
    const bytes whole = GENERATE(
        net::encode(full_hello()),
        net::encode(net::peer_open{5}),
        net::encode(net::peer_refusal{net::refusal_code::own_id, "two of us"})
    );
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(net::decode_peer_message(bytes_view{whole}.substr(0, size)));
    }
    CHECK(net::decode_peer_message(whole));
}

TEST_CASE("peer message: what means nothing is no message", "[net][peer]") {
    CHECK_FALSE(net::decode_peer_message(octets("00")));
    CHECK_FALSE(net::decode_peer_message(octets("05 00 00")));
    CHECK_FALSE(net::decode_peer_message(net::encode(net::peer_open{0})));
    CHECK_FALSE(net::decode_peer_message(net::encode(hello_of(0, 2))));
    CHECK_FALSE(net::decode_peer_message(net::encode(hello_of(256, 2))));
    CHECK_FALSE(net::decode_peer_message(net::encode(hello_of(1, 0))));
    bytes other_magic = net::encode(hello_of(1, 2));
    other_magic[3] ^= 1;
    CHECK_FALSE(net::decode_peer_message(other_magic));
    net::peer_hello backwards = hello_of(1, 2);
    backwards.version_min = 2;
    CHECK_FALSE(net::decode_peer_message(net::encode(backwards)));
}

TEST_CASE("peer message: a newer server may say more", "[net][peer]") {
    net::peer_hello newer = full_hello();
    newer.version_max = 7;
    const auto longer = net::decode_peer_message(net::encode(newer) + "something new");
    REQUIRE(longer);
    CHECK(std::get<net::peer_hello>(*longer) == newer);
}

TEST_CASE("peer message: of a foreign version only the versions are read", "[net][peer]") {
    net::peer_hello foreign;
    foreign.version_min = 2;
    foreign.version_max = 3;
    const bytes start = net::encode(foreign).substr(0, 13);
    const auto decoded = net::decode_peer_message(start + "another layout");
    REQUIRE(decoded);
    const auto& hello = std::get<net::peer_hello>(*decoded);
    CHECK_FALSE(net::has_common_version(hello));
    CHECK(hello.version_min == 2);
    CHECK(hello.version_max == 3);
    CHECK(hello.server == server_id{0});
}

TEST_CASE("peer message: a sentence cannot forge a log line", "[net][peer]") {
    const net::peer_refusal sly{net::refusal_code::own_id, "line\nanother \x1b[31m\xff"};
    const auto decoded = net::decode_peer_message(net::encode(sly));
    REQUIRE(decoded);
    CHECK(std::get<net::peer_refusal>(*decoded).sentence == "line?another ?[31m?");
    const net::peer_refusal long_one{net::refusal_code::own_id, std::string(2000, 'x')};
    const bytes encoded = net::encode(long_one);
    CHECK(encoded.size() <= net::handshake_size_max);
    CHECK(std::get<net::peer_refusal>(*net::decode_peer_message(encoded)).sentence.size() == 512);
}
