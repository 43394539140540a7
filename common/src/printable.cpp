#include "conclave/printable.hpp"

#include <fmt/format.h>

#include <iterator>

namespace conclave {

std::string printable(std::string_view text) {
    constexpr unsigned char first_visible = 0x20;
    constexpr unsigned char rubout = 0x7f;
    std::string shown;
    shown.reserve(text.size());
    for (const char each : text) {
        const auto octet = static_cast<unsigned char>(each);
        const bool is_control = (octet < first_visible && each != '\t') || octet == rubout;
        if (is_control) {
            fmt::format_to(std::back_inserter(shown), "\\x{:02x}", octet);
        } else {
            shown += each;
        }
    }
    return shown;
}

} // namespace conclave
