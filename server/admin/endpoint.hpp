/// The admin endpoint: what operators and their tools reach over HTTP.
#pragma once

#include "server/admin/authorization.hpp"
#include "server/admin/background_worker.hpp"
#include "server/admin/backup_port.hpp"
#include "server/admin/commands.hpp"
#include "server/admin/core_gate.hpp"
#include "server/admin/http_server.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/route_context.hpp"
#include "server/admin/route_table.hpp"
#include "server/admin/watch_hub.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace conclave::admin {

struct endpoint_settings {
    std::optional<http_door> door;         ///< for everything
    std::optional<http_door> metrics_door; ///< for /metrics alone, as ZooKeeper's provider has it
    http_limits limits;
    bytes command_url = "/commands";
    access_policy access;
    credential_settings credentials;
    std::vector<std::string> effective_configuration; ///< lines `key=value`, secrets masked
    log_level_port logging;
    local_client_port clients;                                ///< for changes and watches
    std::size_t frame_size_max = (std::size_t{1} << 20U) - 1; ///< octets of any client's request
    backup_port backups;                                      ///< without functions: there are none
    past_events_port past; ///< without function: whoever comes back has to read anew
    audit_port audit;      ///< what is changed, and who was refused
};

/// Runs on a thread of its own, named "admin". It never touches the replica: it asks the core
/// thread for copies (`core_gate`).
class endpoint final : private http_service {
public:
    /// Opens the listening sockets. `to_core` is called on the admin thread, and runs a question on
    /// the core thread, soon. It must be safe to call until `stop` returns; no question may run
    /// once this is destroyed.
    /// @throws std::runtime_error with a sentence for the operator
    endpoint(endpoint_settings configured, std::function<void(core_gate::question)> to_core);
    ~endpoint() override;
    endpoint(const endpoint&) = delete;
    endpoint& operator=(const endpoint&) = delete;

    void start();

    /// Waits for responses that are under way, for a bounded time. May be called again.
    void stop();

    /// Of the doors, in the order of the settings. Any thread.
    [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return server_.ports(); }

    [[nodiscard]] const route_table& routes() const { return routes_; }

private:
    [[nodiscard]] admission admit(const http_request& head) override;
    void serve(const exchange_pointer& asked) override;

    [[nodiscard]] std::optional<http_response>
    refuse(const http_request& head, const route_table::match& to) const;
    void note_refusal(const http_request& head, const identities& by, bytes_view operation) const;
    [[nodiscard]] bool is_metrics_door(const http_request& head) const;

    endpoint_settings settings_;
    core_gate core_;
    route_context context_;
    local_clients clients_;
    command_answers commands_;
    route_table routes_;
    http_server server_;
    background_worker worker_;
    watch_hub hub_;
};

} // namespace conclave::admin
