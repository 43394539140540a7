#include "server/admin/core_gate.hpp"
#include "test/support/memory_tables.hpp"

#include <catch2/catch.hpp>

#include <deque>

using namespace conclave;
using namespace conclave::admin;

namespace {

/// Counts up, a number at a time.
struct counting {
    int number = 0;

    bool step(server_view&, replica::instant) { return ++number == 3; }
};

} // namespace

TEST_CASE("core gate: few slices are on their way, whoever asks for listings", "[admin]") {
    test::memory_tables tables;
    replica::replica server{{}, tables};
    server_view view{server, {}};
    std::deque<core_gate::question> asked;
    core_gate gate{
        [&](core_gate::question question) { asked.push_back(std::move(question)); },
        [](const std::function<void()>& what) {
            what();
        }};
    std::vector<int> done;
    for (int listing = 0; listing < 5; ++listing) {
        gate.ask_in_slices(counting{}, &counting::step, [&, listing](const counting& at) {
            CHECK(at.number == 3);
            done.push_back(listing);
        });
    }
    int count = 0;
    for (; !asked.empty(); ++count) {
        REQUIRE(asked.size() <= 2);
        const auto next = std::move(asked.front());
        asked.pop_front();
        next(view, {});
    }
    CHECK(count == 15);
    CHECK(done == std::vector<int>{0, 1, 2, 3, 4}); // they take turns

    SECTION("and more may be asked when they are answered") {
        gate.ask_in_slices(counting{}, &counting::step, [&](const counting&) {
            gate.ask_in_slices(counting{}, &counting::step, [&](const counting&) {
                done.push_back(6);
            });
        });
        for (; !asked.empty(); asked.pop_front()) {
            asked.front()(view, {});
        }
        CHECK(done.back() == 6);
    }
}
