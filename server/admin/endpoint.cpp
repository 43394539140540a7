#include "server/admin/endpoint.hpp"

#include "server/admin/all_routes.hpp"

#include <conclave/log_line.hpp>

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
          },
          settings_.audit}
    , clients_(
          core_,
          settings_.clients,
          settings_.frame_size_max,
          [this](std::function<void()> what) { server_.post(std::move(what)); },
          context_.call_after
      )
    , commands_(core_, settings_.effective_configuration)
    , server_(doors_of(settings_), settings_.limits, *this)
    , worker_([this](std::function<void()> what) { server_.post(std::move(what)); })
    , hub_({context_, clients_, worker_, settings_.past}) {
    add_all_routes(
        routes_,
        {context_,
         clients_,
         hub_,
         commands_,
         settings_.command_url,
         settings_.backups,
         worker_,
         settings_.access}
    );
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
    hub_.clear();
}

// ---- requests ----

bool endpoint::is_metrics_door(const http_request& head) const {
    return settings_.metrics_door && head.door == (settings_.door ? 1U : 0U);
}

/// Somebody claimed what is not so, or asked for a change that is not theirs to make.
void endpoint::note_refusal(const http_request& head, const identities& by, bytes_view operation)
    const {
    constexpr std::size_t path_size_max = 256;
    note(
        settings_.audit,
        head,
        by,
        operation,
        head.method + " " + head.path.substr(0, path_size_max),
        false
    );
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
        note_refusal(head, {}, "adminAuth");
        return refusal_of(verdict::not_authenticated);
    }
    const verdict decided = authorize(settings_.access, *by, to.found->needs);
    if (decided != verdict::allowed && head.method != "GET" && head.method != "HEAD") {
        note_refusal(head, by->who, "adminRequest");
    }
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

} // namespace conclave::admin
