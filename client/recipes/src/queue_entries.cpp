#include "client/recipes/src/queue_entries.hpp"

#include <fmt/format.h>

namespace conclave::recipes::detail {

namespace {

constexpr int kazoo_priority_default = 100;
constexpr int kazoo_priority_max = 999;
constexpr std::string_view curator_name = "queue-";

// Curator: a version, then for each item a mark, its size and its octets, then a mark of the end.
constexpr std::uint32_t curator_version = 0x00010001;
constexpr char item_mark = 1;
constexpr char end_mark = 2;

void append_number(bytes& to, std::uint32_t number) {
    constexpr unsigned bits_per_octet = 8;
    for (unsigned shift = 32; shift > 0; shift -= bits_per_octet) {
        to.push_back(static_cast<char>(number >> (shift - bits_per_octet)));
    }
}

/// Takes a number from the front; nothing if there is none.
std::optional<std::uint32_t> take_number(bytes_view& from) {
    if (from.size() < sizeof(std::uint32_t)) {
        return std::nullopt;
    }
    std::uint32_t number = 0;
    for (const char octet : from.substr(0, sizeof(number))) {
        number = (number << 8U) | static_cast<unsigned char>(octet);
    }
    from.remove_prefix(sizeof(number));
    return number;
}

std::optional<std::vector<bytes>> parse_curator(bytes_view data) {
    if (take_number(data) != curator_version) {
        return std::nullopt;
    }
    std::vector<bytes> items;
    while (!data.empty() && data.front() == item_mark) {
        data.remove_prefix(1);
        const auto size = take_number(data);
        if (!size || *size > data.size()) {
            return std::nullopt;
        }
        items.emplace_back(data.substr(0, *size));
        data.remove_prefix(*size);
    }
    const bool is_whole = !data.empty() && data.front() == end_mark && !items.empty();
    return is_whole ? std::optional{std::move(items)} : std::nullopt;
}

std::optional<std::string> kazoo_prefix(int priority) {
    if (priority < 0 || priority > kazoo_priority_max) {
        return std::nullopt;
    }
    return fmt::format("entry-{:03d}-", priority);
}

/// Sorted as texts, negative numbers come first.
std::string curator_prefix(int priority) {
    const char sign = priority < 0 ? '0' : '1';
    return fmt::format("{}{}{:08X}", curator_name, sign, static_cast<std::uint32_t>(priority));
}

} // namespace

std::optional<std::string> entry_prefix(layout names, std::optional<int> priority) {
    if (names == layout::kazoo) {
        return kazoo_prefix(priority.value_or(kazoo_priority_default));
    }
    return priority ? curator_prefix(*priority) : std::string{curator_name};
}

bool is_entry(layout names, std::string_view name) {
    return names == layout::kazoo || name.starts_with(curator_name);
}

bytes format_entry(layout names, bytes_view item) {
    if (names == layout::kazoo) {
        return bytes{item};
    }
    bytes data;
    append_number(data, curator_version);
    data.push_back(item_mark);
    append_number(data, static_cast<std::uint32_t>(item.size()));
    data.append(item);
    data.push_back(end_mark);
    return data;
}

std::optional<std::vector<bytes>> parse_entry(layout names, bytes data) {
    if (names == layout::kazoo) {
        std::vector<bytes> items;
        items.push_back(std::move(data));
        return items;
    }
    return parse_curator(data);
}

} // namespace conclave::recipes::detail
