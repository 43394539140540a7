#include "server/admin/server_view.hpp"

#include <utility>

namespace conclave::admin {

server_view::server_view(replica::replica& server, view_settings configured)
    : replica_(server), settings_(std::move(configured)) {}

server_facts server_view::server_now(replica::instant now) const {
    return {
        settings_.version,
        replica_.mode(),
        replica_.is_read_only(),
        replica_.current_status(now),
        replica_.statistics()};
}

measured_facts server_view::measured_now(replica::instant now) const {
    return {
        server_now(now),
        replica_.current_ensemble_status(),
        network_now(),
        quotas(),
        settings_.summaries ? settings_.summaries() : std::vector<summary>{},
        sizes(),
        links(),
        talk_now(),
        replica_.disks(),
        settings_.log_queue_size ? settings_.log_queue_size() : 0};
}

std::vector<link_facts> server_view::links() const {
    return settings_.links ? settings_.links() : std::vector<link_facts>{};
}

talk_facts server_view::talk_now() const {
    const replica::observations& seen = replica_.observed();
    return {seen.operations(), seen.talkers().list(), seen.slow_count()};
}

configuration_facts server_view::configuration_now() const {
    configuration_facts now = settings_.configured;
    if (now.membership) {
        now.membership->text = replica_.configuration_text();
    }
    return now;
}

directory_sizes server_view::sizes() const {
    return settings_.sizes ? settings_.sizes() : directory_sizes{};
}

network_facts server_view::network_now() const {
    network_facts now = settings_.network ? settings_.network() : network_facts{};
    now.connections_rejected -= network_at_reset_.connections_rejected;
    now.connections_closed -= network_at_reset_.connections_closed;
    return now;
}

std::vector<quota_facts> server_view::quotas() const {
    constexpr std::size_t count_max = 1000;
    std::vector<quota_facts> found;
    const tree::tree& nodes = replica_.nodes();
    if (!nodes.has_quotas()) {
        return found;
    }
    std::vector<bytes> names;
    nodes.for_each_child("/zookeeper/quota", [&](bytes_view name) {
        names.emplace_back(name);
        return names.size() < count_max;
    });
    for (const bytes& name : names) {
        const bytes path = "/" + name;
        const std::optional<tree::quota_status> quota = nodes.quota_of(path);
        if (!quota || quota->prefix != path) {
            continue;
        }
        const tree::quota_limits& limits = quota->limits;
        const tree::quota_usage used = quota->usage.value_or(tree::quota_usage{});
        found.push_back(
            {name,
             limits.count_hard >= 0 ? limits.count_hard : limits.count,
             limits.bytes_hard >= 0 ? limits.bytes_hard : limits.bytes,
             used.count,
             used.bytes}
        );
    }
    return found;
}

connection_facts server_view::facts_of(const replica::connection& which) const {
    const bool is_read =
        which.phase != replica::connection_phase::closing && replica_.wants_input(which.id);
    return {
        which.id,
        which.peer,
        which.session,
        which.timeout_ms,
        is_read,
        which.waiting.size(),
        which.statistics};
}

std::int64_t
server_view::expiry_wall_ms(const replica::connection& of, replica::instant now) const {
    if (const session::session_state* const state = replica_.sessions().find(of.session)) {
        return now.wall_ms + (state->deadline - now.monotonic) / std::chrono::milliseconds{1};
    }
    return of.statistics.established_wall_ms + settings_.handshake_timeout.count();
}

bool server_view::tells_of(bytes_view path, session::watcher_id watcher) const {
    using selection = session::watch_selection;
    const session::watch_table& table = replica_.watches();
    return table.contains(watcher, path, selection::data) ||
           table.contains(watcher, path, selection::persistent) ||
           table.contains(watcher, path, selection::recursive);
}

void server_view::reset_server() {
    replica_.reset_statistics();
    network_at_reset_ = settings_.network ? settings_.network() : network_facts{};
}

} // namespace conclave::admin
