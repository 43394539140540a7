#include "server/admin/exposition.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace conclave::admin {

namespace {

using duration = replica::latency_histogram::duration;

constexpr std::array<std::pair<bytes_view, duration>, 16> bounds{{
    {"0.0001", duration{100}},
    {"0.00025", duration{250}},
    {"0.0005", duration{500}},
    {"0.001", duration{1'000}},
    {"0.0025", duration{2'500}},
    {"0.005", duration{5'000}},
    {"0.01", duration{10'000}},
    {"0.025", duration{25'000}},
    {"0.05", duration{50'000}},
    {"0.1", duration{100'000}},
    {"0.25", duration{250'000}},
    {"0.5", duration{500'000}},
    {"1", duration{1'000'000}},
    {"2.5", duration{2'500'000}},
    {"5", duration{5'000'000}},
    {"10", duration{10'000'000}},
}};

/// What is no UTF-8 would make the reader refuse the whole page.
bytes escaped(bytes_view value) {
    const bool is_text = utf8::is_valid(value);
    bytes out;
    for (const char each : value) {
        if (!is_text && (static_cast<unsigned char>(each) & 0x80U) != 0) {
            out += '?';
            continue;
        }
        if (each == '\n') {
            out += "\\n";
            continue;
        }
        if (each == '\\' || each == '"') {
            out += '\\';
        }
        out += each;
    }
    return out;
}

} // namespace

void exposition::head(bytes_view name, bytes_view type, bytes_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void exposition::begin_sample(bytes_view name, labels with) {
    text_ += name;
    char separator = '{';
    for (const auto& [label, value] : with) {
        if (!label.empty()) {
            fmt::format_to(
                std::back_inserter(text_), "{}{}=\"{}\"", separator, label, escaped(value)
            );
            separator = ',';
        }
    }
    text_ += separator == ',' ? "} " : " ";
}

void exposition::sample(bytes_view name, labels with, double value) {
    begin_sample(name, with);
    fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void exposition::sample(bytes_view name, labels with, std::int64_t value) {
    begin_sample(name, with);
    fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void exposition::single(bytes_view name, bytes_view type, bytes_view help, double value) {
    head(name, type, help);
    sample(name, {}, value);
}

void exposition::single(bytes_view name, bytes_view type, bytes_view help, std::int64_t value) {
    head(name, type, help);
    sample(name, {}, value);
}

void exposition::histogram(
    bytes_view name, std::pair<bytes_view, bytes_view> with, const replica::latency_histogram& of
) {
    const bytes bucket = fmt::format("{}_bucket", name);
    for (const auto& [text, bound] : bounds) {
        sample(bucket, {with, {"le", text}}, of.count_within(bound));
    }
    sample(bucket, {with, {"le", "+Inf"}}, of.count());
    sample(fmt::format("{}_sum", name), {with}, std::chrono::duration<double>(of.sum()).count());
    sample(fmt::format("{}_count", name), {with}, of.count());
}

} // namespace conclave::admin
