#include "client/recipes/src/counter_text.hpp"

#include <charconv>
#include <limits>

namespace conclave::recipes::detail {

namespace {

template <class Integer>
std::optional<std::int64_t> parse_binary(bytes_view data) {
    if (data.size() != sizeof(Integer)) {
        return std::nullopt;
    }
    std::make_unsigned_t<Integer> number = 0;
    for (const char octet : data) {
        number = (number << 8U) | static_cast<unsigned char>(octet);
    }
    return static_cast<Integer>(number);
}

bytes format_binary(std::uint64_t number, std::size_t size) {
    bytes data(size, '\0');
    for (std::size_t index = size; index > 0; --index) {
        data[index - 1] = static_cast<char>(number & 0xffU);
        number >>= 8U;
    }
    return data;
}

std::optional<std::int64_t> parse_text(bytes_view data) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(data.data(), data.data() + data.size(), number);
    const bool is_number = failed == std::errc{} && end == data.data() + data.size();
    return is_number ? std::optional{number} : std::nullopt;
}

} // namespace

std::optional<std::int64_t> parse_number(bytes_view data, counter_format format) {
    if (data.empty()) {
        return 0;
    }
    switch (format) {
    case counter_format::text:
        return parse_text(data);
    case counter_format::binary_32bit:
        return parse_binary<std::int32_t>(data);
    case counter_format::binary_64bit:
        return parse_binary<std::int64_t>(data);
    }
    return std::nullopt;
}

std::optional<bytes> format_number(std::int64_t number, counter_format format) {
    const auto bits = static_cast<std::uint64_t>(number);
    switch (format) {
    case counter_format::text:
        return std::to_string(number);
    case counter_format::binary_32bit:
        if (number < std::numeric_limits<std::int32_t>::min() ||
            number > std::numeric_limits<std::int32_t>::max()) {
            return std::nullopt;
        }
        return format_binary(bits, sizeof(std::int32_t));
    case counter_format::binary_64bit:
        return format_binary(bits, sizeof(std::int64_t));
    }
    return std::nullopt;
}

std::optional<std::int64_t> sum(std::int64_t left, std::int64_t right) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
    const bool fits = right >= 0 ? left <= greatest - right : left >= least - right;
    return fits ? std::optional{left + right} : std::nullopt;
}

} // namespace conclave::recipes::detail
