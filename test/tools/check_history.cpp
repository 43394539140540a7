/// Judges what clients saw: `check-history [--steps N] FILE...`, each file in the format of
/// test/support/history/README.md; "-" is the standard input. Several files are one history.
///
/// Exit code: 0 = holds, 1 = violated, 2 = undecided within N steps per node, 3 = the input could
/// not be read.
#include "test/support/history/check.hpp"
#include "test/support/history/json_lines.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string_view>

namespace {

using namespace conclave;

constexpr int exit_unreadable = 3;

/// Further findings are counted only.
constexpr std::size_t shown_count = 20;

result<std::size_t, std::string> read(const std::string& name, history::history& to) {
    if (name == "-") {
        return history::read_json_lines(std::cin, to);
    }
    std::ifstream file{name};
    if (!file) {
        return unexpected{std::string{"cannot be opened"}};
    }
    return history::read_json_lines(file, to);
}

int tell(const history::history& seen, const history::report& found) {
    static constexpr const char* names[]{"holds", "undecided", "violated"};
    static constexpr int exit_codes[]{0, 2, 1};
    const auto which = static_cast<std::size_t>(found.result);
    fmt::print(
        "{}: {} operations, {} records, {} events, {} findings\n",
        names[which],
        seen.operations.size(),
        seen.records.size(),
        seen.events.size(),
        found.explanations.size()
    );
    for (std::size_t index = 0; index < found.explanations.size() && index < shown_count; ++index) {
        fmt::print("\n{}\n", found.explanations[index]);
    }
    return exit_codes[which];
}

int run(int count, char** values) {
    history::history seen;
    history::search_limits limits;
    bool is_empty = true;
    for (int index = 1; index < count; ++index) {
        const std::string_view argument = values[index];
        if (argument == "--steps" && index + 1 < count) {
            limits.step_count_max = std::stoull(values[++index]);
            continue;
        }
        is_empty = false;
        const auto outcome = read(std::string{argument}, seen);
        if (!outcome) {
            fmt::print(stderr, "check-history: {}: {}\n", argument, outcome.error());
            return exit_unreadable;
        }
    }
    if (is_empty) {
        fmt::print(stderr, "usage: check-history [--steps N] FILE...\n");
        return exit_unreadable;
    }
    return tell(seen, history::check(seen, limits));
}

} // namespace

int main(int count, char** values) {
    try {
        return run(count, values);
    } catch (const std::exception& problem) { // such as a number after --steps that is none
        fmt::print(stderr, "check-history: {}\n", problem.what());
        return exit_unreadable;
    }
}
