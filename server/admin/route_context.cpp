#include "server/admin/route_context.hpp"

#include "server/admin/pretty_json.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <utility>

namespace conclave::admin {

namespace {

struct error_answer {
    errc code;
    unsigned status;
    bytes_view what;
};

constexpr error_answer error_answers[] = {
    {errc::no_node, 404, "there is no node"},
    {errc::no_auth, 403, "the ACL does not let you; name and password may help, at"},
    {errc::bad_version, 412, "the version is another one, at"},
    {errc::node_exists, 409, "there is a node already"},
    {errc::not_empty, 409, "there are children below"},
    {errc::no_children_for_ephemerals, 409, "an ephemeral node has no children"},
    {errc::bad_arguments, 400, "the path or the arguments are not valid"},
    {errc::invalid_acl, 422, "the ACL is not valid"},
    {errc::quota_exceeded, 507, "the quota is exceeded"},
    {errc::reconfig_disabled, 403, "reconfigEnabled is not set, so nothing changes at"},
    {errc::reconfig_in_progress, 409, "another change is not over yet, ask again, at"},
    {errc::new_config_no_quorum, 409, "a quorum of the new members is not connected, at"},
    {errc::unimplemented, 409, "this server runs alone and has no members to change, at"},
    {errc::not_read_only, 503, "writes are refused now, at"},
    {errc::connection_loss, 503, "the outcome is not known, ask again"},
};

} // namespace

void note(
    const audit_port& audit,
    const http_request& asked,
    const identities& by,
    bytes_view operation,
    bytes target,
    bool succeeded
) {
    if (!audit) {
        return;
    }
    replica::audit_event event;
    event.operation = operation;
    event.who = by;
    for (identity& each : event.who) {
        each.id = each.scheme == "super" && each.id.empty() ? "operator" : each.id;
    }
    if (event.who.empty()) {
        event.who.push_back({"ip", asked.peer_ip});
    }
    event.target = std::move(target);
    event.succeeded = succeeded;
    audit(std::move(event));
}

void respond_json(const routed_request& to, const nlohmann::ordered_json& body, unsigned status) {
    to.exchange->respond({status, "application/json", compact(body) + "\n", {}});
}

void respond_error(const routed_request& to, errc failed, bytes_view path) {
    for (const error_answer& each : error_answers) {
        if (each.code == failed) {
            return to.exchange->respond(
                problem(each.status, fmt::format("{}: {} ({})", each.what, path, name(failed)))
            );
        }
    }
    to.exchange->respond(problem(500, fmt::format("{}: {}", name(failed), path)));
}

std::optional<std::int64_t> number_parameter(
    const routed_request& of,
    bytes_view name,
    std::int64_t low,
    std::int64_t high,
    std::int64_t fallback
) {
    const std::optional<bytes_view> text = of.asked().parameter(name);
    if (!text) {
        return fallback;
    }
    std::int64_t value = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, failed] = std::from_chars(text->data(), end, value);
    if (failed != std::errc{} || stop != end || value < low || value > high) {
        of.exchange->respond(
            problem(400, fmt::format("{} has to be a number from {} to {}", name, low, high))
        );
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> page_limit(const routed_request& of) {
    constexpr std::int64_t most = 1000;
    constexpr std::int64_t fallback = 100;
    return number_parameter(of, "limit", 1, most, fallback);
}

std::optional<bytes> node_path_of(const routed_request& asked) {
    if (!path::is_valid(asked.tail)) {
        asked.exchange->respond(problem(
            400,
            "what follows is no path of a node: no component may be empty, and no slash may stand "
            "at "
            "the end"
        ));
        return std::nullopt;
    }
    return asked.tail;
}

} // namespace conclave::admin
