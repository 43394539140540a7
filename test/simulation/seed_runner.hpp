/// Runs seeds in processes of their own, so that an assertion that ends the process is a finding
/// like any other, and all cores can work.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace conclave::simulation {

struct seed_range {
    std::uint64_t first = 1;
    std::uint64_t count = 1;
};

/// What one seed had to tell.
struct seed_report {
    std::string failure; ///< empty: none
    std::map<std::string, std::uint64_t> counters;
};

struct run_summary {
    std::map<std::uint64_t, std::string> failures; ///< by seed
    std::map<std::string, std::uint64_t> counters; ///< of all seeds together
};

/// Failures are also printed as they come. `failures_max`: stop after so many.
[[nodiscard]] run_summary run_seeds(
    seed_range seeds,
    unsigned jobs,
    const std::function<seed_report(std::uint64_t)>& run,
    std::size_t failures_max = SIZE_MAX
);

} // namespace conclave::simulation
