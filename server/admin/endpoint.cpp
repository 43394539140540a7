#include "server/admin/endpoint.hpp"

#include "server/admin/pretty_json.hpp"

#include <conclave/log_line.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace conclave::admin {

namespace {

std::vector<http_door> doors_of(const endpoint_settings& configured) {
    std::vector<http_door> doors;
    for (const std::optional<http_door>& each : {configured.door, configured.metrics_door}) {
        if (each) {
            doors.push_back(*each);
        }
    }
    return doors;
}

} // namespace

endpoint::endpoint(endpoint_settings configured, std::function<void(core_gate::question)> to_core)
    : settings_(std::move(configured))
    , core_(
          std::move(to_core), [this](std::function<void()> what) { server_.post(std::move(what)); }
      )
    , context_{
          core_,
          {settings_.credentials.skip_acl, settings_.credentials.digest_enabled},
          settings_.effective_configuration,
          settings_.logging,
          [this](std::chrono::milliseconds delay, std::function<void()> what) {
              server_.call_after(delay, std::move(what));
          }}
    , clients_(
          core_,
          settings_.clients,
          settings_.frame_size_max,
          [this](std::function<void()> what) { server_.post(std::move(what)); },
          context_.call_after
      )
    , commands_(core_, settings_.effective_configuration)
    , server_(doors_of(settings_), settings_.limits, *this)
    , worker_([this](std::function<void()> what) { server_.post(std::move(what)); }) {
    add_routes();
}

endpoint::~endpoint() {
    stop();
}

void endpoint::start() {
    if (settings_.door) {
        log(log_level::info,
            "admin endpoint url={}://{}:{}/ writes={}",
            settings_.door->security.keys == nullptr ? "http" : "https",
            settings_.door->host,
            ports().front(),
            settings_.access.writes_enabled);
    }
    if (settings_.metrics_door) {
        log(log_level::info,
            "metrics url=http://{}:{}/metrics",
            settings_.metrics_door->host,
            ports().back());
    }
    server_.start();
}

void endpoint::stop() {
    server_.stop();
    // What waits there holds connections, which must go before the server does.
    core_.clear();
    clients_.clear();
    worker_.stop();
}

// ---- requests ----

bool endpoint::is_metrics_door(const http_request& head) const {
    return settings_.metrics_door && head.door == (settings_.door ? 1U : 0U);
}

std::optional<http_response>
endpoint::refuse(const http_request& head, const route_table::match& to) const {
    if (to.allowed.empty() || (is_metrics_door(head) && head.path != "/metrics")) {
        return problem(404, "there is nothing at this path; /v1/openapi.json lists what there is");
    }
    if (head.method == "OPTIONS") {
        return http_response{204, "", "", {{"Allow", to.allowed + ", OPTIONS"}}};
    }
    if (to.found == nullptr) {
        http_response refusal = problem(405, "this path knows these methods: " + to.allowed);
        refusal.fields.emplace_back("Allow", to.allowed + ", OPTIONS");
        return refusal;
    }
    const std::optional<caller> by = identify(head, settings_.credentials);
    if (!by) {
        return refusal_of(verdict::not_authenticated);
    }
    const verdict decided = authorize(settings_.access, *by, to.found->needs);
    if (decided == verdict::allowed && to.found->refuse) {
        return to.found->refuse();
    }
    return decided == verdict::allowed ? std::nullopt : std::optional{refusal_of(decided)};
}

http_service::admission endpoint::admit(const http_request& head) {
    const route_table::match to = routes_.find(head.method, head.path);
    return {refuse(head, to), to.found == nullptr ? 0 : to.found->body_size_max};
}

void endpoint::serve(const exchange_pointer& asked) {
    const http_request& head = asked->request();
    route_table::match to = routes_.find(head.method, head.path);
    to.found->serve({asked, *identify(head, settings_.credentials), std::move(to.tail)});
}

// ---- routes ----

void endpoint::add_routes() {
    add_asset_routes(routes_);
    add_health_routes(routes_, context_);
    add_metrics_route(routes_, context_);
    add_server_routes(routes_, context_);
    add_node_routes(routes_, context_);
    add_session_routes(routes_, context_);
    add_why_routes(routes_, context_);
    add_lock_routes(routes_, context_);
    add_write_routes(routes_, clients_);
    add_operator_routes(routes_, context_, clients_);
    add_watch_routes(routes_, context_, clients_);
    add_command_routes();
    add_access_route();
    add_backup_routes(routes_, context_, settings_.backups, worker_, settings_.command_url);
}

/// What the caller may do here: the console shows no button that would be refused.
void endpoint::add_access_route() {
    const auto tell = [this](const routed_request& asked) {
        constexpr std::array names{"anybody", "user", "operator"};
        nlohmann::ordered_json may;
        for (const operation each : all_operations) {
            may[bytes{name_of(each)}] =
                authorize(settings_.access, asked.by, each) == verdict::allowed;
        }
        respond_json(
            asked,
            {{"role", names[static_cast<std::size_t>(asked.by.is)]},
             {"writes_enabled", settings_.access.writes_enabled},
             {"may", std::move(may)}}
        );
    };
    routes_.add({"GET", "/v1/access", operation::see_console, tell});
}

void endpoint::add_command_routes() {
    const auto list = [this](const routed_request& asked) {
        asked.exchange->respond(
            {200, "text/html; charset=utf-8", command_list_page(settings_.command_url), {}}
        );
    };
    const bytes& url = settings_.command_url;
    routes_.add({"GET", url, operation::read_status, list});
    for (const command_entry& each : all_commands()) {
        const operation needs = each.changes ? operation::reset_statistics : operation::read_status;
        const auto answer = [this](const routed_request& asked) {
            answer_command(asked);
        };
        routes_.add({"GET", url + "/" + bytes{each.name}, needs, answer});
        for (const bytes_view alias : each.aliases) {
            routes_.add({"GET", url + "/" + bytes{alias}, needs, answer});
        }
    }
    // ZooKeeper answers unknown commands with status 200 and an error.
    const auto answer_other = [this, list](const routed_request& asked) {
        asked.tail == "/" ? list(asked) : answer_command(asked);
    };
    routes_.add({"GET", url + "/*", operation::read_status, answer_other});
}

void endpoint::answer_command(const routed_request& asked) {
    const bytes_view name = bytes_view{asked.asked().path}.substr(settings_.command_url.size() + 1);
    const command_entry* const which = find_command(name);
    const auto respond = [exchange = asked.exchange](const nlohmann::ordered_json& told) {
        exchange->respond({200, "application/json", pretty(told) + "\n", {}});
    };
    if (which == nullptr) {
        return respond(command_error(name, "Unknown command: " + bytes{name}));
    }
    commands_.give(*which, asked.asked(), respond);
}

} // namespace conclave::admin
