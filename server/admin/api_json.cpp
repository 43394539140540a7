#include "server/admin/api_json.hpp"

#include "server/admin/values.hpp"

#include <conclave/identity.hpp>
#include <conclave/path.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

json permissions_json(std::int32_t permissions) {
    constexpr std::pair<std::int32_t, bytes_view> names[] = {
        {permission::create, "c"},
        {permission::remove, "d"},
        {permission::read, "r"},
        {permission::write, "w"},
        {permission::admin, "a"}};
    bytes text;
    for (const auto& [bit, letter] : names) {
        text += (permissions & bit) != 0 ? letter : "";
    }
    return text;
}

/// Octets of which JSON makes six each: a megabyte of zeros would be six.
bool is_mostly_escapes(bytes_view text) {
    constexpr std::ptrdiff_t fraction = 8;
    const auto is_control = [](char each) {
        return static_cast<unsigned char>(each) < 0x20 && each != '\n' && each != '\r' &&
               each != '\t';
    };
    const auto count = std::count_if(text.begin(), text.end(), is_control);
    return count * fraction > static_cast<std::ptrdiff_t>(text.size());
}

bytes_view name_of(zab::feeding mode) {
    switch (mode) {
    case zab::feeding::streaming:
        return "memory";
    case zab::feeding::reading:
        return "log";
    case zab::feeding::snapshot:
        break;
    }
    return "snapshot";
}

json follower_json(const replica::follower_status& follower, zxid logged, zxid committed) {
    return {
        {"acknowledged_zxid", hex_text(follower.acknowledged.value)},
        {"applied_zxid", hex_text(follower.applied.value)},
        {"lag_transactions", lag_of(follower.acknowledged, logged)},
        {"is_in_sync", follower.acknowledged >= committed},
        {"fed_from", name_of(follower.fed_by)},
        {"silent_ms", follower.silent_ms}};
}

} // namespace

std::optional<nlohmann::json> parse_body(bytes_view text) {
    using body = nlohmann::json;
    constexpr int depth_max = 8;
    bool is_too_deep = false;
    const auto is_kept = [&](int depth, body::parse_event_t, const body&) {
        is_too_deep = is_too_deep || depth > depth_max;
        return !is_too_deep;
    };
    body parsed = body::parse(text, is_kept, false);
    if (is_too_deep || parsed.is_discarded()) {
        return std::nullopt;
    }
    return parsed;
}

bytes hex_text(std::int64_t number) {
    return hex(number);
}

