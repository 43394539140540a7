/// The readers of values, and what puts a value into the settings.
#pragma once

#include <conclave/text.hpp>

#include <string>
#include <utility>

namespace conclave::configuration {

using text::lower_case;
using text::parse_choice;
using text::parse_fraction;
using text::parse_host;
using text::parse_integer;
using text::parse_port;
using text::parse_words;
using text::parsed;
using text::split;
using text::trim;

/// Puts a value where it belongs, converted to the type of `target`, or hands its error on. The
/// reader has checked that the value fits.
template <class Value, class Target>
result<void, std::string> store(parsed<Value> value, Target& target) {
    if (!value) {
        return unexpected{value.error()};
    }
    target = static_cast<Target>(std::move(*value));
    return {};
}

} // namespace conclave::configuration
