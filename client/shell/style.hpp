/// Colours, for a terminal only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conclave::shell {

enum class emphasis : std::uint8_t { none, strong, faint, name, good, bad, notice };

/// Puts the escape sequences of a terminal around a text, or nothing.
class style {
public:
    explicit style(bool is_coloured = false) : is_coloured_(is_coloured) {}

    [[nodiscard]] std::string paint(std::string_view text, emphasis how) const;

    [[nodiscard]] bool is_coloured() const { return is_coloured_; }

private:
    bool is_coloured_;
};

/// How many columns of a terminal a UTF-8 text takes, counting each character as one.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// `text` with spaces behind it up to `width` columns.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);

} // namespace conclave::shell
