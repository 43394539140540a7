/// Where lines come from.
#pragma once

#include "client/shell/failure.hpp"

#include <optional>
#include <string>

namespace conclave::shell {

/// Gives the lines of a script or of a person, one after the other. Runs the event loop while it
/// waits.
class line_source {
public:
    line_source() = default;
    virtual ~line_source() = default;

    line_source(const line_source&) = delete;
    line_source& operator=(const line_source&) = delete;

    /// The next line without its end; nothing at the end of the input.
    virtual std::optional<std::string> next() = 0;

    /// Why there is no next line, if the input has not just ended.
    [[nodiscard]] virtual std::optional<failure> complaint() const { return std::nullopt; }
};

} // namespace conclave::shell
