/// simulate-gate [--budget N] [--quick]: switches on one known fault of the replication core after
/// the other and requires that the simulator notices each within N seeds (zab 7.8). Prints the
/// table. A quick run leaves out the rare ones.
#include "server/zab/mutant.hpp"
#include "test/simulation/core/world.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

using namespace conclave;
using namespace conclave::simulation;

namespace {

struct outcome {
    std::uint64_t seed = 0; ///< that noticed it; 0: none did
    std::string how;
};

outcome hunt(zab::mutant which, std::uint64_t budget) {
    zab::active_mutant = which;
    for (std::uint64_t seed = 1; seed <= budget; ++seed) {
        try {
            static_cast<void>(world{{seed, 10'000, false}}.run());
        } catch (const violation& found) {
            return {seed, found.what()};
        }
    }
    return {};
}

} // namespace

int main(int count, char** arguments) {
    std::uint64_t budget = 20'000;
    bool is_quick = false;
    for (int index = 1; index < count; ++index) {
        const std::string_view name = arguments[index];
        if (name == "--quick") {
            is_quick = true;
        } else if (name == "--budget" && index + 1 < count) {
            budget = std::strtoull(arguments[++index], nullptr, 10);
        } else {
            std::cerr << "usage: simulate-gate [--budget SEEDS] [--quick]\n";
            return 2;
        }
    }
    std::size_t survivors = 0;
    std::size_t tried = 0;
    for (const zab::named_mutant& each : zab::all_mutants) {
        if (is_quick && each.is_rare) {
            continue;
        }
        ++tried;
        const outcome found = hunt(each.which, budget);
        survivors += found.seed == 0 ? 1 : 0;
        const std::string first_line = found.how.substr(0, found.how.find('\n'));
        std::cout << fmt::format(
                         "{:<40} {}\n",
                         each.name,
                         found.seed == 0 ? fmt::format("SURVIVED {} seeds", budget)
                                         : fmt::format("seed {:>5}  {}", found.seed, first_line)
                     )
                  << std::flush;
    }
    std::cout << fmt::format("{} of {} noticed\n", tried - survivors, tried);
    return survivors == 0 ? 0 : 1;
}
