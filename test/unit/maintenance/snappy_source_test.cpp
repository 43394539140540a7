#include "test/unit/maintenance/zookeeper_bytes.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::maintenance;

namespace {

const bytes header{"\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16};

bytes framed(bytes_view block) {
    return jute_of(block);
}

/// What it decodes to; "!" and the reason if it is refused.
bytes decoded(const bytes& octets) {
    const auto source = make_snappy_source(std::make_unique<text_source>(octets));
    bytes all;
    std::array<char, 5> portion{};
    for (;;) {
        const auto count = source->read(portion);
        if (!count) {
            return "!" + count.error();
        }
        if (*count == 0) {
            return all;
        }
        all.append(portion.data(), *count);
    }
}

} // namespace

TEST_CASE("snappy: octets as they are and repetitions", "[snappy]") {
    using namespace std::string_literals;
    CHECK(decoded(header + framed("\x05\x10hello"s)) == "hello");
    CHECK(decoded(header + framed("\x06\x04xy\x01\x02"s)) == "xyxyxy");           // 11 bits
    CHECK(decoded(header + framed("\x05\x00z\x0e\x01\x00"s)) == "zzzzz");         // 16 bits
    CHECK(decoded(header + framed("\x05\x00z\x0f\x01\x00\x00\x00"s)) == "zzzzz"); // 32 bits
    CHECK(decoded(header + framed("\x03\xf0\x02"s + "abc")) == "abc");            // length behind
    CHECK(decoded(header + framed("\x02\x04"s + "ab") + framed("\x02\x04"s + "cd")) == "abcd");
    CHECK(decoded(header).empty());
}

TEST_CASE("snappy: what is not whole is refused", "[snappy][hostile]") {
    using namespace std::string_literals;
    CHECK(decoded("something else, long enough").starts_with("!"));
    CHECK(decoded(header + "\0\0"s).starts_with("!"));
    CHECK(decoded(header + jute_of(std::int32_t{9}) + "short").starts_with("!"));
    CHECK(decoded(header + framed("\x05\x10hell"s)).starts_with("!"));
    CHECK(decoded(header + framed("\x06\x10hello"s)).starts_with("!")); // one octet is missing
    CHECK(decoded(header + framed("\x04\x10hello"s)).starts_with("!")); // one too many
    CHECK(decoded(header + framed("\x05\x00z\x0e\x02\x00"s)).starts_with("!")
    ); // from before the begin
    CHECK(decoded(header + framed("\xff\xff\xff\xff\x0f"s)).starts_with("!")); // 4 GiB are claimed
    CHECK(decoded(header + jute_of(std::uint32_t{0xffffffff})).starts_with("!"));
}
