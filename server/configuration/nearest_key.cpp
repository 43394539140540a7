#include "server/configuration/known_keys.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

namespace conclave::configuration {

namespace {

constexpr std::size_t key_size_max = 64;

/// The number of characters to insert, delete or replace to turn one word into the other. `to` is
/// at most `key_size_max` long.
std::size_t edit_distance(std::string_view from, std::string_view to) {
    // One row of the table of distances between prefixes; `diagonal` is what the row before had to
    // the left.
    std::array<std::size_t, key_size_max + 1> row{};
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t index = 0; index < from.size(); ++index) {
        std::size_t diagonal = row[0];
        row[0] = index + 1;
        for (std::size_t column = 1; column <= to.size(); ++column) {
            const std::size_t replaced = diagonal + (from[index] == to[column - 1] ? 0 : 1);
            diagonal = row[column];
            row[column] = std::min({row[column] + 1, row[column - 1] + 1, replaced});
        }
    }
    return row[to.size()];
}

std::size_t size_difference(std::string_view left, std::string_view right) {
    return std::max(left.size(), right.size()) - std::min(left.size(), right.size());
}

/// Remembers the closest candidate; the first of equals.
class closest {
public:
    /// One character may be wrong, and one more for every five; two that are swapped count as two.
    explicit closest(std::string_view word)
        : word_(lower_case(word)), limit_(std::min<std::size_t>(4, 1 + word.size() / 5)) {}

    void offer(std::string_view candidate, std::string_view suffix = {}) {
        // The sizes alone rule most candidates out.
        if (size_difference(word_, candidate) > limit_ || candidate.size() > key_size_max) {
            return;
        }
        const std::size_t distance = edit_distance(word_, lower_case(candidate));
        if (distance <= limit_ && (best_.empty() || distance < distance_)) {
            best_ = std::string(candidate) + std::string(suffix);
            distance_ = distance;
        }
    }

    [[nodiscard]] const std::string& best() const { return best_; }

private:
    std::string word_;
    std::size_t limit_;
    std::size_t distance_ = 0;
    std::string best_;
};

} // namespace

std::string nearest_key(std::string_view key) {
    if (key.size() > key_size_max) {
        return {};
    }
    closest whole(key);
    const std::size_t dot = std::min(key.find('.'), key.size());
    closest family(key.substr(0, dot));
    for (const key_rule& rule : known_keys()) {
        if (!rule.name.ends_with(".*")) {
            whole.offer(rule.name);
        } else if (dot < key.size()) {
            family.offer(rule.name.substr(0, rule.name.size() - 2), key.substr(dot));
        }
    }
    return whole.best().empty() ? family.best() : whole.best();
}

} // namespace conclave::configuration
