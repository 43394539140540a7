#include "server/net/peer_frame.hpp"
#include "server/net/peer_output.hpp"
#include "test/unit/net/peer_fixture.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace conclave;
using namespace conclave::test;

namespace {

using status = net::peer_frame_reader::status;

bytes taken_from(net::peer_frame_reader& reader) {
    bytes_view payload;
    REQUIRE(reader.next(payload) == status::frame);
    return bytes{payload};
}

/// Everything that is in the queue, written in portions of this size.
bytes drained(net::peer_output& output, std::size_t portion) {
    bytes all;
    std::vector<boost::asio::const_buffer> buffers;
    while (!output.empty()) {
        output.gather(buffers);
        bytes once;
        for (const boost::asio::const_buffer& each : buffers) {
            once.append(static_cast<const char*>(each.data()), each.size());
        }
        once.resize(std::min(once.size(), portion));
        output.consume(once.size());
        all += once;
    }
    return all;
}

} // namespace

TEST_CASE("peer frame: a payload in pieces is the same as in one", "[net][peer]") {
    const auto piece = [](const char* text) {
        return std::make_shared<const bytes>(text);
    };
    const net::peer_frame pieces{piece("one"), piece(""), piece("two"), piece("three")};
    CHECK(net::head_of(pieces) == net::head_of(frame_of("onetwothree")));
    CHECK(net::size_of(pieces) == 11);
}

TEST_CASE("peer frame: frames come out whole however they come in", "[net][peer]") {
    const bytes wire = on_the_wire("first") + on_the_wire(bytes(300, 'x')) + on_the_wire("third");
    const std::size_t portion = GENERATE(1, 2, 7, 8, 9, 13, 400);
    net::peer_frame_reader reader{300};
    std::vector<bytes> payloads;
    for (std::size_t at = 0; at < wire.size(); at += portion) {
        reader.append(bytes_view{wire}.substr(at, portion));
        bytes_view payload;
        status found{};
        while ((found = reader.next(payload)) == status::frame) {
            payloads.emplace_back(payload);
        }
        REQUIRE(found == status::need_more);
        reader.compact();
    }
    CHECK(payloads == std::vector<bytes>{"first", bytes(300, 'x'), "third"});
    CHECK_FALSE(reader.is_within_frame());
}

TEST_CASE("peer frame: the length is bounded on both sides", "[net][peer]") {
    bytes_view payload;
    SECTION("as large as allowed") {
        net::peer_frame_reader reader{10};
        reader.append(on_the_wire("0123456789"));
        CHECK(reader.next(payload) == status::frame);
    }
    SECTION("one octet more") {
        net::peer_frame_reader reader{10};
        reader.append(on_the_wire("0123456789a").substr(0, 4));
        CHECK(reader.next(payload) == status::bad_length);
    }
    SECTION("a payload of nothing") {
        net::peer_frame_reader reader{10};
        reader.append(bytes("\0\0\0\4\0\0\0\0", 8));
        CHECK(reader.next(payload) == status::bad_length);
    }
    SECTION("not even a checksum") {
        net::peer_frame_reader reader{10};
        reader.append(bytes("\0\0\0\0", 4));
        CHECK(reader.next(payload) == status::bad_length);
    }
    SECTION("the highest bit") {
        net::peer_frame_reader reader{10};
        reader.append("\xff\xff\xff\xff");
        CHECK(reader.next(payload) == status::bad_length);
    }
}

TEST_CASE("peer frame: no flipped bit goes unnoticed", "[net][peer]") {
    const bytes good = on_the_wire("payload");
    for (std::size_t bit = 32; bit < 8 * good.size(); ++bit) {
        bytes damaged = good;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        net::peer_frame_reader reader{100};
        reader.append(damaged);
        bytes_view payload;
        REQUIRE(reader.next(payload) == status::bad_checksum);
    }
}

TEST_CASE("peer frame: a raised limit keeps what has come in", "[net][peer]") {
    net::peer_frame_reader reader{5};
    reader.append(on_the_wire("small") + on_the_wire("larger than before"));
    CHECK(taken_from(reader) == "small");
    reader.raise_limit(100);
    CHECK(taken_from(reader) == "larger than before");
}

TEST_CASE("peer output: octets leave in order in any portions", "[net][peer]") {
    const std::size_t portion = GENERATE(1, 3, 8, 64, 1000, 1'000'000);
    net::peer_output output;
    bytes expected;
    std::minstd_rand random{7};
    for (int count = 0; count < 200; ++count) {
        net::peer_frame frame;
        bytes whole;
        for (std::size_t piece = 0; piece <= random() % 4; ++piece) {
            // The last of them may be empty.
            const bytes text(
                piece == 0 ? 1 + random() % 50 : random() % 50, static_cast<char>('a' + count % 26)
            );
            frame.push_back(std::make_shared<const bytes>(text));
            whole += text;
        }
        output.push(frame);
        expected += on_the_wire(whole);
    }
    CHECK(drained(output, portion) == expected);
    CHECK(output.size() == 0);
}

TEST_CASE("peer output: pieces are shared and not copied", "[net][peer]") {
    const auto piece = std::make_shared<const bytes>(1000, 'x');
    net::peer_output one;
    net::peer_output other;
    one.push({piece});
    other.push({piece, piece});
    CHECK(piece.use_count() == 4);
    std::vector<boost::asio::const_buffer> buffers;
    one.gather(buffers);
    REQUIRE(buffers.size() == 2);
    CHECK(buffers[1].data() == piece->data());
    CHECK(one.size() == 8 + 1000 + net::peer_output::piece_cost);
    drained(other, 1'000'000);
    CHECK(piece.use_count() == 2);
}

TEST_CASE("peer output: one write gathers a bounded number of buffers", "[net][peer]") {
    net::peer_output output;
    for (int count = 0; count < 1000; ++count) {
        output.push(frame_of("x"));
    }
    std::vector<boost::asio::const_buffer> buffers;
    output.gather(buffers);
    CHECK(buffers.size() == 64);
}
