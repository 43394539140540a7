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

constexpr std::size_t digit_count = 10;

std::vector<std::string> texts(std::initializer_list<std::string_view> views) {
    return {views.begin(), views.end()};
}

bool are_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char each) {
        return each >= '0' && each <= '9';
    });
}

/// The number at the end of a name takes its sign with it, which may also be the end of the marker
/// (`lock-`): the reading that leaves a marker is the right one.
bool ends_with_any(std::string_view text, const std::vector<std::string>& markers) {
    return std::any_of(markers.begin(), markers.end(), [&](const std::string& each) {
        return text.ends_with(each);
    });
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
    if (name.size() < digit_count || !are_digits(name.substr(name.size() - digit_count))) {
        return std::nullopt;
    }
    std::string_view digits = name.substr(name.size() - digit_count);
    std::string_view rest = name.substr(0, name.size() - digit_count);
    std::int64_t sequence = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
    if (ends_with_any(rest, markers)) {
        return sequence;
    }
    if (rest.ends_with('-') && ends_with_any(rest.substr(0, rest.size() - 1), markers)) {
        return -sequence;
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
