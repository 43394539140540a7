/// Of /v1, what operators alone may do: end a session, hand over leadership, change the members.
#include "server/admin/api_json.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/route_context.hpp"

#include <conclave/log_line.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace conclave::admin {

namespace {

using body_json = nlohmann::json;

constexpr std::size_t body_size_max = std::size_t{64} << 10U;

/// Whether it was done, and what there is to know if it was not.
struct outcome {
    bool is_done = false;
    bool is_known = true; ///< the session exists
    server_id self;
    server_id leader;
};

/// Only a leader can.
void refuse(const routed_request& asked, const outcome& told, bytes_view otherwise) {
    if (told.leader != told.self) {
        const bytes where = told.leader == server_id{}
                                ? bytes{"there is none now"}
                                : fmt::format("that is server {}", told.leader.value);
        return asked.exchange->respond(problem(409, "ask the leader: " + where));
    }
    asked.exchange->respond(problem(409, otherwise));
}

// ---- sessions ----

void end_session(const route_context& context, const routed_request& asked) {
    const std::optional<std::int64_t> number = parse_hex(bytes_view{asked.tail}.substr(1));
    if (!number) {
        return asked.exchange->respond(problem(400, "what follows is no session id such as 0x1f"));
    }
    context.core.ask(
        [id = session_id{*number}](server_view& view, replica::instant now) {
            const replica::ensemble_status known = view.server().current_ensemble_status();
            const bool exists = view.server().sessions().find(id) != nullptr;
            return outcome{view.end_session(id, now), exists, known.self, known.leader};
        },
        [asked, &context](const outcome& told) {
            note(
                context.audit,
                asked.asked(),
                asked.by.who,
                "endSession",
                asked.tail.substr(1),
                told.is_done
            );
            if (!told.is_known) {
                return asked.exchange->respond(
                    problem(404, "there is no such session; it may have expired")
                );
            }
            if (!told.is_done) {
                return refuse(asked, told, "the session is ending already, or writes are refused");
            }
            log(log_level::info, "session ended id={} by={}", asked.tail, asked.asked().peer_ip);
            asked.exchange->respond({204, "", "", {}});
        }
    );
}

// ---- leadership ----

void hand_over(const route_context& context, const routed_request& asked) {
    const body_json body = parse_body(asked.asked().body).value_or(nullptr);
    const bool is_whole = body.is_object() && body.contains("server_id") &&
                          body["server_id"].is_number_unsigned() && body["server_id"] <= 255;
    if (!is_whole) {
        return asked.exchange->respond(problem(
            400,
            "the body has to be {\"server_id\": N}, the voter that is to lead; 0: the one with "
            "the newest history"
        ));
    }
    const server_id to{body["server_id"].get<std::uint32_t>()};
    context.core.ask(
        [to](server_view& view, replica::instant now) {
            const replica::ensemble_status known = view.server().current_ensemble_status();
            return outcome{view.hand_over(to, now), true, known.self, known.leader};
        },
        [asked, &context, to](const outcome& told) {
            note(
                context.audit,
                asked.asked(),
                asked.by.who,
                "handOverLeadership",
                std::to_string(to.value),
                told.is_done
            );
            if (!told.is_done) {
                return refuse(
                    asked, told, "no such voter follows, or leadership is being handed over already"
                );
            }
            respond_json(asked, {{"status", "handing over"}}, 202);
        }
    );
}

// ---- members ----

std::optional<bytes> text_in(const body_json& body, const char* name) {
    return body.contains(name) && body[name].is_string()
               ? std::optional{body[name].get<std::string>()}
               : std::nullopt;
}

/// -1, any version, without one; nothing if it is no version.
std::optional<std::int64_t> version_in(const body_json& body) {
    if (!body.contains("version")) {
        return -1;
    }
    return body["version"].is_string() ? parse_hex(body["version"].get_ref<const std::string&>())
                                       : std::nullopt;
}

void change_members(local_clients& clients, const routed_request& asked) {
    const body_json body = parse_body(asked.asked().body).value_or(nullptr);
    const auto version = body.is_object() ? version_in(body) : std::nullopt;
    const auto joining = body.is_object() ? text_in(body, "joining") : std::nullopt;
    const auto leaving = body.is_object() ? text_in(body, "leaving") : std::nullopt;
    const auto members = body.is_object() ? text_in(body, "members") : std::nullopt;
    if (!version || (!joining && !leaving && !members)) {
        return asked.exchange->respond(problem(
            400,
            "the body has to be {\"joining\": \"server.4=...\", \"leaving\": \"2,3\"}, one or "
            "both, "
            "or {\"members\": all lines}; \"version\": \"0x...\" if it must be that one"
        ));
    }
    bytes record;
    jute::writer{record}(reconfig_request{joining, leaving, members, *version});
    clients.request_once(
        asked.asked().peer_ip,
        asked.by.who,
        opcode::reconfig,
        record,
        [asked](const local_clients::reply& answer) {
            if (answer.error != errc::ok) {
                return respond_error(asked, answer.error, "/zookeeper/config");
            }
            std::optional<bytes_view> text;
            stat about;
            jute::reader{answer.body}(text, about);
            respond_json(asked, {{"members", text.value_or("")}, {"stat", stat_json(about)}});
        }
    );
}

} // namespace

void add_operator_routes(route_table& to, const route_context& context, local_clients& clients) {
    to.add(
        {"DELETE",
         "/v1/sessions/*",
         operation::operate,
         [&context](const routed_request& asked) {
             end_session(context, asked);
         }}
    );
    to.add(
        {"POST",
         "/v1/leadership",
         operation::operate,
         [&context](const routed_request& asked) { hand_over(context, asked); },
         body_size_max}
    );
    to.add(
        {"POST",
         "/v1/reconfiguration",
         operation::operate,
         [&clients](const routed_request& asked) { change_members(clients, asked); },
         body_size_max}
    );
}

} // namespace conclave::admin
