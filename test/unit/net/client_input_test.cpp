#include "server/net/client_input.hpp"
#include "test/unit/net/posix_client.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using conclave::test::framed;
using net::client_input;
using kind = client_input::item::kind;

namespace {

constexpr std::size_t frame_size_max = 100;

const auto words = [](bytes_view first_four) -> std::optional<std::size_t> {
    if (first_four == "stmk") {
        return 8;
    }
    return first_four == "mntr" ? std::optional<std::size_t>{0} : std::nullopt;
};

} // namespace

TEST_CASE("client input: frames that come octet by octet are found when they are whole", "[net]") {
    client_input input{frame_size_max};
    const bytes stream = framed("first") + framed("second");
    std::vector<bytes> found;
    for (const char octet : stream) {
        input.append({&octet, 1});
        const client_input::item next = input.next(words);
        if (next.is == kind::frames) {
            found.emplace_back(next.content);
        } else {
            REQUIRE(next.is == kind::need_more);
        }
        input.compact();
    }
    CHECK(found == std::vector<bytes>{framed("first"), framed("second")});
}

TEST_CASE("client input: all whole frames of a segment come as one run", "[net]") {
    client_input input{frame_size_max};
    input.append(framed("first") + framed("") + framed("third") + framed("fourth").substr(0, 6));
    const client_input::item next = input.next(words);
    REQUIRE(next.is == kind::frames);
    CHECK(next.content == framed("first") + framed("") + framed("third"));
    CHECK(input.next(words).is == kind::need_more);
    input.compact();
    input.append(framed("fourth").substr(6));
    CHECK(input.next(words).content == framed("fourth"));
}

TEST_CASE("client input: a frame of the largest size is taken and a longer one is not", "[net]") {
    client_input input{frame_size_max};
    input.append(framed(bytes(frame_size_max, 'x')));
    CHECK(input.next(words).is == kind::frames);
    input.append(framed(bytes(frame_size_max + 1, 'x')).substr(0, 4));
    CHECK(input.next(words).is == kind::bad_length);
}

TEST_CASE("client input: a negative length is refused", "[net]") {
    client_input input{frame_size_max};
    input.append("\xff\xff\xff\xff");
    CHECK(input.next(words).is == kind::bad_length);
}

TEST_CASE("client input: frames before a bad length are handed out first", "[net]") {
    client_input input{frame_size_max};
    input.append(framed("good") + "\x7f\xff\xff\xff");
    CHECK(input.next(words).content == framed("good"));
    CHECK(input.next(words).is == kind::bad_length);
    input.compact();
    CHECK(input.next(words).is == kind::bad_length);
}

TEST_CASE("client input: a word is known in pieces and with octets behind it", "[net]") {
    client_input input{frame_size_max};
    input.append("mn");
    CHECK(input.next(words).is == kind::need_more);
    input.compact();
    input.append("tr\r\n");
    const client_input::item next = input.next(words);
    CHECK(next.is == kind::word);
    CHECK(next.content == "mntr");
    CHECK(next.argument.empty());
}

TEST_CASE("client input: a word with an argument waits for all of it", "[net]") {
    client_input input{frame_size_max};
    input.append("stmk1234567");
    CHECK(input.next(words).is == kind::need_more);
    input.append("89");
    const client_input::item next = input.next(words);
    CHECK(next.is == kind::word);
    CHECK(next.argument == "12345678");
}

TEST_CASE("client input: after a frame the octets of a word are a length", "[net]") {
    client_input input{frame_size_max};
    input.append(framed("handshake"));
    CHECK(input.next(words).is == kind::frames);
    input.append("mntr");
    CHECK(input.next(words).is == kind::bad_length);
}
