/// Readers of single values that people write: in a configuration file, or in a request. Each takes
/// the whole text or fails with a sentence that says what would be right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conclave/result.hpp"

namespace conclave::text {

/// A value, or what is wrong with its text.
template <class Value>
using parsed = result<Value, std::string>;

/// A whole number within [low, high]; decimal, or hexadecimal behind 0x, which Java's
/// `Integer.getInteger` takes too.
[[nodiscard]] parsed<std::int64_t>
parse_integer(std::string_view text, std::int64_t low, std::int64_t high);

/// A number within [0, 1], such as 0.02.
[[nodiscard]] parsed<double> parse_fraction(std::string_view text);

/// Exactly one of two words, in any case; ZooKeeper refuses to start on others, and so guesses
/// nothing.
[[nodiscard]] parsed<bool>
parse_choice(std::string_view text, std::string_view when_true, std::string_view when_false);

/// A port that can be bound or reached: 1 to 65535.
[[nodiscard]] parsed<std::uint16_t> parse_port(std::string_view text);

/// A host name or address; brackets around an IPv6 literal are removed. Only its characters are
/// checked: whether it exists is found out by whoever binds or connects.
[[nodiscard]] parsed<std::string> parse_host(std::string_view text);

[[nodiscard]] std::string_view trim(std::string_view text);

/// The parts between `separator`, trimmed; empty ones are kept.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// The parts between commas that are not empty.
[[nodiscard]] std::vector<std::string> parse_words(std::string_view text);

[[nodiscard]] std::string lower_case(std::string_view text);

/// `text` for a message: bytes outside printable ASCII as \xNN, cut after 120 of them, so that
/// hostile or binary input can neither flood a log nor forge a line of it.
[[nodiscard]] std::string printable(std::string_view text);

/// `text` whole, with its control characters as \xNN, those of U+0080 to U+009F included: it stays
/// one line and does nothing to a terminal. Tabs stay: the fields of audit events have them
/// between.
[[nodiscard]] std::string without_controls(std::string_view text);

} // namespace conclave::text
