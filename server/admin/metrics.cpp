#include "server/admin/metrics.hpp"

#include "server/admin/server_text.hpp"
#include "server/admin/values.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace conclave::admin {

namespace {

using list = std::vector<metric>;

std::int64_t number(std::uint64_t count) {
    return static_cast<std::int64_t>(count);
}

void add_gauges(list& out, const metric_sources& from) {
    const replica::counters& counted = from.measured.server.counters;
    const replica::status& status = from.measured.server.status;
    out.insert(
        out.end(),
        {
            {"avg_latency", average_latency_ms(counted)},
            {"min_latency", counted.latency_ms_min},
            {"max_latency", counted.latency_ms_max},
            {"packets_received", counted.packets_received},
            {"packets_sent", counted.packets_sent},
            {"num_alive_connections", status.connection_count},
            {"outstanding_requests", status.outstanding},
            {"uptime", status.uptime_ms},
            {"znode_count", status.node_count},
            {"watch_count", status.watch_count},
            {"ephemerals_count", status.ephemeral_count},
            {"approximate_data_size", status.data_size},
            {"global_sessions", status.session_count},
            {"local_sessions", std::int64_t{0}}, // there are none
            {"open_file_descriptor_count", from.process.open_descriptor_count},
            {"max_file_descriptor_count", from.process.open_descriptor_count_max},
            {"connection_drop_probability", 0.0}, // nothing is dropped by chance
            {"last_client_response_size", counted.response_size_last},
            {"min_client_response_size", counted.response_size_min},
            {"max_client_response_size", counted.response_size_max},
            {"auth_failed_count", counted.authentications_failed},
            {"non_mtls_remote_conn_count", std::int64_t{0}}, // of a provider that is not here
            {"non_mtls_local_conn_count", std::int64_t{0}},
            {"outstanding_tls_handshake", number(from.measured.network.handshakes_open)},
        }
    );
}

/// What stands behind `from` in the list.
void mark(list& of, std::size_t from, metric_kind kind) {
    for (std::size_t index = from; index < of.size(); ++index) {
        of[index].kind = kind;
    }
}

void add_counters(list& out, const metric_sources& from) {
    const std::size_t start = out.size();
    const replica::counters& counted = from.measured.server.counters;
    const zab::core_counters& ensemble = from.measured.ensemble.counted;
    out.insert(
        out.end(),
        {
            {"proposal_count", counted.proposals},
            {"commit_count", counted.commits},
            {"looking_count", std::int64_t{1} + number(ensemble.step_downs)}, // and at the start
            {"diff_count", number(ensemble.attached_behind + ensemble.attached_reading)},
            {"snap_count", number(ensemble.attached_snapshot)},
            {"connection_rejected", number(from.measured.network.connections_rejected)},
            {"connection_drop_count", number(from.measured.network.connections_closed)},
            {"unsuccessful_handshake", number(from.measured.network.handshakes_failed)},
            {"tls_handshake_exceeded", number(from.measured.network.handshakes_refused)},
            {"connection_revalidate_count", counted.sessions_revalidated},
            {"stale_sessions_expired", counted.sessions_expired},
            {"sessionless_connections_expired", counted.handshakes_timed_out},
            {"connection_request_count", counted.connections_opened},
            {"stale_replies", counted.replies_without_receiver},
            {"bytes_received_count", counted.request_bytes},
            {"watch_bytes", counted.watch_bytes},
            {"response_bytes", counted.response_bytes},
        }
    );
    mark(out, start, metric_kind::counter);
}

/// What only a member of an ensemble shows, and what only its leader does.
void add_ensemble(list& out, const replica::ensemble_status& ensemble) {
    if (ensemble.is_alone || ensemble.members.empty()) {
        return;
    }
    std::int64_t voters = 0;
    std::int64_t learners = 0;
    std::int64_t followers = 0;
    std::int64_t observers = 0;
    for (const replica::member_status& each : ensemble.members) {
        // Who is still fed from the log, or by a snapshot, has not caught up.
        const bool is_synced = each.follower && each.follower->fed_by == zab::feeding::streaming;
        voters += each.is_voter ? 1 : 0;
        learners += each.follower ? 1 : 0;
        followers += is_synced && each.is_voter ? 1 : 0;
        observers += is_synced && !each.is_voter ? 1 : 0;
    }
    out.push_back({"quorum_size", voters});
    if (ensemble.leader == ensemble.self) {
        out.push_back({"learners", learners});
        out.push_back({"synced_followers", followers});
        out.push_back({"synced_non_voting_followers", std::int64_t{0}});
        out.push_back({"synced_observers", observers});
    }
}

/// What ZooKeeper counts and what cannot happen here: with no response cache, no throttle, no watch
/// cleaner, and a server that stops at the first error it cannot recover from.
void add_impossible(list& out) {
    static constexpr std::array<const char*, 24> names{
        "revalidate_count",
        "digest_mismatches_count",
        "throttled_ops",
        "large_requests_rejected",
        "request_throttle_wait_count",
        "stale_requests",
        "stale_requests_dropped",
        "unrecoverable_error_count",
        "ensemble_auth_success",
        "ensemble_auth_fail",
        "ensemble_auth_skip",
        "response_packet_cache_hits",
        "response_packet_cache_misses",
        "response_packet_get_children_cache_hits",
        "response_packet_get_children_cache_misses",
        "learner_proposal_received_count",
        "learner_commit_received_count",
        "quit_leading_due_to_disloyal_voter",
        "dead_watchers_queued",
        "dead_watchers_cleared",
        "add_dead_watcher_stall_time",
        "insecure_admin_count",
        "skip_learner_request_to_next_processor_count",
        "requests_not_forwarded_to_commit_processor"};
    for (const char* const name : names) {
        out.push_back({name, std::int64_t{0}, metric_kind::counter});
    }
}

/// The sums alone: how many watchers each single event had is not kept.
void add_watch_events(list& out, const replica::counters& counted) {
    static constexpr std::array<const char*, 5> names{
        nullptr, "created", "deleted", "changed", "children"};
    for (std::size_t type = 1; type < names.size(); ++type) {
        out.push_back(
            {fmt::format("sum_node_{}_watch_count", names[type]),
             counted.watch_events[type],
             metric_kind::counter}
        );
    }
}

void add_quotas(list& out, const std::vector<quota_facts>& quotas) {
    for (const quota_facts& each : quotas) {
        const auto name = [&each](const char* what) {
            return fmt::format("{}_quota_{}_per_namespace", each.top_name, what);
        };
        out.push_back({name("count_limit"), each.count_limit});
        out.push_back({name("count_usage"), each.count_used});
        out.push_back({name("bytes_limit"), each.bytes_limit});
        out.push_back({name("bytes_usage"), each.bytes_used});
    }
}

void add_summaries(list& out, const std::vector<summary>& summaries) {
    for (const summary& each : summaries) {
        const double average =
            each.count == 0 ? 0 : static_cast<double>(each.sum) / static_cast<double>(each.count);
        out.push_back({"avg_" + each.name, average});
        out.push_back({"min_" + each.name, each.min});
        out.push_back({"max_" + each.name, each.max});
        out.push_back({"cnt_" + each.name, each.count});
        out.push_back({"sum_" + each.name, each.sum});
    }
}

std::int64_t in_ms(replica::latency_histogram::duration took) {
    return took / std::chrono::milliseconds{1};
}

/// In milliseconds, as ZooKeeper counts them.
summary summary_of(const std::string& name, const replica::latency_histogram& measured) {
    return {
        name,
        measured.count(),
        in_ms(measured.sum()),
        in_ms(measured.least()),
        in_ms(measured.most()),
        {}};
}

void add_election_time(list& out, const replica::latency_histogram& measured) {
    add_summaries(out, {summary_of("election_time", measured)});
}

void add_latency(list& out, const std::string& name, const replica::latency_histogram& measured) {
    add_summaries(out, {summary_of(name, measured)});
    out.push_back({"p50_" + name, in_ms(measured.percentile(0.5))});
    out.push_back({"p95_" + name, in_ms(measured.percentile(0.95))});
    out.push_back({"p99_" + name, in_ms(measured.percentile(0.99))});
    out.push_back({"p999_" + name, in_ms(measured.percentile(0.999))});
}

bytes text_of(const metric& one) {
    if (const auto* const whole = std::get_if<std::int64_t>(&one.value)) {
        return fmt::format("{}", *whole);
    }
    if (const auto* const real = std::get_if<double>(&one.value)) {
        return decimal(*real);
    }
    return std::get<std::string>(one.value);
}

} // namespace

std::vector<metric> collect_metrics(const metric_sources& from) {
    list out{
        {"version", from.measured.server.version}, {"server_state", from.measured.server.mode}};
    add_gauges(out, from);
    add_ensemble(out, from.measured.ensemble);
    add_counters(out, from);
    add_impossible(out);
    add_watch_events(out, from.measured.server.counters);
    const std::size_t parts = out.size();
    add_quotas(out, from.measured.quotas);
    add_summaries(out, from.measured.summaries);
    add_latency(out, "readlatency", from.measured.server.counters.read_latency);
    add_latency(out, "updatelatency", from.measured.server.counters.update_latency);
    add_election_time(out, from.measured.server.counters.election_time);
    mark(out, parts, metric_kind::part);
    return out;
}

bytes mntr_text(const std::vector<metric>& metrics) {
    bytes out;
    for (const metric& each : metrics) {
        fmt::format_to(std::back_inserter(out), "zk_{}\t{}\n", each.name, text_of(each));
    }
    return out;
}

} // namespace conclave::admin
