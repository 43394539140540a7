/// What a checker says.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace conclave::history {

/// In order of weight: the verdict on the whole is the heaviest of its parts.
enum class verdict {
    holds,
    undecided, ///< the search was given up at its limit; says nothing either way
    violated,
};

/// Findings of one or more checkers. Without findings all holds.
struct report {
    verdict result = verdict::holds;
    std::vector<std::string> explanations; ///< one per finding, possibly of several lines

    void add(verdict found, std::string explanation) {
        result = std::max(result, found);
        explanations.push_back(std::move(explanation));
    }

    void add(report other) {
        result = std::max(result, other.result);
        std::ranges::move(other.explanations, std::back_inserter(explanations));
    }
};

} // namespace conclave::history
