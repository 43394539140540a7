/// Everything that the admin endpoint answers.
#pragma once

#include "server/admin/authorization.hpp"
#include "server/admin/background_worker.hpp"
#include "server/admin/backup_port.hpp"
#include "server/admin/commands.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/route_context.hpp"
#include "server/admin/watch_hub.hpp"

namespace conclave::admin {

/// All of it outlives the table.
struct route_parts {
    const route_context& context;
    local_clients& clients;
    watch_hub& watches;
    command_answers& commands;
    const bytes& command_url; ///< where ZooKeeper's commands are
    const backup_port& backups;
    background_worker& worker;
    const access_policy& access;
};

void add_all_routes(route_table& to, const route_parts& parts);

} // namespace conclave::admin
