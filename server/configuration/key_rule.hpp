/// One entry of the table of known keys, and the makers of the usual kinds of entry.
#pragma once

#include "server/configuration/draft.hpp"
#include "server/configuration/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace conclave::configuration {

enum class support : std::uint8_t {
    honoured,        ///< does what it says
    without_meaning, ///< accepted with a note: there is nothing here that it could tune
    not_yet,         ///< accepted with a warning: clients or operators will miss it
    refused,         ///< an error: to go on without it would be less secure than the file asks for
};

struct key_rule {
    /// Takes one value. The error is a sentence without the key.
    using apply_function =
        result<void, std::string> (*)(draft&, std::string_view key, std::string_view value);

    /// The value in force, as the file would write it; empty for "none".
    using show_function = std::string (*)(const settings&);

    std::string_view name; ///< ".*" at the end: every key that begins so
    support level = support::honoured;
    std::string_view reason{};  ///< why it is not honoured
    std::string_view neutral{}; ///< the value that asks for nothing, and needs no remark
    apply_function apply = nullptr;
    show_function show = nullptr;
    bool secret = false; ///< the value appears in no message
};

namespace rules {

/// The member at the end of a path, as in `values.client_tls.key_store`.
template <auto... Path>
constexpr auto& member(auto& values) {
    return (values.*....*Path);
}

template <auto... Path>
using member_type = std::remove_cvref_t<decltype(member<Path...>(std::declval<settings&>()))>;

template <class Value>
constexpr bool is_duration = requires {
    typename Value::period;
};

/// A whole number, or a duration that is written as one in the unit of its type.
template <auto Member, std::int64_t Low, std::int64_t High>
constexpr key_rule number(std::string_view name) {
    key_rule rule{name};
    rule.apply = [](draft& into, std::string_view, std::string_view value) {
        return store(parse_integer(value, Low, High), into.values.*Member);
    };
    rule.show = [](const settings& values) {
        if constexpr (is_duration<member_type<Member>>) {
            return std::to_string((values.*Member).count());
        } else {
            return std::to_string(values.*Member);
        }
    };
    return rule;
}

template <auto Member>
constexpr key_rule fraction(std::string_view name) {
    key_rule rule{name};
    rule.apply = [](draft& into, std::string_view, std::string_view value) {
        return store(parse_fraction(value), into.values.*Member);
    };
    rule.show = [](const settings& values) {
        return fmt::format("{}", values.*Member);
    };
    return rule;
}

/// A choice between `true` and `false`.
template <auto... Path>
constexpr key_rule flag(std::string_view name) {
    key_rule rule{name};
    rule.apply = [](draft& into, std::string_view, std::string_view value) {
        return store(parse_choice(value, "true", "false"), member<Path...>(into.values));
    };
    rule.show = [](const settings& values) {
        return std::string(member<Path...>(values) ? "true" : "false");
    };
    return rule;
}

/// A choice between `yes` and `no`: the two keys that ZooKeeper spells so.
template <auto Member>
constexpr key_rule yes_or_no(std::string_view name) {
    key_rule rule{name};
    rule.apply = [](draft& into, std::string_view, std::string_view value) {
        return store(parse_choice(value, "yes", "no"), into.values.*Member);
    };
    rule.show = [](const settings& values) {
        return std::string(values.*Member ? "yes" : "no");
    };
    return rule;
}

template <auto... Path>
constexpr key_rule text(std::string_view name) {
    key_rule rule{name};
    rule.apply = [](draft& into, std::string_view, std::string_view value) {
        return store(parsed<std::string>(std::string(value)), member<Path...>(into.values));
    };
    rule.show = [](const settings& values) {
        return member<Path...>(values);
    };
    return rule;
}

template <auto... Path>
constexpr key_rule secret_text(std::string_view name) {
    key_rule rule = text<Path...>(name);
    rule.secret = true;
    return rule;
}

/// Words between commas.
template <auto... Path>
constexpr key_rule words(std::string_view name) {
    key_rule rule{name};
    rule.apply = [](draft& into, std::string_view, std::string_view value) {
        return store(
            parsed<std::vector<std::string>>(parse_words(value)), member<Path...>(into.values)
        );
    };
    rule.show = [](const settings& values) {
        return fmt::format("{}", fmt::join(member<Path...>(values), ","));
    };
    return rule;
}

constexpr key_rule
custom(std::string_view name, key_rule::apply_function apply, key_rule::show_function show) {
    key_rule rule{name};
    rule.apply = apply;
    rule.show = show;
    return rule;
}

constexpr key_rule
ignored(std::string_view name, std::string_view reason, std::string_view neutral = {}) {
    return {name, support::without_meaning, reason, neutral};
}

constexpr key_rule
missing(std::string_view name, std::string_view reason, std::string_view neutral = {}) {
    return {name, support::not_yet, reason, neutral};
}

constexpr key_rule
refused(std::string_view name, std::string_view reason, std::string_view neutral) {
    return {name, support::refused, reason, neutral};
}

} // namespace rules

} // namespace conclave::configuration
