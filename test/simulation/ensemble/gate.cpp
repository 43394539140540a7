/// simulate-ensemble-gate [--budget N] [--events N] [--quick] [--only TEXT]: switches on one known
/// fault of the replica after the other and requires that the simulator notices each within N seeds
/// (zab 7.8). Prints the table. A quick run leaves out the rare ones.
#include "server/zab/mutant.hpp"
#include "test/simulation/ensemble/world.hpp"
#include "test/simulation/seed_runner.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

using namespace conclave;
using namespace conclave::ensemble;

namespace {

simulation::seed_report try_seed(std::uint64_t seed, std::uint64_t events) {
    try {
        static_cast<void>(world{{seed, events, false}}.run());
    } catch (const std::exception& found) {
        return {found.what(), {}};
    }
    return {};
}

} // namespace

int main(int count, char** arguments) {
    std::uint64_t budget = 20'000;
    std::uint64_t events = 20'000;
    bool is_quick = false;
    std::string_view only;
    for (int index = 1; index < count; ++index) {
        const std::string_view name = arguments[index];
        if (name == "--quick") {
            is_quick = true;
        } else if (name == "--budget" && index + 1 < count) {
            budget = std::strtoull(arguments[++index], nullptr, 10);
        } else if (name == "--events" && index + 1 < count) {
            events = std::strtoull(arguments[++index], nullptr, 10);
        } else if (name == "--only" && index + 1 < count) {
            only = arguments[++index];
        } else {
            std::cerr << "usage: simulate-ensemble-gate [--budget SEEDS] [--events N] [--quick] "
                         "[--only TEXT]\n";
            return 2;
        }
    }
    std::size_t survivors = 0;
    std::size_t tried = 0;
    for (const zab::named_mutant& each : zab::replica_mutants) {
        if ((is_quick && each.is_rare) || each.name.find(only) == std::string_view::npos) {
            continue;
        }
        ++tried;
        zab::active_mutant = each.which;
        const simulation::run_summary found = simulation::run_seeds(
            {1, budget}, 1, [&](std::uint64_t seed) { return try_seed(seed, events); }, 1
        );
        if (found.failures.empty()) {
            ++survivors;
            std::cout << fmt::format("{:<52} SURVIVED {} seeds\n", each.name, budget);
            continue;
        }
        const auto& [seed, how] = *found.failures.begin();
        const std::string first_line = how.substr(0, how.find('\n'));
        std::cout << fmt::format("{:<52} seed {:>5}  {}\n", each.name, seed, first_line)
                  << std::flush;
    }
    std::cout << fmt::format("{} of {} noticed\n", tried - survivors, tried);
    return survivors == 0 ? 0 : 1;
}
