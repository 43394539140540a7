/// /livez and /readyz: whether to restart this server, and whether to send clients to it.
#include "server/admin/route_context.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

/// A core thread that is busy answers within a millisecond. One that is stuck never does.
constexpr std::chrono::seconds core_patience{5};

struct health_facts {
    replica::status status;
    replica::ensemble_status ensemble;
};

/// Why clients should not be sent here; empty if they should.
json reasons_against(const health_facts& facts) {
    json reasons = json::array();
    const auto add = [&](bytes_view what, bytes detail) {
        reasons.push_back({{"reason", what}, {"detail", std::move(detail)}});
    };
    if (!facts.ensemble.quarantine.empty()) {
        add("quarantined", facts.ensemble.quarantine);
    } else if (!facts.status.serving) {
        add("not_serving",
            fmt::format(
                "role \"{}\", leader {}, without one for {} ms; /v1/ensemble tells more",
                replica::name(facts.ensemble.role),
                facts.ensemble.leader == server_id{} ? bytes{"unknown"}
                                                     : std::to_string(facts.ensemble.leader.value),
                facts.ensemble.leaderless_ms
            ));
    }
    return reasons;
}

json warnings_of(const health_facts& facts) {
    json warnings = json::array();
    if (facts.status.writes_refused) {
        warnings.push_back(
            {{"reason", "disk_full"}, {"detail", "writes are refused, reads go on; make room"}}
        );
    }
    return warnings;
}

/// Answers with what `tell(asked, facts)` makes of the facts, or with 503 if the core does not
/// answer in time. What waits for that time holds no connection once it is answered.
template <class Tell>
void answer_soon(const route_context& context, const routed_request& asked, Tell tell) {
    const auto waiting = std::make_shared<std::optional<routed_request>>(asked);
    context.core.ask(
        [](server_view& view, replica::instant now) {
            return health_facts{
                view.server().current_status(now), view.server().current_ensemble_status()};
        },
        [waiting, tell](const health_facts& facts) {
            if (const auto answered = std::exchange(*waiting, std::nullopt)) {
                tell(*answered, facts);
            }
        }
    );
    context.call_after(core_patience, [waiting] {
        if (const auto answered = std::exchange(*waiting, std::nullopt)) {
            respond_json(
                *answered,
                {{"status", "failing"},
                 {"reasons",
                  {{{"reason", "core_stuck"},
                    {"detail", "the core thread has not answered for 5 seconds"}}}}},
                503
            );
        }
    });
}

void tell_live(const routed_request& asked, const health_facts&) {
    respond_json(asked, {{"status", "ok"}, {"reasons", json::array()}});
}

void tell_ready(const routed_request& asked, const health_facts& facts) {
    const json reasons = reasons_against(facts);
    const bool is_ready = reasons.empty();
    respond_json(
        asked,
        {{"status", is_ready ? "ok" : "failing"},
         {"reasons", reasons},
         {"warnings", warnings_of(facts)}},
        is_ready ? 200 : 503
    );
}

} // namespace

void add_health_routes(route_table& to, const route_context& context) {
    to.add({"GET", "/livez", operation::probe, [&context](const routed_request& asked) {
                answer_soon(context, asked, tell_live);
            }});
    to.add({"GET", "/readyz", operation::probe, [&context](const routed_request& asked) {
                answer_soon(context, asked, tell_ready);
            }});
}

} // namespace conclave::admin
