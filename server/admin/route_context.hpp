/// What the routes of the admin endpoint are built on.
#pragma once

#include "server/admin/core_gate.hpp"
#include "server/admin/route_table.hpp"
#include "server/replica/audit.hpp"
#include "server/replica/node_reading.hpp"

#include <conclave/log_line.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace conclave::admin {

/// How much the server logs, read and set. Any thread.
struct log_level_port {
    std::function<log_level()> get;
    std::function<void(log_level)> set;
};

/// To the audit log; without function there is none. Any thread.
using audit_port = std::function<void(replica::audit_event)>;

/// Outlives the routes; admin thread only.
struct route_context {
    core_gate& core;
    tree::access_settings access;
    std::vector<std::string> effective_configuration; ///< lines `key=value`, secrets masked
    log_level_port logging;
    std::function<void(std::chrono::milliseconds, std::function<void()>)> call_after;
    audit_port audit{};
};

/// Puts into the audit log what was asked, by whom, and whether it was done. `operation` is a
/// constant; `target` is what it was about. Changes of nodes are there already, as those of any
/// client.
void note(
    const audit_port& audit,
    const http_request& asked,
    const identities& by,
    bytes_view operation,
    bytes target,
    bool succeeded
);

/// Answers with a JSON body, ended by a line end.
void respond_json(
    const routed_request& to, const nlohmann::ordered_json& body, unsigned status = 200
);

/// Answers a request about a node that did not succeed.
void respond_error(const routed_request& to, errc failed, bytes_view path);

/// A parameter that is a number from `low` to `high`, `fallback` without one. Answers with a
/// problem and returns nothing if it is something else.
[[nodiscard]] std::optional<std::int64_t> number_parameter(
    const routed_request& of,
    bytes_view name,
    std::int64_t low,
    std::int64_t high,
    std::int64_t fallback
);

/// How many rows a page of a listing may have at most; answered as the parameter above if it is
/// none.
[[nodiscard]] std::optional<std::int64_t> page_limit(const routed_request& of);

/// The znode that stands behind the route's own path: "/" or "/a/b". Answers with a problem and
/// returns nothing if it is none.
[[nodiscard]] std::optional<bytes> node_path_of(const routed_request& asked);

// Each adds the routes of one topic. The context must outlive the table.
void add_health_routes(route_table& to, const route_context& context);
void add_metrics_route(route_table& to, const route_context& context);
void add_node_routes(route_table& to, const route_context& context);
void add_server_routes(route_table& to, const route_context& context);
void add_session_routes(route_table& to, const route_context& context);
void add_why_routes(route_table& to, const route_context& context);
void add_lock_routes(route_table& to, const route_context& context);
void add_asset_routes(route_table& to);

class local_clients;
class background_worker;
class watch_hub;
struct backup_port;
void add_write_routes(route_table& to, local_clients& clients);
void add_operator_routes(route_table& to, const route_context& context, local_clients& clients);
void add_watch_routes(route_table& to, watch_hub& hub);
void add_backup_routes(
    route_table& to,
    const route_context& context,
    const backup_port& port,
    background_worker& worker,
    const bytes& command_url
);

} // namespace conclave::admin
