#include "server/tree/change.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::tree;

namespace {

std::vector<change> samples() {
    create_node with_null_data;
    with_null_data.path = "/a";
    create_node full{"/a/b0000000001", "data", "acl", -5, 7};
    set_data emptied{"/a", "", -1};
    set_data nulled{"/a", std::nullopt, 3};
    return {
        with_null_data,
        full,
        delete_node{"/x"},
        emptied,
        nulled,
        set_acl{"/a", "acl", 2},
        checked{}};
}

} // namespace

TEST_CASE("change: every kind survives a round trip", "[tree][change]") {
    for (const change& what : samples()) {
        bytes encoded;
        jute::writer to{encoded};
        encode(to, what);
        encoded += "rest";
        jute::reader in{encoded};
        const auto decoded = decode_change(in);
        REQUIRE(decoded);
        CHECK(*decoded == what);
        CHECK(in.rest() == "rest");
    }
}

TEST_CASE("change: a cut change is refused", "[tree][change]") {
    for (const change& what : samples()) {
        bytes encoded;
        jute::writer to{encoded};
        encode(to, what);
        for (std::size_t size = 0; size < encoded.size(); ++size) {
            jute::reader in{bytes_view{encoded}.substr(0, size)};
            CHECK_FALSE(decode_change(in));
            CHECK_FALSE(in.ok());
        }
    }
}

TEST_CASE("change: an unknown kind is refused", "[tree][change]") {
    for (const char kind : {'\0', '\6', '\xff'}) {
        const bytes encoded(100, kind);
        jute::reader in{encoded};
        CHECK_FALSE(decode_change(in));
        CHECK_FALSE(in.ok());
    }
}

TEST_CASE("change: the numbers of the kinds are those of old logs", "[tree][change]") {
    bytes kinds;
    for (const change& what : samples()) {
        bytes encoded;
        jute::writer to{encoded};
        encode(to, what);
        kinds += encoded.front();
    }
    CHECK(kinds == bytes{"\1\1\2\3\3\4\5"});
}
