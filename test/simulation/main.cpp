/// Runs seeds of the simulation: `simulate [--seeds N] [--from S] [--steps N] [--trace]`.
#include "test/simulation/world.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

namespace {

using namespace conclave::simulation;

struct options {
    std::uint64_t seed_count = 100;
    std::uint64_t first_seed = 1;
    std::size_t step_count = 1500;
    bool trace = false;
};

options parse(int count, char** values) {
    options asked;
    for (int index = 1; index < count; ++index) {
        const std::string_view name = values[index];
        if (name == "--trace") {
            asked.trace = true;
            continue;
        }
        const std::uint64_t number = index + 1 < count ? std::stoull(values[++index]) : 0;
        if (name == "--seeds") {
            asked.seed_count = number;
        } else if (name == "--from") {
            asked.first_seed = number;
        } else if (name == "--steps") {
            asked.step_count = number;
        } else {
            throw std::runtime_error{fmt::format("unknown option {}", name)};
        }
    }
    return asked;
}

/// Every seed in `again` runs twice, to see that it repeats exactly.
constexpr std::uint64_t again = 20;

bool run_seed(std::uint64_t seed, const options& asked, coverage& total) {
    try {
        world first{seed, asked.trace};
        first.run(asked.step_count);
        total.add(first.reached());
        if (seed % again == 0) {
            world second{seed, false};
            second.run(asked.step_count);
            if (second.fingerprint() != first.fingerprint()) {
                throw std::runtime_error{"the same seed does not give the same run"};
            }
        }
        return true;
    } catch (const std::exception& problem) {
        fmt::print(
            "seed {} failed: {}\n  replay: simulate --from {} --seeds 1 --steps {} --trace\n",
            seed,
            problem.what(),
            seed,
            asked.step_count
        );
        return false;
    }
}

} // namespace

int main(int count, char** values) {
    const options asked = parse(count, values);
    coverage total;
    std::uint64_t failed = 0;
    for (std::uint64_t seed = asked.first_seed; seed < asked.first_seed + asked.seed_count;
         ++seed) {
        failed += run_seed(seed, asked, total) ? 0 : 1;
    }
    bool has_hole = false;
    for (const auto& [name, value] : total.rows()) {
        fmt::print("{:>12}  {}\n", value, name);
        has_hole = has_hole || value == 0;
    }
    const bool expects_all = asked.seed_count >= 100 && failed == 0;
    if (expects_all && has_hole) {
        fmt::print("a path that the simulation must reach was not reached\n");
    }
    fmt::print("{} seeds passed, {} failed\n", asked.seed_count - failed, failed);
    return failed != 0 || (expects_all && has_hole) ? EXIT_FAILURE : EXIT_SUCCESS;
}
