/// What operators are told, gathered in one place: four-letter words and the HTTP endpoint print
/// it.
#pragma once

#include "server/admin/facts.hpp"
#include "server/admin/watch_text.hpp"
#include "server/replica/replica.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace conclave::admin {

/// What is told beyond what the replica knows. The functions are called on the core thread and must
/// not wait; an empty one stands for "nothing to tell".
struct view_settings {
    std::string version; ///< as in `server_facts`
    configuration_facts configured;
    std::chrono::milliseconds handshake_timeout{10'000};
    std::function<directory_sizes()> sizes;
    std::function<network_facts()> network;
    std::function<std::vector<summary>()> summaries;
    std::function<std::vector<link_facts>()> links;
    std::function<std::size_t()> log_queue_size;
};

/// Owner: the main program; core thread only. The replica must outlive it.
class server_view {
public:
    server_view(replica::replica& server, view_settings configured);

    [[nodiscard]] const replica::replica& server() const { return replica_; }

    [[nodiscard]] const view_settings& settings() const { return settings_; }

    /// Clients are answered, be it for reading alone.
    [[nodiscard]] bool serves() const {
        return replica_.serves_clients() || replica_.is_read_only();
    }

    [[nodiscard]] server_facts server_now(replica::instant now) const;
    [[nodiscard]] measured_facts measured_now(replica::instant now) const;
    [[nodiscard]] configuration_facts configuration_now() const;
    [[nodiscard]] directory_sizes sizes() const;
    [[nodiscard]] network_facts network_now() const;
    [[nodiscard]] std::vector<link_facts> links() const;
    [[nodiscard]] talk_facts talk_now() const;

    /// Quotas of the nodes right below "/", which ZooKeeper calls namespaces; the first thousand. A
    /// hard limit counts before a soft one.
    [[nodiscard]] std::vector<quota_facts> quotas() const;

    [[nodiscard]] connection_facts facts_of(const replica::connection& which) const;

    /// When a connection will be closed for its silence.
    [[nodiscard]] std::int64_t
    expiry_wall_ms(const replica::connection& of, replica::instant now) const;

    /// True if it holds a watch of the kinds that ZooKeeper keeps in one table, and tells of alone:
    /// standard data watches, persistent and recursive ones.
    [[nodiscard]] bool tells_of(bytes_view path, session::watcher_id watcher) const;

    bool end_session(session_id which, replica::instant now) {
        return replica_.end_session(which, now);
    }

    bool hand_over(server_id to, replica::instant now) { return replica_.hand_over(to, now); }

    void reset_connections() { replica_.reset_connection_statistics(); }

    void reset_server();

    [[nodiscard]] std::int64_t trace_mask() const { return trace_mask_; }

    void set_trace_mask(std::int64_t mask) { trace_mask_ = mask; }

private:
    replica::replica& replica_;
    view_settings settings_;
    network_facts network_at_reset_;
    std::int64_t trace_mask_ =
        0b1'0011'0010; ///< ZooKeeper's default, 306. Kept for those who ask; traces nothing
};

} // namespace conclave::admin
