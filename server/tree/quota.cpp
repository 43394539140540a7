#include "server/tree/quota.hpp"

#include "server/tree/reserved.hpp"

#include <conclave/path.hpp>

#include <algorithm>
#include <charconv>

namespace conclave::tree {

namespace {

constexpr bytes_view count_name = "count";
constexpr bytes_view bytes_name = "bytes";
constexpr bytes_view limits_name = "/zookeeper_limits";
constexpr bytes_view stats_name = "/zookeeper_stats";

std::optional<std::int64_t> parse_number(bytes_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

bytes quota_node_path(bytes_view prefix, bytes_view name) {
    bytes path{quota_path};
    path += prefix;
    path += name;
    return path;
}

bytes_view prefix_of(bytes_view path, bytes_view name) {
    if (!path.starts_with(quota_path) || !path.ends_with(name) ||
        path.size() <= quota_path.size() + name.size()) {
        return {};
    }
    const bytes_view prefix =
        path.substr(quota_path.size(), path.size() - quota_path.size() - name.size());
    return prefix.starts_with('/') ? prefix : bytes_view{};
}

/// The longest path that is `path` or an ancestor of it and has at most `size_max` octets; may be
/// empty.
bytes_view truncated(bytes_view path, std::size_t size_max) {
    if (size_max >= path.size() || path[size_max] == '/') {
        return path.substr(0, size_max);
    }
    const std::size_t slash = path.substr(0, size_max).rfind('/');
    return slash == bytes_view::npos ? bytes_view{} : path.substr(0, slash);
}

} // namespace

std::optional<quota_record> quota_record::parse(bytes_view text) {
    quota_record record;
    // Java's split drops empty pieces at the end, and only there.
    const std::size_t last = text.find_last_not_of(",;");
    text = text.substr(0, last == bytes_view::npos ? 0 : last + 1);
    while (!text.empty()) {
        const std::size_t separator = text.find_first_of(",;");
        const bytes_view pair = text.substr(0, separator);
        text.remove_prefix(separator == bytes_view::npos ? text.size() : separator + 1);
        const std::size_t equals = pair.find('=');
        if (equals == bytes_view::npos) {
            return std::nullopt;
        }
        const bytes_view rest = pair.substr(equals + 1);
        const std::optional<std::int64_t> number = parse_number(rest.substr(0, rest.find('=')));
        if (!number) {
            return std::nullopt;
        }
        record.set(pair.substr(0, equals), *number);
    }
    return record;
}

std::int64_t quota_record::value(bytes_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? -1 : found->second;
}

void quota_record::set(bytes_view name, std::int64_t number) {
    values_.insert_or_assign(bytes{name}, number);
}

bytes quota_record::to_text() const {
    bytes text = "count=" + std::to_string(value(count_name)) +
                 ",bytes=" + std::to_string(value(bytes_name));
    bool is_first = true;
    for (const auto& [name, number] : values_) {
        if (name == count_name || name == bytes_name) {
            continue;
        }
        text += is_first ? "=;" : ";";
        text += name + "=" + std::to_string(number);
        is_first = false;
    }
    return text;
}

quota_usage quota_usage::operator+(const quota_usage& growth) const {
    const auto add = [](std::int64_t left, std::int64_t right) {
        return static_cast<std::int64_t>(
            static_cast<std::uint64_t>(left) + static_cast<std::uint64_t>(right)
        );
    };
    return {add(count, growth.count), add(bytes, growth.bytes)};
}

quota_usage quota_usage::operator-() const {
    const auto negate = [](std::int64_t number) {
        return static_cast<std::int64_t>(std::uint64_t{0} - static_cast<std::uint64_t>(number));
    };
    return {negate(count), negate(bytes)};
}

quota_limits quota_limits::parse(bytes_view text) {
    const std::optional<quota_record> record = quota_record::parse(text);
    if (!record) {
        return {};
    }
    return {
        record->value(count_name),
        record->value(bytes_name),
        record->value("countHardLimit"),
        record->value("byteHardLimit")};
}

bytes quota_limits_path(bytes_view prefix) {
    return quota_node_path(prefix, limits_name);
}

bytes quota_stats_path(bytes_view prefix) {
    return quota_node_path(prefix, stats_name);
}

bool is_root_quota(bytes_view path) {
    return path.size() == quota_path.size() + limits_name.size() && path.starts_with(quota_path) &&
           path.ends_with(limits_name);
}

bytes_view prefix_of_quota_limits(bytes_view path) {
    return prefix_of(path, limits_name);
}

bytes_view prefix_of_quota_stats(bytes_view path) {
    return prefix_of(path, stats_name);
}

void quota_table::arm(bytes_view prefix, const quota_limits& limits) {
    armed_.insert_or_assign(bytes{prefix}, armed_quota{limits, std::nullopt});
}

void quota_table::disarm(bytes_view prefix) {
    if (const auto found = armed_.find(prefix); found != armed_.end()) {
        armed_.erase(found);
    }
}

template <class Armed>
auto quota_table::find_covering(Armed& armed, bytes_view path) -> decltype(&*armed.begin()) {
    // The greatest armed prefix that is not behind the path in octet order is the one sought, or
    // shares with the path whatever is sought: so each step cuts the path to what they share, and
    // looks again.
    bytes_view probe = path;
    while (!probe.empty()) {
        auto behind = armed.upper_bound(probe);
        if (behind == armed.begin()) {
            return nullptr;
        }
        auto& candidate = *--behind;
        const bytes_view prefix = candidate.first;
        if (path::is_at_or_below(probe, prefix)) {
            return &candidate;
        }
        const auto difference =
            std::mismatch(probe.begin(), probe.end(), prefix.begin(), prefix.end());
        probe = truncated(probe, static_cast<std::size_t>(difference.first - probe.begin()));
    }
    return nullptr;
}

const quota_table::armed_prefix* quota_table::covering(bytes_view path) const {
    return find_covering(armed_, path);
}

quota_table::armed_prefix* quota_table::covering(bytes_view path) {
    return find_covering(armed_, path);
}

} // namespace conclave::tree
