#include "test/support/history/check.hpp"
#include "test/support/history/positions.hpp"
#include "test/support/history/session_order.hpp"
#include "test/unit/history/simulated_clients.hpp"

#include <catch2/catch.hpp>

#include <functional>

namespace conclave::history {

namespace {

using checker = std::function<report(const history&)>;

report by_search(const history& seen) {
    return check_linearizability(seen);
}

/// Finds a fault in at least `percent` of the runs in which it occurred, with nothing undecided.
void require_found(fault injected, const checker& judge, std::size_t percent) {
    std::size_t fault_count = 0;
    std::size_t found_count = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        simulation_settings settings;
        settings.seed = seed;
        settings.injected = injected;
        const simulated_history run = simulate(settings);
        if (!run.is_faulty) {
            continue;
        }
        ++fault_count;
        const verdict said = judge(run.seen).result;
        REQUIRE(said != verdict::undecided);
        found_count += said == verdict::violated ? 1 : 0;
    }
    INFO(found_count << " of " << fault_count << " runs");
    CHECK(fault_count >= 50);
    CHECK(found_count * 100 >= fault_count * percent);
}

} // namespace

TEST_CASE("random histories: a correct store always passes", "[history]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        simulation_settings settings;
        settings.seed = seed;
        settings.client_count = 2 + seed % 9;
        settings.node_count = 1 + seed % 4;
        const report found = check(simulate(settings).seen);
        INFO("seed " << seed);
        INFO((found.explanations.empty() ? "" : found.explanations.front()));
        REQUIRE(found.result == verdict::holds);
    }
}

TEST_CASE("random histories: the search finds what is wrong without zxids", "[history]") {
    require_found(fault::stale_synced_read, by_search, 100);
    require_found(fault::lost_write, by_search, 90);
    require_found(fault::rollback, by_search, 90);
    // another write of unknown outcome explains what nobody read
    require_found(fault::double_apply, by_search, 65);
}

TEST_CASE("random histories: the check by position finds what is wrong", "[history]") {
    require_found(fault::stale_synced_read, check_positions, 100);
    require_found(fault::lost_write, check_positions, 100);
    require_found(fault::double_apply, check_positions, 100);
    require_found(fault::session_reorder, check_positions, 100);
}

TEST_CASE("random histories: all checkers together miss little", "[history]") {
    const checker all = [](const history& seen) {
        return check(seen);
    };
    require_found(fault::stale_synced_read, all, 100);
    require_found(fault::lost_write, all, 100);
    require_found(fault::rollback, all, 90);
    require_found(fault::double_apply, all, 100);
    require_found(fault::session_reorder, all, 100);
}

TEST_CASE("random histories: ten thousand operations are decided", "[history]") {
    simulation_settings settings;
    settings.seed = 7;
    settings.client_count = 10;
    settings.node_count = 10;
    settings.operation_count = 10'000;
    SECTION("of a correct store") {
        REQUIRE(check(simulate(settings).seen).result == verdict::holds);
    }
    SECTION("of a store that lost a write") {
        settings.injected = fault::lost_write;
        const simulated_history run = simulate(settings);
        REQUIRE(run.is_faulty);
        REQUIRE(by_search(run.seen).result == verdict::violated);
    }
}

} // namespace conclave::history
