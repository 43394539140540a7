/// What a run prints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace conclave::bench {

/// Named figures in the order in which they were added. The unit is the last word of a name, or
/// stands before a qualifier such as `_p99`.
class report {
public:
    using figure = std::variant<std::int64_t, double, std::string>;

    void add(std::string key, std::uint64_t count) {
        add(std::move(key), static_cast<std::int64_t>(count));
    }

    void add(std::string key, std::int64_t number) { lines_.emplace_back(std::move(key), number); }

    void add(std::string key, double number) { lines_.emplace_back(std::move(key), number); }

    void add(std::string key, std::string text) {
        lines_.emplace_back(std::move(key), std::move(text));
    }

    /// One figure per line, aligned.
    [[nodiscard]] std::string as_text() const;

    /// One flat object on one line.
    [[nodiscard]] std::string as_json() const;

private:
    std::vector<std::pair<std::string, figure>> lines_;
};

} // namespace conclave::bench
