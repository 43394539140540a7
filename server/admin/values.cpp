#include "server/admin/values.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace conclave::admin {

bytes decimal(double number) {
    constexpr double places = 10'000;
    bytes text = fmt::format("{:.4f}", std::round(number * places) / places);
    while (text.back() == '0' && text[text.size() - 2] != '.') {
        text.pop_back();
    }
    return text;
}

bytes date(std::int64_t wall_ms) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm fields{};
    ::gmtime_r(&seconds, &fields);
    std::array<char, 64> text{};
    const std::size_t size =
        std::strftime(text.data(), text.size(), "%a %b %d %H:%M:%S UTC %Y", &fields);
    return {text.data(), size};
}

bytes hex(std::int64_t number) {
    return fmt::format("0x{:x}", static_cast<std::uint64_t>(number));
}

std::optional<zxid> parse_zxid(bytes_view text) {
    const bool is_hex = text.starts_with("0x");
    text.remove_prefix(is_hex ? 2 : 0);
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number, is_hex ? 16 : 10);
    const bool is_whole = failed == std::errc{} && stop == end && number >= 0;
    return is_whole ? std::optional{zxid{number}} : std::nullopt;
}

bytes address(const replica::peer_address& peer) {
    const bool is_v6 = peer.ip.find(':') != bytes::npos;
    return fmt::format("/{}{}{}:{}", is_v6 ? "[" : "", peer.ip, is_v6 ? "]" : "", peer.port);
}

} // namespace conclave::admin
