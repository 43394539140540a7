#include "server/maintenance/child_process.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <stdexcept>

using namespace conclave;
using namespace conclave::maintenance;
using Catch::Matchers::Contains;

TEST_CASE("child process: what the work returned comes back", "[child]") {
    const bytes large(300000, 'x'); // more than a pipe holds
    const auto answer = run_in_child([&] { return large; });
    REQUIRE(answer);
    CHECK(*answer == large);
}

TEST_CASE("child process: how it ended is told", "[child]") {
    const auto thrown = run_in_child([]() -> bytes { throw std::runtime_error{"it is rotten"}; });
    REQUIRE_FALSE(thrown);
    CHECK(thrown.error() == "it is rotten");
    const auto killed = run_in_child([]() -> bytes {
        ::raise(SIGKILL);
        return {};
    });
    REQUIRE_FALSE(killed);
    CHECK_THAT(killed.error(), Contains("signal 9"));
}
