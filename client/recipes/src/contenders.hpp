/// Who is before whom, told from the names of nodes. Pure.
#pragma once

#include <conclave/recipes/layout.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::recipes::detail {

/// The names of one kind of contender. A name is a text unique to the acquisition, a marker, and
/// the number that the server has added, negative after 2^31 nodes.
struct contest_rules {
    layout names = layout::curator;
    std::string marker;           ///< of our own nodes, such as "lock-"
    std::vector<std::string> all; ///< markers of everybody who takes part
    std::vector<std::string>
        excluding; ///< markers of those that must be gone before it is our turn
};

[[nodiscard]] contest_rules lock_rules(layout names);
[[nodiscard]] contest_rules read_rules(layout names);
[[nodiscard]] contest_rules write_rules(layout names);
[[nodiscard]] contest_rules latch_rules();

/// What the name of a node begins with, without its number. `unique` is a version 4 UUID.
[[nodiscard]] std::string name_prefix(const contest_rules& rules, std::string_view unique);

/// The number of a node that takes part; nothing for other nodes.
[[nodiscard]] std::optional<std::int64_t>
sequence_of(std::string_view name, const std::vector<std::string>& markers);

/// The names of those that take part, in their order.
[[nodiscard]] std::vector<std::string>
in_order(const std::vector<std::string>& children, const std::vector<std::string>& markers);

/// Where one acquisition stands.
struct standing {
    std::string name;
    std::optional<std::string> predecessor; ///< the last one that must go before it is our turn
    std::size_t ahead_count = 0;            ///< how many must
    std::vector<std::string> strays;        ///< later nodes of the same acquisition

    friend bool operator==(const standing&, const standing&) = default;
};

/// @return nothing if there is no node that begins with `prefix`
[[nodiscard]] std::optional<standing> find_standing(
    const std::vector<std::string>& children, std::string_view prefix, const contest_rules& rules
);

} // namespace conclave::recipes::detail
