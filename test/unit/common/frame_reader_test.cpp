#include <catch2/catch.hpp>

#include <vector>

#include "conclave/frame_reader.hpp"
#include "conclave/jute.hpp"

using namespace conclave;

namespace {

bytes frame_of(bytes_view payload) {
    bytes out;
    jute::writer{out}(payload);
    return out;
}

} // namespace

TEST_CASE("frame_reader: frames that arrive octet by octet", "[frame_reader]") {
    frame_reader reader{100};
    const bytes stream = frame_of("one") + frame_of("") + frame_of("three");
    std::vector<bytes> frames;
    for (const char octet : stream) {
        reader.append({&octet, 1});
        bytes_view payload;
        while (reader.next(payload) == frame_reader::status::frame) {
            frames.emplace_back(payload);
        }
    }
    CHECK(frames == std::vector<bytes>{"one", "", "three"});
}

TEST_CASE("frame_reader: several frames of one segment stay valid together", "[frame_reader]") {
    frame_reader reader{100};
    reader.append(frame_of("one") + frame_of("two") + bytes(2, char{}));
    bytes_view one;
    bytes_view two;
    bytes_view none;
    REQUIRE(reader.next(one) == frame_reader::status::frame);
    REQUIRE(reader.next(two) == frame_reader::status::frame);
    CHECK(reader.next(none) == frame_reader::status::need_more);
    CHECK(one == "one");
    CHECK(two == "two");
    reader.compact();
    CHECK(reader.buffered() == bytes_view{"\0\0", 2});
}

TEST_CASE("frame_reader: the limit is exact", "[frame_reader]") {
    frame_reader reader{5};
    bytes_view payload;
    reader.append(frame_of("12345"));
    CHECK(reader.next(payload) == frame_reader::status::frame);
    reader.append(frame_of("123456"));
    CHECK(reader.next(payload) == frame_reader::status::bad_length);
}

TEST_CASE(
    "frame_reader: a negative length is refused before anything of it arrives", "[frame_reader]"
) {
    frame_reader reader{5};
    bytes_view payload;
    reader.append("\xff\xff\xff\xff");
    CHECK(reader.next(payload) == frame_reader::status::bad_length);
}

TEST_CASE("frame_reader: borrowed octets are read where they stand", "[frame_reader]") {
    frame_reader reader{100};
    const bytes rest_of_two = frame_of("two").substr(5);
    bytes_view payload;
    {
        bytes first = frame_of("one") + frame_of("two").substr(0, 5);
        reader.borrow(first);
        REQUIRE(reader.next(payload) == frame_reader::status::frame);
        CHECK(payload == "one");
        CHECK(payload.data() == first.data() + 4);
        CHECK(reader.next(payload) == frame_reader::status::need_more);
        reader.compact();
        first.assign(first.size(), 'x');
    }
    reader.borrow(rest_of_two); // behind what is left, so it is copied
    REQUIRE(reader.next(payload) == frame_reader::status::frame);
    CHECK(payload == "two");
    reader.compact();
    CHECK(reader.buffered().empty());
}

TEST_CASE("frame_reader: what follows borrowed octets does not lose them", "[frame_reader]") {
    frame_reader reader{100};
    const bytes stream = frame_of("one") + frame_of("two");
    reader.borrow(bytes_view{stream}.substr(0, 9));
    bytes_view payload;
    REQUIRE(reader.next(payload) == frame_reader::status::frame);
    reader.append(bytes_view{stream}.substr(9));
    REQUIRE(reader.next(payload) == frame_reader::status::frame);
    CHECK(payload == "two");
    CHECK(reader.next(payload) == frame_reader::status::need_more);
}
