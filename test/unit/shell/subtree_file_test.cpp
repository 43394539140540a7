#include "client/shell/subtree_file.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace conclave;
using namespace conclave::shell;

namespace {

std::string complaint(std::string_view text) {
    const auto parsed = parse_subtree_file(text);
    REQUIRE_FALSE(parsed);
    return parsed.error().text;
}

} // namespace

TEST_CASE("subtree file: what is written is read again", "[shell][subtree-file]") {
    filed_node node;
    node.path = "a/b";
    node.contents.data = "\xff";
    node.contents.access = {client::acl_entry{31, "digest", "bob:hash"}};
    std::ostringstream file;
    subtree_file_writer writer{file, "/root"};
    REQUIRE(writer.add(node));
    writer.finish();
    const auto read = parse_subtree_file(file.str());
    REQUIRE(read);
    REQUIRE(read->size() == 1);
    CHECK(read->front().path == "a/b");
    CHECK(read->front().contents.data == "\xff");
    CHECK(read->front().contents.access == node.contents.access);
}

TEST_CASE("subtree file: members of another type are refused", "[shell][subtree-file]") {
    CHECK(
        complaint(R"({"format": 1, "version": 1, "nodes": []})") ==
        "the file was not written by export"
    );
    CHECK(
        complaint(R"({"format": "conclave-subtree", "version": "1", "nodes": []})") ==
        "the file was written by another version of export"
    );
    CHECK(
        complaint(R"({"format": "conclave-subtree", "version": 1, "nodes": [7]})").find("node 1") ==
        0
    );
}

TEST_CASE("subtree file: a list that JSON cannot hold is named", "[shell][subtree-file]") {
    filed_node node;
    node.path = "a";
    node.contents.access = {client::acl_entry{31, "digest", "\xff:hash"}};
    std::ostringstream file;
    subtree_file_writer writer{file, "/root"};
    const auto added = writer.add(node);
    REQUIRE_FALSE(added);
    CHECK(added.error().text.find("/a: ") == 0);
}