std::optional<std::int64_t> parse_hex(bytes_view text) {
    if (text.starts_with("0x")) {
        text.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    constexpr int base = 16;
    const auto [stop, failed] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || failed != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(value);
}

json stat_json(const stat& of) {
    return {
        {"czxid", hex_text(of.czxid.value)},
        {"mzxid", hex_text(of.mzxid.value)},
        {"pzxid", hex_text(of.pzxid.value)},
        {"ctime_ms", of.ctime_ms},
        {"mtime_ms", of.mtime_ms},
        {"version", of.version},
        {"cversion", of.cversion},
        {"aversion", of.aversion},
        {"ephemeral_owner",
         of.ephemeral_owner == session_id{} ? json(nullptr)
                                            : json(hex_text(of.ephemeral_owner.value))},
        {"data_length_bytes", of.data_length},
        {"child_count", of.num_children}};
}

json data_json(const std::optional<bytes>& data) {
    if (!data) {
        return nullptr;
    }
    const bool is_text = utf8::is_valid(*data) && !is_mostly_escapes(*data);
    return {{"encoding", is_text ? "utf-8" : "base64"}, {"value", is_text ? *data : base64(*data)}};
}

json quota_json(const quota_facts& quota) {
    const auto limit = [](std::int64_t value) {
        return value < 0 ? json(nullptr) : json(value);
    };
    return {
        {"path", quota.top_name},
        {"count_limit", limit(quota.count_limit)},
        {"count_used", quota.count_used},
        {"bytes_limit", limit(quota.bytes_limit)},
        {"bytes_used", quota.bytes_used}};
}

json acl_json(const replica::acl_copy& acl) {
    json entries = json::array();
    for (const replica::acl_entry& each : acl.entries) {
        entries.push_back(
            {{"scheme", each.scheme},
             {"id", each.id},
             {"permissions", permissions_json(each.permissions)}}
        );
    }
    return {{"acl", entries}, {"aversion", acl.version}};
}

json children_json(const replica::children_reading& reading) {
    json children = json::array();
    for (const replica::child_copy& each : reading.found) {
        json told{{"name", each.name}};
        if (reading.with_stat || reading.with_data) {
            told["readable"] = each.node.has_value();
        }
        if (each.node && reading.with_stat) {
            told["stat"] = stat_json(each.node->about);
        }
        if (each.node && reading.with_data) {
            told["data"] = data_json(each.node->data);
        }
        children.push_back(std::move(told));
    }
    return {
        {"path", reading.path},
        {"child_count", reading.parent.num_children},
        {"cversion", reading.parent.cversion},
        {"children", std::move(children)},
        {"next_after", reading.is_last ? json(nullptr) : json(reading.after)}};
}

json latency_json(const replica::latency_histogram& of) {
    const auto ms = [](replica::latency_histogram::duration took) {
        return std::chrono::duration<double, std::milli>(took).count();
    };
    return {
        {"count", of.count()},
        {"sum_ms", ms(of.sum())},
        {"p50_ms", ms(of.percentile(0.5))},
        {"p99_ms", ms(of.percentile(0.99))},
        {"p999_ms", ms(of.percentile(0.999))},
        {"max_ms", ms(of.most())}};
}

json status_json(const measured_facts& measured) {
    const replica::status& status = measured.server.status;
    const replica::counters& counted = measured.server.counters;
    json latency{
        {"read", latency_json(counted.read_latency)},
        {"write", latency_json(counted.update_latency)},
        {"commit", latency_json(counted.commit_time)}};
    for (std::size_t index = 0; index < replica::stage_count; ++index) {
        latency[bytes{replica::stage_names[index]}] = latency_json(counted.stages[index]);
    }
    for (const summary& each : measured.summaries) {
        if (each.times) {
            latency[each.name == "fsynctime" ? "log_sync" : "checkpoint"] =
                latency_json(*each.times);
        }
    }
    return {
        {"version", measured.server.version},
        {"mode", measured.server.mode},
        {"serving", status.serving},
        {"writes_refused", status.writes_refused},
        {"server_id", measured.ensemble.self.value},
        {"leader_id", measured.ensemble.leader.value},
        {"epoch", measured.ensemble.current_epoch.value},
        {"last_applied_zxid", hex_text(status.last_applied.value)},
        {"uptime_ms", status.uptime_ms},
        {"node_count", status.node_count},
        {"ephemeral_count", status.ephemeral_count},
        {"data_size_bytes", status.data_size},
        {"watch_count", status.watch_count},
        {"session_count", status.session_count},
        {"connection_count", status.connection_count},
        {"outstanding_count", status.outstanding},
        {"reads_total", counted.read_latency.count()},
        {"writes_total", counted.update_latency.count()},
        {"commits_total", counted.commits},
        {"received_total", counted.packets_received},
        {"sent_total", counted.packets_sent},
        {"sessions_expired_total", counted.sessions_expired},
        {"unsaved_bytes", measured.ensemble.unsaved_size},
        {"checkpoint_size_bytes", measured.sizes.data},
        {"log_size_bytes", measured.sizes.log},
        {"latency", std::move(latency)}};
}

json ensemble_json(const replica::ensemble_status& ensemble, zxid last_applied) {
    json members = json::array();
    for (const replica::member_status& each : ensemble.members) {
        json told{
            {"server_id", each.id.value},
            {"is_self", each.id == ensemble.self},
            {"is_leader", each.id == ensemble.leader},
            {"is_voter", each.is_voter},
            {"weight", each.weight},
            {"group", each.group},
            {"address", each.address}};
        told["following"] =
            each.follower ? follower_json(*each.follower, ensemble.last_logged, ensemble.committed)
                          : json(nullptr);
        members.push_back(std::move(told));
    }
    json events;
    zab::core_counters::for_each(ensemble.counted, [&](bytes_view name, std::uint64_t count) {
        events[bytes{name}] = count;
    });
    return {
        {"server_id", ensemble.self.value},
        {"role", replica::name(ensemble.role)},
        {"leader_id", ensemble.leader == server_id{} ? json(nullptr) : json(ensemble.leader.value)},
        {"leaderless_ms", ensemble.leaderless_ms},
        {"epoch", ensemble.current_epoch.value},
        {"promised_epoch", ensemble.promised_epoch.value},
        {"last_logged_zxid", hex_text(ensemble.last_logged.value)},
        {"committed_zxid", hex_text(ensemble.committed.value)},
        {"last_applied_zxid", hex_text(last_applied.value)},
        {"membership_version", hex_text(ensemble.membership_version.value)},
        {"membership_is_changing", ensemble.is_joint},
        {"quarantine", ensemble.quarantine.empty() ? json(nullptr) : json(ensemble.quarantine)},
        {"in_flight_count", ensemble.in_flight_count},
        {"in_flight_bytes", ensemble.in_flight_size},
        {"forwarded_count", ensemble.forwarded_count},
        {"members", std::move(members)},
        {"events", std::move(events)}};
}

} // namespace conclave::admin
