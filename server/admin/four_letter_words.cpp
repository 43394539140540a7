#include "server/admin/four_letter_words.hpp"

#include "server/admin/connection_text.hpp"
#include "server/admin/server_text.hpp"
#include "server/admin/values.hpp"

#include <conclave/jute.hpp>

#include <fmt/format.h>

#include <iterator>
#include <unordered_map>
#include <utility>

namespace conclave::admin {

four_letter_words::four_letter_words(replica::replica& server, word_settings configured)
    : replica_(server), settings_(std::move(configured)) {}

bool four_letter_words::is_allowed(bytes_view text) const {
    return settings_.is_allowed ? settings_.is_allowed(text) : text == "srvr";
}

std::optional<bytes>
four_letter_words::answer(bytes_view text, bytes_view argument, replica::instant now) {
    const std::optional<word> which = find_word(text);
    if (!which || *which == word::telnet_break) {
        return std::nullopt;
    }
    if (!is_allowed(text)) {
        return refusal_of(text);
    }
    const bool serves = replica_.serves_clients() || replica_.is_read_only();
    if (!serves && !is_answered_always(*which)) {
        return bytes{not_serving_text()};
    }
    return text_of(*which, argument, now);
}

bytes four_letter_words::text_of(word which, bytes_view argument, replica::instant now) {
    switch (which) {
    case word::conf:
        return conf_text(settings_.configured, sizes());
    case word::cons:
        return connection_lines(true) + "\n";
    case word::crst:
        return reset_connections();
    case word::dirs:
        return dirs_text(sizes());
    case word::dump:
        return dump(now);
    case word::envi:
        return envi_text(read_process_facts(), settings_.version);
    case word::gtmk:
        return fmt::format("{}", trace_mask_);
    case word::hash:
        return hash();
    case word::isro:
        return replica_.is_read_only() ? "ro" : replica_.serves_clients() ? "rw" : "null";
    case word::mntr:
        return mntr(now);
    case word::ruok:
        return "imok";
    case word::srst:
        return reset_server();
    case word::srvr:
        return srvr_text(server_now(now));
    case word::stat:
        return stat_text(server_now(now), connection_lines(false));
    case word::stmk:
        return set_trace_mask(argument);
    case word::wchc:
        return wchc_text(data_watches());
    case word::wchp:
        return wchp_text(data_watches());
    case word::wchs:
        return wchs_text(data_watches());
    case word::telnet_break:
        return {};
    }
    return {};
}

server_facts four_letter_words::server_now(replica::instant now) const {
    return {
        settings_.version,
        replica_.mode(),
        replica_.is_read_only(),
        replica_.current_status(now),
        replica_.statistics()};
}

bytes four_letter_words::connection_lines(bool is_long) const {
    bytes lines;
    replica_.for_each_connection([&](const replica::connection& each) {
        const bool is_read =
            each.phase != replica::connection_phase::closing && replica_.wants_input(each.id);
        lines += connection_line(each, is_read, is_long);
    });
    return lines;
}

bytes four_letter_words::dump(replica::instant now) const {
    std::vector<connection_expiry> connections;
    replica_.for_each_connection([&](const replica::connection& each) {
        std::int64_t at_wall_ms =
            each.statistics.established_wall_ms + settings_.handshake_timeout.count();
        if (const session::session_state* const state = replica_.sessions().find(each.session)) {
            const auto left = state->deadline - now.monotonic;
            at_wall_ms = now.wall_ms + left / std::chrono::milliseconds{1};
        }
        connections.push_back({at_wall_ms, each.peer, each.session});
    });
    return dump_text(
        {now, replica_.sessions().buckets(), replica_.nodes().ephemerals(), connections}
    );
}

/// Clients read the digest as a Java long: of the 128 bits they get the lower half.
bytes four_letter_words::hash() const {
    bytes out;
    for (const replica::digest_point& each : replica_.digest_log()) {
        fmt::format_to(
            std::back_inserter(out),
            "{:x}: {}\n",
            each.at.value,
            static_cast<std::int64_t>(each.value.low)
        );
    }
    return out;
}

bytes four_letter_words::mntr(replica::instant now) const {
    const server_facts server = server_now(now);
    const network_facts network = network_now();
    const process_facts process = read_process_facts();
    const std::vector<quota_facts> limits = quotas();
    const std::vector<summary> summaries =
        settings_.summaries ? settings_.summaries() : std::vector<summary>{};
    return mntr_text(collect_metrics({server, network, process, limits, summaries}));
}

/// ZooKeeper keeps standard data watches, persistent and recursive ones in one table, and tells of
/// that alone.
std::vector<watched_path> four_letter_words::data_watches() const {
    std::unordered_map<replica::connection_id, session_id> sessions;
    replica_.for_each_connection([&](const replica::connection& each) {
        sessions.emplace(each.id, each.session);
    });
    using selection = session::watch_selection;
    const session::watch_table& table = replica_.watches();
    std::vector<watched_path> found;
    table.for_each([&](bytes_view path, session::watcher_id watcher) {
        if (table.contains(watcher, path, selection::data) ||
            table.contains(watcher, path, selection::persistent) ||
            table.contains(watcher, path, selection::recursive)) {
            found.push_back({path, sessions[watcher]});
        }
    });
    return found;
}

/// Quotas of the nodes right below "/", which ZooKeeper calls namespaces. A hard limit counts
/// before a soft one.
std::vector<quota_facts> four_letter_words::quotas() const {
    std::vector<quota_facts> found;
    const tree::tree& nodes = replica_.nodes();
    if (!nodes.has_quotas()) {
        return found;
    }
    std::vector<bytes> names;
    nodes.for_each_child("/zookeeper/quota", [&](bytes_view name) {
        names.emplace_back(name);
        return true;
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

directory_sizes four_letter_words::sizes() const {
    return settings_.sizes ? settings_.sizes() : directory_sizes{};
}

network_facts four_letter_words::network_now() const {
    network_facts now = settings_.network ? settings_.network() : network_facts{};
    now.connections_rejected -= network_at_reset_.connections_rejected;
    now.connections_closed -= network_at_reset_.connections_closed;
    return now;
}

bytes four_letter_words::reset_connections() {
    replica_.reset_connection_statistics();
    return "Connection stats reset.\n";
}

bytes four_letter_words::reset_server() {
    replica_.reset_statistics();
    network_at_reset_ = settings_.network ? settings_.network() : network_facts{};
    return "Server stats reset.\n";
}

bytes four_letter_words::set_trace_mask(bytes_view argument) {
    jute::reader{argument}(trace_mask_);
    return fmt::format("{}", trace_mask_);
}

} // namespace conclave::admin
