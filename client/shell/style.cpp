#include "client/shell/style.hpp"

#include <algorithm>

namespace conclave::shell {

namespace {

std::string_view sequence(emphasis how) {
    switch (how) {
    case emphasis::strong:
        return "\033[1m";
    case emphasis::faint:
        return "\033[2m";
    case emphasis::name:
        return "\033[34m";
    case emphasis::good:
        return "\033[32m";
    case emphasis::bad:
        return "\033[31m";
    case emphasis::notice:
        return "\033[33m";
    case emphasis::none:
        break;
    }
    return {};
}

} // namespace

std::string style::paint(std::string_view text, emphasis how) const {
    const std::string_view begin = is_coloured_ ? sequence(how) : std::string_view{};
    return begin.empty() ? std::string{text} : std::string{begin} + std::string{text} + "\033[0m";
}

std::size_t width_of(std::string_view text) {
    constexpr unsigned continuation_mask = 0xc0;
    constexpr unsigned continuation = 0x80;
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char octet) {
        return (static_cast<unsigned char>(octet) & continuation_mask) != continuation;
    }));
}

std::string padded(std::string_view text, std::size_t width) {
    const std::size_t taken = width_of(text);
    return std::string{text} + std::string(width > taken ? width - taken : 0, ' ');
}

} // namespace conclave::shell
