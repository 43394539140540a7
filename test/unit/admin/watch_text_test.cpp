#include "server/admin/watch_text.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::admin;

namespace {

const std::vector<watched_path> example{
    {"/a", session_id{1}}, {"/a", session_id{2}}, {"/b", session_id{1}}};

} // namespace

TEST_CASE("watch text: wchs counts sessions and paths and pairs", "[admin]") {
    CHECK(wchs_text(example) == "2 connections watching 2 paths\nTotal watches:3\n");
    CHECK(wchs_text({}) == "0 connections watching 0 paths\nTotal watches:0\n");
}

TEST_CASE("watch text: wchc lists by session", "[admin]") {
    CHECK(wchc_text(example) == "0x1\n\t/a\n\t/b\n0x2\n\t/a\n\n");
    CHECK(wchc_text({}) == "\n");
}

TEST_CASE("watch text: wchp lists by path", "[admin]") {
    CHECK(wchp_text(example) == "/a\n\t0x1\n\t0x2\n/b\n\t0x1\n\n");
    CHECK(wchp_text({}) == "\n");
}
