#include "client/shell/commands/options.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>

#include <limits>

namespace conclave::shell::commands {

outcome<std::int32_t> version_of(std::string_view text) {
    using limits = std::numeric_limits<std::int32_t>;
    const auto number = text::parse_integer(text, limits::min(), limits::max());
    if (!number) {
        return misused(fmt::format("\"{}\" is no version: expected a whole number", text));
    }
    return static_cast<std::int32_t>(*number);
}

outcome<std::int32_t> version_option(const arguments& given) {
    const auto written = given.value("v");
    return written ? version_of(*written) : outcome<std::int32_t>{-1};
}

bool wants_watch(shell& in, const arguments& given, std::string_view usage) {
    if (in.is_zkcli() && given.count() > 1) {
        const std::string_view name = usage.substr(0, usage.find(' '));
        in.output().remark(fmt::format(
            "'{} path [watch]' has been deprecated. Please use '{}' instead.", name, usage
        ));
        return true;
    }
    return given.has("w");
}

} // namespace conclave::shell::commands
