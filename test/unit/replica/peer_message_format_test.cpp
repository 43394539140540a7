/// Holds docs/formats/peer-messages.md to the code: the examples there are what is written and
/// read.
#include "server/replica/peer_message.hpp"
#include "test/support/source_tree.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace conclave;
using namespace conclave::replica;

namespace {

constexpr session_id documented_session{0x200000000000001};

/// The octets of the lines that begin with `title`: a word, or the digits of an offset.
bytes octets_behind(const std::string& title) {
    std::ifstream page{test::source_file("docs/formats/peer-messages.md")};
    REQUIRE(page.is_open());
    bytes octets;
    for (std::string line; std::getline(page, line);) {
        if (!line.starts_with(title)) {
            continue;
        }
        std::istringstream fields{line.substr(0, line.find('|'))};
        std::string first;
        fields >> first >> std::hex;
        for (unsigned octet = 0; fields >> octet;) {
            octets += static_cast<char>(octet);
        }
    }
    REQUIRE_FALSE(octets.empty());
    return octets;
}

void check_example(const std::string& title, const peer_message& expected) {
    const bytes documented = octets_behind(title);
    CHECK(encode(expected) == documented);
    const std::optional<peer_message> read = decode_peer_message(documented);
    REQUIRE(read);
    CHECK(*read == expected);
}

} // namespace

TEST_CASE("peer message format: the documented forward is what is sent", "[format]") {
    forwarded_request request{
        9, documented_session, 5, opcode::create_session, {{"ip", "127.0.0.1"}}, {}};
    jute::writer{request.body}(std::int32_t{8000});
    check_example("000000", forward_message{epoch{3}, 7, 0, {request}});
}

TEST_CASE("peer message format: the documented revalidation is what is sent", "[format]") {
    check_example("revalidate ", revalidate_message{epoch{3}, documented_session, 6, 8000});
    const zxid newest{epoch{3}, 4};
    check_example("touch ", touch_message{{{documented_session, 8000}}});
    check_example("answer ", revalidate_answer{epoch{3}, documented_session, 6, true, newest});
}

TEST_CASE("peer message format: the documented types are those of the messages", "[format]") {
    const auto type_of = [](const peer_message& message) {
        return static_cast<int>(static_cast<std::uint8_t>(encode(message).front()));
    };
    CHECK(type_of(zab::message{zab::status_message{}}) == 0);
    CHECK(type_of(zab::message{zab::append_message{}}) == 6);
    CHECK(type_of(zab::message{zab::snapshot_answer{}}) == 13);
    CHECK(type_of(touch_message{}) == 65);
    CHECK(type_of(digests_message{}) == 68);
    CHECK(type_of(divergence_message{}) == 69);
    CHECK(type_of(disk_message{}) == 70);
}
