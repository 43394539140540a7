/// Quotas of the tree: what arms them, and the statistics that every change below a prefix updates.
#include "server/tree/reserved.hpp"
#include "server/tree/tree.hpp"

#include <conclave/log_line.hpp>

namespace conclave::tree {

namespace {

/// True if a soft limit of that prefix may be logged now; at most once a minute.
bool may_warn(armed_quota& quota, std::int64_t now_ms) {
    constexpr std::int64_t silence_ms = 60'000;
    if (quota.warned_at_ms && now_ms >= *quota.warned_at_ms &&
        now_ms - *quota.warned_at_ms < silence_ms) {
        return false;
    }
    quota.warned_at_ms = now_ms;
    return true;
}

bool exceeds(std::int64_t soft, std::int64_t hard, std::int64_t used) {
    return hard < 0 && soft >= 0 && used > soft;
}

void warn_if_exceeded(
    quota_table::armed_prefix& armed, const quota_usage& used, std::int64_t now_ms
) {
    const quota_limits& limits = armed.second.limits;
    const bool by_count = exceeds(limits.count, limits.count_hard, used.count);
    const bool by_bytes = exceeds(limits.bytes, limits.bytes_hard, used.bytes);
    if ((by_count || by_bytes) && may_warn(armed.second, now_ms)) {
        log(log_level::warning,
            "quota exceeded prefix={} count={} count_limit={} size_bytes={} size_limit_bytes={}",
            armed.first,
            used.count,
            limits.count,
            used.bytes,
            limits.bytes);
    }
}

std::optional<quota_record> parse_stats(const std::optional<node_view>& stats) {
    return stats ? quota_record::parse(stats->data.value_or(bytes_view{})) : std::nullopt;
}

quota_usage usage_in(const quota_record& record) {
    return {record.value("count"), record.value("bytes")};
}

quota_record to_record(const quota_usage& usage) {
    quota_record record;
    record.set("count", usage.count);
    record.set("bytes", usage.bytes);
    return record;
}

} // namespace

std::optional<quota_status> tree::quota_of(bytes_view path) const {
    const quota_table::armed_prefix* armed = quotas_.covering(path);
    if (armed == nullptr) {
        return std::nullopt;
    }
    quota_status status{armed->first, armed->second.limits, std::nullopt};
    if (const auto record = parse_stats(find(quota_stats_path(armed->first)))) {
        status.usage = usage_in(*record);
    }
    return status;
}

void tree::count_created(
    bytes_view path, std::optional<bytes_view> data, const apply_context& context
) {
    if (path.starts_with(quota_path)) {
        if (const bytes_view limited = prefix_of_quota_limits(path); !limited.empty()) {
            quotas_.arm(limited, quota_limits::parse(data.value_or(bytes_view{})));
        }
        if (const bytes_view counted = prefix_of_quota_stats(path); !counted.empty()) {
            write_total(counted);
        }
    }
    add_usage(path, {1, data ? static_cast<std::int64_t>(data->size()) : 0}, context);
}

void tree::count_deleted(bytes_view path, std::int64_t data_size, const apply_context& context) {
    if (path.starts_with(quota_path)) {
        if (const bytes_view limited = prefix_of_quota_limits(path); !limited.empty()) {
            quotas_.disarm(limited);
        }
    }
    add_usage(path, {-1, -data_size}, context);
}

void tree::count_written(
    bytes_view path,
    std::optional<bytes_view> data,
    std::int64_t growth,
    const apply_context& context
) {
    if (path.starts_with(quota_path)) {
        if (const bytes_view limited = prefix_of_quota_limits(path); !limited.empty()) {
            quotas_.arm(limited, quota_limits::parse(data.value_or(bytes_view{})));
        }
    }
    add_usage(path, {0, growth}, context);
}

void tree::add_usage(bytes_view path, const quota_usage& growth, const apply_context& context) {
    if (quotas_.empty()) {
        return;
    }
    quota_table::armed_prefix* armed = quotas_.covering(path);
    if (armed == nullptr) {
        return;
    }
    const bytes stats_path = quota_stats_path(armed->first);
    std::optional<quota_record> record = parse_stats(find(stats_path));
    if (!record) {
        return; // limits without statistics, or statistics that a client has spoilt: nothing is
                // counted
    }
    const quota_usage after = usage_in(*record) + growth;
    record->set("count", after.count);
    record->set("bytes", after.bytes);
    overwrite_data(stats_path, record->to_text());
    if (growth.count > 0 || growth.bytes > 0) {
        warn_if_exceeded(*armed, after, context.time_ms);
    }
}

void tree::write_total(bytes_view prefix) {
    quota_usage total;
    if (const std::optional<node_view> node = find(prefix)) {
        total = {1, node->data_size()};
    }
    for_each_descendant(prefix, [&](bytes_view, const loaded& found) {
        total.count += 1;
        total.bytes += found.node.data_size();
    });
    overwrite_data(quota_stats_path(prefix), to_record(total).to_text());
}

/// Neither version nor time changes, and nobody is told.
void tree::overwrite_data(bytes_view path, bytes_view data) {
    const node_key key{hash_seed_, path};
    if (const std::optional<loaded> node = load(key, path)) {
        update_node(key, path, *node, node->node.head, node->node.acl, data);
    }
}

} // namespace conclave::tree
