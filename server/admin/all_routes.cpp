#include "server/admin/all_routes.hpp"

#include "server/admin/pretty_json.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace conclave::admin {

namespace {

/// What the caller may do here: the console shows no button that would be refused.
void add_access_route(route_table& to, const access_policy& access) {
    const auto tell = [&access](const routed_request& asked) {
        constexpr std::array names{"anybody", "user", "operator"};
        nlohmann::ordered_json may;
        for (const operation each : all_operations) {
            may[bytes{name_of(each)}] = authorize(access, asked.by, each) == verdict::allowed;
        }
        respond_json(
            asked,
            {{"role", names[static_cast<std::size_t>(asked.by.is)]},
             {"writes_enabled", access.writes_enabled},
             {"may", std::move(may)}}
        );
    };
    to.add({"GET", "/v1/access", operation::see_console, tell});
}

void answer_command(
    command_answers& commands, const bytes& command_url, const routed_request& asked
) {
    const bytes_view name = bytes_view{asked.asked().path}.substr(command_url.size() + 1);
    const command_entry* const which = find_command(name);
    const auto respond = [exchange = asked.exchange](const nlohmann::ordered_json& told) {
        exchange->respond({200, "application/json", pretty(told) + "\n", {}});
    };
    if (which == nullptr) {
        return respond(command_error(name, "Unknown command: " + bytes{name}));
    }
    commands.give(*which, asked.asked(), respond);
}

void add_command_routes(route_table& to, command_answers& commands, const bytes& url) {
    const auto list = [&url](const routed_request& asked) {
        asked.exchange->respond({200, "text/html; charset=utf-8", command_list_page(url), {}});
    };
    const auto answer = [&commands, &url](const routed_request& asked) {
        answer_command(commands, url, asked);
    };
    to.add({"GET", url, operation::read_status, list});
    for (const command_entry& each : all_commands()) {
        const operation needs = each.changes ? operation::reset_statistics : operation::read_status;
        to.add({"GET", url + "/" + bytes{each.name}, needs, answer});
        for (const bytes_view alias : each.aliases) {
            to.add({"GET", url + "/" + bytes{alias}, needs, answer});
        }
    }
    // ZooKeeper answers unknown commands with status 200 and an error.
    const auto answer_other = [list, answer](const routed_request& asked) {
        asked.tail == "/" ? list(asked) : answer(asked);
    };
    to.add({"GET", url + "/*", operation::read_status, answer_other});
}

} // namespace

void add_all_routes(route_table& to, const route_parts& parts) {
    add_asset_routes(to);
    add_health_routes(to, parts.context);
    add_metrics_route(to, parts.context);
    add_server_routes(to, parts.context);
    add_node_routes(to, parts.context);
    add_session_routes(to, parts.context);
    add_why_routes(to, parts.context);
    add_lock_routes(to, parts.context);
    add_write_routes(to, parts.clients);
    add_operator_routes(to, parts.context, parts.clients);
    add_watch_routes(to, parts.watches);
    add_command_routes(to, parts.commands, parts.command_url);
    add_access_route(to, parts.access);
    add_backup_routes(to, parts.context, parts.backups, parts.worker, parts.command_url);
}

} // namespace conclave::admin
