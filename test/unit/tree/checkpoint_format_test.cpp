/// The examples of docs/formats/checkpoint.md are read from there, so that the page stays true.
#include "server/tree/digest.hpp"
#include "server/tree/node.hpp"
#include "server/tree/node_key.hpp"
#include "test/support/source_tree.hpp"
#include "test/unit/tree/world.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace conclave;
using namespace conclave::tree;

namespace {

/// The octets at the start of a line; what follows them is a remark.
bytes octets_of(const std::string& line) {
    bytes octets;
    std::istringstream in{line};
    for (std::string token; in >> token;) {
        const bool is_octet =
            token.size() == 2 && token.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (!is_octet) {
            break;
        }
        octets += static_cast<char>(std::stoi(token, nullptr, 16));
    }
    return octets;
}

/// The blocks marked as hex, in their order.
std::vector<bytes> examples() {
    std::ifstream file{test::source_file("docs/formats/checkpoint.md")};
    REQUIRE(file);
    std::vector<bytes> blocks;
    bool is_inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line == "```hex") {
            is_inside = true;
            blocks.emplace_back();
        } else if (line.starts_with("```")) {
            is_inside = false;
        } else if (is_inside) {
            blocks.back() += octets_of(line);
        }
    }
    return blocks;
}

bytes everybody_reads() {
    bytes acl;
    jute::writer{acl}(std::vector{acl_record{permission::read, "world", "anyone"}});
    return acl;
}

} // namespace

TEST_CASE(
    "checkpoint format: the documented record decodes to what the page says", "[tree][format]"
) {
    const auto found = examples();
    REQUIRE(found.size() >= 2);
    const auto node = decode_node(found[0]);
    REQUIRE(node);
    node_head expected;
    expected.czxid = expected.pzxid = zxid{epoch{5}, 7};
    expected.mzxid = zxid{epoch{5}, 9};
    expected.ctime_ms = 1'700'000'000'000;
    expected.mtime_ms = 1'700'000'001'500;
    expected.version = 1;
    CHECK(node->head == expected);
    CHECK(node->data == "hello");
    CHECK(node->acl == everybody_reads());
    CHECK(encode_node(expected, everybody_reads(), "hello") == found[0]);
}

TEST_CASE("checkpoint format: the documented key is that of the path", "[tree][format]") {
    const auto found = examples();
    REQUIRE(found.size() >= 2);
    CHECK(node_key{0x0123456789abcdef, "/app/config"}.view() == found[1]);
    CHECK(node_key{0x0123456789abcdef, "/"}.view() == "\x2f");
}

TEST_CASE("checkpoint format: digests stay what they were", "[tree][format]") {
    const auto found = examples();
    REQUIRE(found.size() >= 2);
    CHECK(node_digest("/app/config", found[0]) == digest{0x82c3f251018017ad, 0x719873d3b494e762});
}
