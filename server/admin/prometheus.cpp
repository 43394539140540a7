#include "server/admin/prometheus.hpp"

#include "server/admin/exposition.hpp"
#include "server/admin/metrics.hpp"
#include "server/replica/request_path.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::admin {

namespace {

/// A name of mntr as a sentence of few words: `znode_count` is the "znode count".
bytes help_of(bytes_view name) {
    bytes words{name};
    for (char& each : words) {
        each = each == '_' ? ' ' : each;
    }
    return "ZooKeeper's metric: " + words;
}

/// Under ZooKeeper's names, and in its units: milliseconds.
void add_zookeeper_numbers(exposition& out, const std::vector<metric>& metrics) {
    for (const metric& each : metrics) {
        if (each.kind == metric_kind::part) {
            continue;
        }
        const bytes_view type = each.kind == metric_kind::counter ? "counter" : "gauge";
        if (const auto* const whole = std::get_if<std::int64_t>(&each.value)) {
            out.single(each.name, type, help_of(each.name), *whole);
        } else if (const auto* const real = std::get_if<double>(&each.value)) {
            out.single(each.name, type, help_of(each.name), *real);
        }
    }
}

void add_zookeeper_summary(
    exposition& out,
    bytes_view name,
    std::int64_t count,
    std::int64_t sum_ms,
    const replica::latency_histogram* times
) {
    out.head(name, "summary", help_of(name) + " (milliseconds)");
    if (times != nullptr) {
        for (const auto& [text, share] :
             {std::pair<bytes_view, double>{"0.5", 0.5}, {"0.9", 0.9}, {"0.99", 0.99}}) {
            const std::chrono::duration<double, std::milli> at = times->percentile(share);
            out.sample(name, {{"quantile", text}}, at.count());
        }
    }
    out.sample(fmt::format("{}_sum", name), {}, sum_ms);
    out.sample(fmt::format("{}_count", name), {}, count);
}

void add_zookeeper_summaries(exposition& out, const measured_facts& from) {
    for (const summary& each : from.summaries) {
        add_zookeeper_summary(
            out, each.name, each.count, each.sum, each.times ? &*each.times : nullptr
        );
    }
    const replica::counters& counted = from.server.counters;
    for (const auto& [name, times] :
         {std::pair<bytes_view, const replica::latency_histogram&>{
              "readlatency", counted.read_latency},
          {"updatelatency", counted.update_latency},
          {"election_time", counted.election_time}}) {
        add_zookeeper_summary(
            out, name, times.count(), times.sum() / std::chrono::milliseconds{1}, &times
        );
    }
}

void add_quotas(exposition& out, const std::vector<quota_facts>& quotas) {
    if (quotas.empty()) {
        return;
    }
    const auto family = [&](bytes_view name, auto member) {
        out.head(name, "gauge", help_of(name));
        for (const quota_facts& each : quotas) {
            out.sample(name, {{"key", each.top_name}}, each.*member);
        }
    };
    family("quota_count_limit_per_namespace", &quota_facts::count_limit);
    family("quota_count_usage_per_namespace", &quota_facts::count_used);
    family("quota_bytes_limit_per_namespace", &quota_facts::bytes_limit);
    family("quota_bytes_usage_per_namespace", &quota_facts::bytes_used);
}

// ---- under names of our own, in base units ----

void add_write_stages(exposition& out, const measured_facts& from) {
    constexpr bytes_view name = "conclave_write_stage_seconds";
    out.head(
        name,
        "histogram",
        "Where the writes of this server's clients spend their time: decode, queue, prepare, log "
        "(until durable here), replicate (until committed), apply, reply; commit is log and "
        "replicate, total all of them"
    );
    const replica::counters& counted = from.server.counters;
    for (std::size_t index = 0; index < replica::stage_count; ++index) {
        out.histogram(name, {"stage", replica::stage_names[index]}, counted.stages[index]);
    }
    out.histogram(name, {"stage", "commit"}, counted.commit_time);
    out.histogram(name, {"stage", "total"}, counted.update_latency);
}

void add_durations(exposition& out, const measured_facts& from) {
    out.head("conclave_read_seconds", "histogram", "How long reads took, from arrival to reply");
    out.histogram("conclave_read_seconds", {}, from.server.counters.read_latency);
    for (const summary& each : from.summaries) {
        if (!each.times) {
            continue;
        }
        const bool is_sync = each.name == "fsynctime";
        const bytes_view name =
            is_sync ? "conclave_log_sync_seconds" : "conclave_checkpoint_seconds";
        out.head(
            name,
            "histogram",
            is_sync ? "How long a sync of the transaction log took"
                    : "How long it took to write a checkpoint"
        );
        out.histogram(name, {}, *each.times);
    }
}

void add_elections(exposition& out, const measured_facts& from) {
    constexpr bytes_view name = "conclave_election_seconds";
    out.head(name, "histogram", "How long it took to serve again after a leader was lost");
    out.histogram(name, {}, from.server.counters.election_time);
}

void add_queues(exposition& out, const measured_facts& from) {
    constexpr bytes_view depth = "conclave_queue_depth";
    out.head(
        depth,
        "gauge",
        "Requests that wait: for an answer (requests), to be applied (proposals), those of other "
        "servers at the leader (forwarded)"
    );
    const auto sample = [&](bytes_view queue, auto value) {
        out.sample(depth, {{"queue", queue}}, static_cast<std::int64_t>(value));
    };
    sample("requests", from.server.status.outstanding);
    sample("proposals", from.ensemble.in_flight_count);
    sample("forwarded", from.ensemble.forwarded_count);
    out.single(
        "conclave_log_queue_bytes",
        "gauge",
        "Octets that wait to be written to the log",
        static_cast<std::int64_t>(from.log_queue_size)
    );
    if (from.links.empty()) {
        return;
    }
    out.head("conclave_peer_up", "gauge", "1 while there is a link to that server");
    for (const link_facts& each : from.links) {
        out.sample(
            "conclave_peer_up",
            {{"server", std::to_string(each.id.value)}},
            std::int64_t{each.is_up}
        );
    }
    out.head("conclave_peer_queue_bytes", "gauge", "Octets that wait to be sent to that server");
    for (const link_facts& each : from.links) {
        out.sample(
            "conclave_peer_queue_bytes",
            {{"server", std::to_string(each.id.value)}},
            static_cast<std::int64_t>(each.queued_size)
        );
    }
}

void add_talk(exposition& out, const talk_facts& talk) {
    constexpr std::size_t prefix_count_max = 20;
    const auto family = [&](bytes_view name, bytes_view help, auto member) {
        out.head(name, "counter", help);
        for (const replica::operation_count& each : talk.operations) {
            out.sample(
                name,
                {{"operation", replica::name_of_request(each.type)}},
                static_cast<std::int64_t>(each.*member)
            );
        }
    };
    if (!talk.operations.empty()) {
        family(
            "conclave_operations_total", "Requests of clients", &replica::operation_count::count
        );
        family("conclave_operation_bytes_total", "Their octets", &replica::operation_count::octets);
    }
    out.single(
        "conclave_slow_requests_total",
        "counter",
        "Requests that took longer than slowRequestThresholdMs",
        static_cast<std::int64_t>(talk.slow_count)
    );
    if (talk.prefixes.empty()) {
        return;
    }
    constexpr bytes_view top = "conclave_top_prefix_requests";
    out.head(top, "gauge", "Requests below the most busy nodes under /; may be somewhat too high");
    for (const auto& each : talk.prefixes) {
        if (&each - talk.prefixes.data() == prefix_count_max) {
            break;
        }
        out.sample(top, {{"prefix", each.name}}, static_cast<std::int64_t>(each.count));
    }
}

void add_disks(exposition& out, const std::map<server_id, replica::heard_disk>& disks) {
    if (disks.empty()) {
        return;
    }
    constexpr bytes_view name = "conclave_member_log_sync_seconds";
    constexpr double microseconds = 1e6;
    out.head(name, "gauge", "How long syncs of the log take, as each server tells of its disk");
    for (const auto& [id, heard] : disks) {
        const bytes server = std::to_string(id.value);
        const auto sample = [&](bytes_view quantile, std::uint64_t us) {
            out.sample(
                name,
                {{"server", server}, {"quantile", quantile}},
                static_cast<double>(us) / microseconds
            );
        };
        sample("0.5", heard.told.p50);
        sample("0.99", heard.told.p99);
        sample("1", heard.told.most);
    }
    constexpr bytes_view recent = "conclave_member_log_sync_recent_seconds";
    out.head(recent, "gauge", "The mean of the last few seconds, as each server tells");
    for (const auto& [id, heard] : disks) {
        out.sample(
            recent,
            {{"server", std::to_string(id.value)}},
            static_cast<double>(heard.told.recent_mean) / microseconds
        );
    }
}

void add_state(exposition& out, const measured_facts& from) {
    const replica::status& status = from.server.status;
    const replica::counters& counted = from.server.counters;
    out.head("conclave_build_info", "gauge", "The version of the server; always 1");
    out.sample("conclave_build_info", {{"version", from.server.version}}, std::int64_t{1});
    out.head("conclave_role", "gauge", "1 for the role that the server has");
    for (const bytes_view role : {"standalone", "leader", "follower", "observer"}) {
        const bool is_it = status.serving && from.server.mode == role;
        out.sample("conclave_role", {{"role", role}}, std::int64_t{is_it});
    }
    const auto gauge = [&out](bytes_view name, bytes_view help, auto value) {
        out.single(name, "gauge", help, static_cast<std::int64_t>(value));
    };
    const auto counter = [&out](bytes_view name, bytes_view help, auto value) {
        out.single(name, "counter", help, static_cast<std::int64_t>(value));
    };
    gauge("conclave_serving", "1 while clients are answered", status.serving);
    gauge("conclave_writes_refused", "1 while the disk is full", status.writes_refused);
    gauge(
        "conclave_last_applied_zxid",
        "The newest transaction in the tree",
        status.last_applied.value
    );
    gauge("conclave_watchers", "Connections that hold a watch", status.watcher_count);
    gauge("conclave_watched_paths", "Paths that somebody watches", status.watched_path_count);
    gauge("conclave_checkpoint_size_bytes", "The checkpoint on disk", from.sizes.data);
    gauge("conclave_log_size_bytes", "The transaction log on disk", from.sizes.log);
    counter("conclave_checkpoints_total", "Checkpoints written", counted.checkpoints);
    counter("conclave_sessions_opened_total", "Sessions opened", counted.sessions_opened);
    counter("conclave_sessions_expired_total", "Sessions expired", counted.sessions_expired);
    counter(
        "conclave_connections_throttled_total",
        "Connections that the throttle of handshakes closed",
        counted.connections_throttled
    );
}

void add_ensemble(exposition& out, const replica::ensemble_status& ensemble) {
    const auto gauge = [&out](bytes_view name, bytes_view help, auto value) {
        out.single(name, "gauge", help, static_cast<std::int64_t>(value));
    };
    gauge("conclave_epoch", "The epoch of the leader; 0 without one", ensemble.current_epoch.value);
    gauge("conclave_has_leader", "1 while a leader is known", ensemble.leader != server_id{});
    out.single(
        "conclave_leaderless_seconds",
        "gauge",
        "How long no leader has been known",
        static_cast<double>(ensemble.leaderless_ms) / 1000
    );
    gauge(
        "conclave_quarantined",
        "1 while the server takes part in nothing",
        !ensemble.quarantine.empty()
    );
    gauge(
        "conclave_committed_zxid",
        "The newest transaction that a quorum has",
        ensemble.committed.value
    );
    gauge("conclave_logged_zxid", "The newest transaction in the log", ensemble.last_logged.value);
    gauge(
        "conclave_proposals_in_flight",
        "Writes of this server that are not applied",
        ensemble.in_flight_count
    );
    gauge("conclave_proposals_in_flight_bytes", "Their size", ensemble.in_flight_size);
    gauge(
        "conclave_forwarded_in_flight",
        "Writes of other servers, at the leader",
        ensemble.forwarded_count
    );
    gauge("conclave_unsaved_bytes", "Changes that no checkpoint holds yet", ensemble.unsaved_size);
    out.head("conclave_elections_total", "counter", "Events of elections and of replication");
    zab::core_counters::for_each(ensemble.counted, [&out](bytes_view name, std::uint64_t count) {
        out.sample("conclave_elections_total", {{"event", name}}, static_cast<std::int64_t>(count));
    });
    out.head(
        "conclave_follower_lag_transactions",
        "gauge",
        "At the leader: what it has logged and the follower has not acknowledged; if that is in an "
        "earlier epoch, at least so much"
    );
    for (const replica::member_status& each : ensemble.members) {
        if (each.follower) {
            out.sample(
                "conclave_follower_lag_transactions",
                {{"server", std::to_string(each.id.value)}},
                lag_of(each.follower->acknowledged, ensemble.last_logged)
            );
        }
    }
}

void add_process(exposition& out, const process_facts& process) {
    out.single(
        "process_cpu_seconds_total",
        "counter",
        "Processor time that the server has used",
        process.cpu_seconds
    );
    out.single(
        "process_resident_memory_bytes",
        "gauge",
        "Memory of the server that is resident",
        static_cast<std::int64_t>(process.memory_resident)
    );
    out.single("process_open_fds", "gauge", "Open descriptors", process.open_descriptor_count);
    out.single(
        "process_max_fds", "gauge", "How many there may be", process.open_descriptor_count_max
    );
}

} // namespace

bytes prometheus_text(const measured_facts& measured, const process_facts& process) {
    exposition out;
    add_zookeeper_numbers(out, collect_metrics({measured, process}));
    add_zookeeper_summaries(out, measured);
    add_quotas(out, measured.quotas);
    add_write_stages(out, measured);
    add_durations(out, measured);
    add_elections(out, measured);
    add_queues(out, measured);
    add_talk(out, measured.talk);
    add_disks(out, measured.disks);
    add_state(out, measured);
    add_ensemble(out, measured.ensemble);
    add_process(out, process);
    return out.take();
}

} // namespace conclave::admin
