/// /metrics, and of /v1: status, ensemble, configuration, log level.
#include "server/admin/api_json.hpp"
#include "server/admin/prometheus.hpp"
#include "server/admin/route_context.hpp"

#include <nlohmann/json.hpp>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

constexpr std::pair<bytes_view, log_level> level_names[] = {
    {"debug", log_level::debug},
    {"info", log_level::info},
    {"warning", log_level::warning},
    {"error", log_level::error}};

void answer_log_level(const route_context& context, const routed_request& asked) {
    for (const auto& [name, level] : level_names) {
        if (level == context.logging.get()) {
            respond_json(asked, {{"level", name}});
        }
    }
}

void set_log_level(const route_context& context, const routed_request& asked) {
    const nlohmann::json body = parse_body(asked.asked().body).value_or(nullptr);
    for (const auto& [name, level] : level_names) {
        if (body.is_object() && body.contains("level") && body["level"] == name) {
            log(log_level::info, "log level set level={} by={}", name, asked.asked().peer_ip);
            context.logging.set(level);
            note(context.audit, asked.asked(), asked.by.who, "setLogLevel", bytes{name}, true);
            return answer_log_level(context, asked);
        }
    }
    asked.exchange->respond(
        problem(400, "the body has to be {\"level\": L}, and L debug, info, warning or error")
    );
}

json configuration_json(const std::vector<std::string>& lines) {
    json effective = json::object();
    for (const std::string& line : lines) {
        const std::size_t equals = line.find('=');
        effective[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return {{"effective", std::move(effective)}};
}

} // namespace

void add_metrics_route(route_table& to, const route_context& context) {
    to.add({"GET", "/metrics", operation::read_metrics, [&context](const routed_request& asked) {
                context.core.ask(
                    [](server_view& view, replica::instant now) { return view.measured_now(now); },
                    [asked](const measured_facts& measured) {
                        asked.exchange->respond(
                            {200,
                             bytes{prometheus_content_type},
                             prometheus_text(measured, read_process_facts()),
                             {}}
                        );
                    }
                );
            }});
}

void add_server_routes(route_table& to, const route_context& context) {
    to.add({"GET", "/v1/status", operation::read_status, [&context](const routed_request& asked) {
                context.core.ask(
                    [](server_view& view, replica::instant now) { return view.measured_now(now); },
                    [asked](const measured_facts& measured) {
                        respond_json(asked, status_json(measured));
                    }
                );
            }});
    to.add({"GET", "/v1/ensemble", operation::read_status, [&context](const routed_request& asked) {
                context.core.ask(
                    [](server_view& view, replica::instant) {
                        return std::pair{
                            view.server().current_ensemble_status(), view.server().last_applied()};
                    },
                    [asked](const std::pair<replica::ensemble_status, zxid>& facts) {
                        respond_json(asked, ensemble_json(facts.first, facts.second));
                    }
                );
            }});
    to.add(
        {"GET",
         "/v1/configuration",
         operation::read_status,
         [&context](const routed_request& asked) {
             respond_json(asked, configuration_json(context.effective_configuration));
         }}
    );
    to.add(
        {"GET",
         "/v1/log-level",
         operation::read_status,
         [&context](const routed_request& asked) {
             answer_log_level(context, asked);
         }}
    );
    constexpr std::size_t body_size_max = 256;
    to.add(
        {"PUT",
         "/v1/log-level",
         operation::operate,
         [&context](const routed_request& asked) { set_log_level(context, asked); },
         body_size_max}
    );
}

} // namespace conclave::admin
