#include "client/recipes/src/contenders.hpp"

#include <algorithm>
#include <charconv>

namespace conclave::recipes::detail {

namespace {

constexpr std::string_view curator_lock = "lock-";
constexpr std::string_view curator_read = "__READ__";
constexpr std::string_view curator_write = "__WRIT__";
constexpr std::string_view curator_latch = "latch-";
constexpr std::string_view kazoo_lock = "__lock__";
constexpr std::string_view kazoo_read = "__rlock__";

/// Of a number as servers write it: at least so many characters, of which a sign is one.
constexpr std::size_t number_width = 10;

std::vector<std::string> texts(std::initializer_list<std::string_view> views) {
    return {views.begin(), views.end()};
}

bool are_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char each) {
        return each >= '0' && each <= '9';
    });
}

/// `%010d` of 32 bits: 0000000007, -000000007, -2147483648.
std::optional<std::int64_t> as_sequence_number(std::string_view text) {
    const std::size_t sign_size = text.starts_with('-') ? 1 : 0;
    const std::string_view digits = text.substr(sign_size);
    const bool has_width = text.size() >= number_width && digits.size() <= number_width;
    if (!has_width || !are_digits(digits)) {
        return std::nullopt;
    }
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return sign_size == 0 ? number : -number;
}

struct numbered {
    std::int64_t place{}; ///< relative to one of them
    const std::string* name{};
};

std::vector<numbered> numbered_in_order(
    const std::vector<std::string>& children, const std::vector<std::string>& markers
) {
    std::vector<numbered> found;
    std::optional<std::int64_t> origin;
    for (const std::string& each : children) {
        if (const auto sequence = sequence_of(each, markers)) {
            origin = origin.value_or(*sequence);
            // The servers' counter has 32 bits and wraps; those that exist at one time are close.
            found.push_back({static_cast<std::int32_t>(*sequence - *origin), &each});
        }
    }
    std::sort(found.begin(), found.end(), [](const numbered& left, const numbered& right) {
        return left.place < right.place;
    });
    return found;
}

} // namespace

contest_rules lock_rules(layout names) {
    const auto everybody = texts({curator_lock, kazoo_lock});
    const auto own = names == layout::curator ? curator_lock : kazoo_lock;
    return {names, std::string{own}, everybody, everybody};
}

contest_rules read_rules(layout names) {
    const auto own = names == layout::curator ? curator_read : kazoo_read;
    return {
        names,
        std::string{own},
        texts({curator_read, curator_write, kazoo_read, kazoo_lock}),
        texts({curator_write, kazoo_lock})};
}

contest_rules write_rules(layout names) {
    const auto own = names == layout::curator ? curator_write : kazoo_lock;
    const auto everybody = texts({curator_read, curator_write, kazoo_read, kazoo_lock});
    return {names, std::string{own}, everybody, everybody};
}

contest_rules latch_rules() {
    const auto everybody = texts({curator_latch});
    return {layout::curator, std::string{curator_latch}, everybody, everybody};
}

std::string name_prefix(const contest_rules& rules, std::string_view unique) {
    std::string prefix;
    if (rules.names == layout::curator) {
        prefix.append("_c_").append(unique).append("-");
    } else {
        std::copy_if(unique.begin(), unique.end(), std::back_inserter(prefix), [](char each) {
            return each != '-';
        });
    }
    return prefix.append(rules.marker);
}

std::optional<std::int64_t>
sequence_of(std::string_view name, const std::vector<std::string>& markers) {
    for (const std::string& marker : markers) {
        const std::size_t place = name.rfind(marker);
        if (place == std::string_view::npos) {
            continue;
        }
        if (const auto number = as_sequence_number(name.substr(place + marker.size()))) {
            return number;
        }
    }
    return std::nullopt;
}

std::vector<std::string>
in_order(const std::vector<std::string>& children, const std::vector<std::string>& markers) {
    std::vector<std::string> names;
    for (const numbered& each : numbered_in_order(children, markers)) {
        names.push_back(*each.name);
    }
    return names;
}

std::optional<standing> find_standing(
    const std::vector<std::string>& children, std::string_view prefix, const contest_rules& rules
) {
    standing found;
    for (const numbered& each : numbered_in_order(children, rules.all)) {
        if (each.name->starts_with(prefix)) {
            if (found.name.empty()) {
                found.name = *each.name;
            } else {
                found.strays.push_back(*each.name);
            }
        } else if (found.name.empty() && sequence_of(*each.name, rules.excluding)) {
            found.predecessor = *each.name;
            ++found.ahead_count;
        }
    }
    return found.name.empty() ? std::nullopt : std::optional{std::move(found)};
}

} // namespace conclave::recipes::detail
