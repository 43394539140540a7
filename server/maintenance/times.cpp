#include "server/maintenance/times.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace conclave::maintenance {

namespace {

/// Takes a number of exactly `width` digits, and `behind` if that is not 0.
std::optional<int> take_number(std::string_view& text, std::size_t width, char behind) {
    int number = 0;
    if (text.size() < width) {
        return std::nullopt;
    }
    const auto [end, failed] = std::from_chars(text.data(), text.data() + width, number);
    if (failed != std::errc{} || end != text.data() + width || number < 0) {
        return std::nullopt;
    }
    text.remove_prefix(width);
    if (behind != '\0') {
        if (!text.starts_with(behind)) {
            return std::nullopt;
        }
        text.remove_prefix(1);
    }
    return number;
}

std::optional<int> take_milliseconds(std::string_view& text) {
    if (!text.starts_with('.')) {
        return 0;
    }
    text.remove_prefix(1);
    int milliseconds = 0;
    int digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9' && digits < 3) {
        milliseconds = milliseconds * 10 + (text.front() - '0');
        text.remove_prefix(1);
        ++digits;
    }
    if (digits == 0) {
        return std::nullopt;
    }
    for (; digits < 3; ++digits) {
        milliseconds *= 10;
    }
    return milliseconds;
}

} // namespace

std::string iso_time(std::int64_t time_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> at{milliseconds{time_ms}};
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss time{at - day};
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        time.hours().count(),
        time.minutes().count(),
        time.seconds().count(),
        time.subseconds().count()
    );
}

std::optional<std::int64_t> parse_time(std::string_view text) {
    using namespace std::chrono;
    std::int64_t plain = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), plain);
    if (failed == std::errc{} && end == text.data() + text.size()) {
        return plain;
    }
    const auto year_number = take_number(text, 4, '-');
    const auto month_number = year_number ? take_number(text, 2, '-') : std::nullopt;
    const auto day_number = month_number ? take_number(text, 2, 'T') : std::nullopt;
    const auto hour = day_number ? take_number(text, 2, ':') : std::nullopt;
    const auto minute = hour ? take_number(text, 2, ':') : std::nullopt;
    const auto second = minute ? take_number(text, 2, '\0') : std::nullopt;
    const auto fraction = second ? take_milliseconds(text) : std::nullopt;
    if (!fraction || text != "Z") {
        return std::nullopt;
    }
    const year_month_day date{
        year{*year_number},
        month{static_cast<unsigned>(*month_number)},
        day{static_cast<unsigned>(*day_number)}};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) {
        return std::nullopt;
    }
    const auto at = sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second};
    return duration_cast<milliseconds>(at.time_since_epoch()).count() + *fraction;
}

} // namespace conclave::maintenance
