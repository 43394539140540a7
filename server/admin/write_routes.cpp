/// Of /v1, what changes nodes: through the replica, as a client with a session of its own.
#include "server/admin/api_json.hpp"
#include "server/admin/base64.hpp"
#include "server/admin/http_message.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/route_context.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;
using body_json = nlohmann::json;

/// A request about one node and how its response is told.
struct node_write {
    opcode type{};
    bytes record;
    bytes path;
    std::function<void(const routed_request&, const local_clients::reply&)> tell;
};

const std::vector<acl_record>& open_to_everybody() {
    static const std::vector<acl_record> acl{{permission::all, "world", "anyone"}};
    return acl;
}

template <class Record>
bytes encoded(const Record& record) {
    bytes out;
    jute::writer{out}(record);
    return out;
}

/// Carries it out in a session that lasts as long as this takes, if any client could ask for it.
void perform(local_clients& clients, const routed_request& asked, node_write what) {
    if (!clients.fits(what.record)) {
        return asked.exchange->respond(problem(
            413, "no client could read or write so much at once; jute.maxbuffer is the bound"
        ));
    }
    clients.request_once(
        asked.asked().peer_ip,
        asked.by.who,
        what.type,
        what.record,
        [asked, path = what.path, tell = what.tell](const local_clients::reply& answer) {
            if (answer.error == errc::ok) {
                tell(asked, answer);
            } else {
                respond_error(asked, answer.error, path);
            }
        }
    );
}

/// -1, any version, without the parameter.
std::optional<std::int32_t> version_of(const routed_request& asked) {
    constexpr std::int64_t version_max = std::numeric_limits<std::int32_t>::max();
    const auto version = number_parameter(asked, "version", -1, version_max, -1);
    return version ? std::optional{static_cast<std::int32_t>(*version)} : std::nullopt;
}

void tell_stat(const routed_request& asked, const local_clients::reply& answer) {
    stat about;
    jute::reader{answer.body}(about);
    respond_json(asked, {{"stat", stat_json(about)}});
}

void tell_created(const routed_request& asked, const local_clients::reply& answer) {
    bytes_view path;
    stat about;
    jute::reader{answer.body}(path, about);
    const json told{{"path", path}, {"stat", stat_json(about)}};
    asked.exchange->respond(
        {201,
         "application/json",
         told.dump(-1, ' ', false, json::error_handler_t::replace) + "\n",
         {{"Location", "/v1/znodes" + percent_encoded(path)}}}
    );
}

/// The kinds of nodes that can be made without a session that stays.
std::optional<node_write> creation(const routed_request& asked, const bytes& path) {
    const bytes_view mode = asked.asked().parameter("mode").value_or("persistent");
    const auto ttl = number_parameter(asked, "ttl_ms", 1, ttl_max_ms, 0);
    if (!ttl) {
        return std::nullopt;
    }
    const bytes_view data = asked.asked().body;
    const auto made = [&](opcode type, bytes record) {
        return node_write{type, std::move(record), path, tell_created};
    };
    const bool is_sequential = mode == "persistent_sequential";
    if ((mode == "persistent" || is_sequential) && *ttl != 0) {
        const auto flags =
            is_sequential ? create_mode::persistent_sequential_ttl : create_mode::persistent_ttl;
        return made(
            opcode::create_ttl,
            encoded(create_ttl_request{
                path, data, open_to_everybody(), static_cast<std::int32_t>(flags), *ttl})
        );
    }
    if (mode == "persistent" || is_sequential) {
        const auto flags =
            is_sequential ? create_mode::persistent_sequential : create_mode::persistent;
        return made(
            opcode::create2,
            encoded(create_request{
                path, data, open_to_everybody(), static_cast<std::int32_t>(flags)})
        );
    }
    if (mode == "container" && *ttl == 0) {
        return made(
            opcode::create_container,
            encoded(create_request{
                path, data, open_to_everybody(), static_cast<std::int32_t>(create_mode::container)})
        );
    }
    asked.exchange->respond(problem(
        400,
        "mode has to be persistent or persistent_sequential (with or without ttl_ms), or "
        "container; "
        "ephemeral nodes belong to a session, and this has none that stays"
    ));
    return std::nullopt;
}

void create_node(local_clients& clients, const routed_request& asked) {
    const bytes& path = asked.tail; // a sequential one may end with a slash: the replica judges it
    if (auto write = creation(asked, path)) {
        perform(clients, asked, *std::move(write));
    }
}

void set_node(local_clients& clients, const routed_request& asked) {
    const std::optional<bytes> path = node_path_of(asked);
    const auto version = path ? version_of(asked) : std::nullopt;
    if (version) {
        const bytes_view data = asked.asked().body;
        perform(
            clients,
            asked,
            {opcode::set_data, encoded(set_data_request{*path, data, *version}), *path, tell_stat}
        );
    }
}

void delete_node(local_clients& clients, const routed_request& asked) {
    const std::optional<bytes> path = node_path_of(asked);
    const auto version = path ? version_of(asked) : std::nullopt;
    if (version) {
        const auto tell = [](const routed_request& to, const local_clients::reply&) {
            to.exchange->respond({204, "", "", {}});
        };
        perform(
            clients, asked, {opcode::remove, encoded(delete_request{*path, *version}), *path, tell}
        );
    }
}

// ---- ACLs ----

std::optional<std::int32_t> permissions_of(const body_json& letters) {
    if (!letters.is_string()) {
        return std::nullopt;
    }
    std::int32_t permissions = 0;
    for (const char letter : letters.get_ref<const std::string&>()) {
        const std::size_t at = bytes_view{"rwcda"}.find(letter);
        if (at == bytes_view::npos) {
            return std::nullopt;
        }
        permissions |= 1 << at;
    }
    return permissions;
}

/// Views into `body`.
std::optional<std::vector<acl_record>> acl_of(const body_json& body) {
    if (!body.is_object() || !body.contains("acl") || !body["acl"].is_array()) {
        return std::nullopt;
    }
    std::vector<acl_record> acl;
    for (const body_json& each : body["acl"]) {
        const bool is_whole = each.is_object() && each.contains("scheme") &&
                              each["scheme"].is_string() && each.contains("id") &&
                              each["id"].is_string() && each.contains("permissions");
        const auto permissions = is_whole ? permissions_of(each["permissions"]) : std::nullopt;
        if (!permissions) {
            return std::nullopt;
        }
        acl.push_back(
            {*permissions,
             bytes_view{each["scheme"].get_ref<const std::string&>()},
             bytes_view{each["id"].get_ref<const std::string&>()}}
        );
    }
    return acl;
}

void set_acl(local_clients& clients, const routed_request& asked) {
    const std::optional<bytes> path = node_path_of(asked);
    const auto version = path ? version_of(asked) : std::nullopt;
    if (!version) {
        return;
    }
    const std::optional<body_json> body = parse_body(asked.asked().body);
    const auto acl = body ? acl_of(*body) : std::nullopt;
    if (!acl) {
        return asked.exchange->respond(problem(
            400,
            "the body has to be {\"acl\": [{\"scheme\": ..., \"id\": ..., \"permissions\": letters "
            "of cdrwa}]}"
        ));
    }
    perform(
        clients,
        asked,
        {opcode::set_acl, encoded(set_acl_request{*path, *acl, *version}), *path, tell_stat}
    );
}

// ---- several at once ----

constexpr bytes_view multi_usage =
    "the body has to be {\"operations\": [...]}, each {\"op\": \"create\" or \"set\" with path and "
    "data, \"delete\" or \"check\" with path; version where there is one}; data is {\"encoding\": "
    "\"utf-8\" or \"base64\", \"value\": text}";

/// Nothing if it is malformed; without `data` the node has no octets.
std::optional<bytes> data_of(const body_json& operation) {
    if (!operation.contains("data")) {
        return bytes{};
    }
    const body_json& data = operation["data"];
    if (!data.is_object() || !data.contains("value") || !data["value"].is_string()) {
        return std::nullopt;
    }
    const auto& text = data["value"].get_ref<const std::string&>();
    if (!data.contains("encoding") || data["encoding"] == "utf-8") {
        return text;
    }
    return data["encoding"] == "base64" ? base64_decoded(text) : std::nullopt;
}

/// -1, any version, without one; nothing if it is no version.
std::optional<std::int32_t> version_in(const body_json& operation) {
    if (!operation.contains("version")) {
        return -1;
    }
    const body_json& version = operation["version"];
    const bool fits = version.is_number_integer() && version >= -1 &&
                      version <= std::numeric_limits<std::int32_t>::max();
    return fits ? std::optional{version.get<std::int32_t>()} : std::nullopt;
}

/// Appends one operation; false if it is malformed.
bool append_operation(jute::writer& to, const body_json& operation) {
    const bool is_whole = operation.is_object() && operation.contains("op") &&
                          operation.contains("path") && operation["path"].is_string();
    if (!is_whole) {
        return false;
    }
    const bytes_view path = operation["path"].get_ref<const std::string&>();
    const std::optional<std::int32_t> given_version = version_in(operation);
    const std::optional<bytes> data = data_of(operation);
    if (!given_version || !data) {
        return false;
    }
    const std::int32_t version = *given_version;
    const auto append = [&](opcode type, const auto& record) {
        to(multi_header{static_cast<std::int32_t>(type), false, -1}, record);
        return true;
    };
    const body_json& op = operation["op"];
    if (op == "create") {
        return append(opcode::create2, create_request{path, *data, open_to_everybody(), 0});
    }
    if (op == "set") {
        return append(opcode::set_data, set_data_request{path, *data, version});
    }
    if (op == "delete") {
        return append(opcode::remove, delete_request{path, version});
    }
    return op == "check" && append(opcode::check, check_request{path, version});
}

/// The result of each operation; for those of a failed one the codes.
json multi_results(bytes_view body, bool& succeeded) {
    json results = json::array();
    jute::reader in{body};
    while (true) {
        multi_header header;
        in(header);
        if (!in.ok() || header.done) {
            return results;
        }
        if (header.type == -1) {
            std::int32_t code = 0;
            in(code);
            succeeded = false;
            results.push_back({{"error", name(static_cast<errc>(code))}});
            continue;
        }
        json told = json::object();
        const auto type = static_cast<opcode>(header.type);
        if (type == opcode::create2) {
            bytes_view path;
            in(path);
            told["path"] = path;
        }
        if (type == opcode::create2 || type == opcode::set_data) {
            stat about;
            in(about);
            told["stat"] = stat_json(about);
        }
        results.push_back(std::move(told));
    }
}

void tell_multi(const routed_request& asked, const local_clients::reply& answer) {
    constexpr unsigned conflict = 409;
    bool succeeded = true;
    const json results = multi_results(answer.body, succeeded);
    respond_json(
        asked, {{"succeeded", succeeded}, {"results", results}}, succeeded ? 200 : conflict
    );
}

void multi(local_clients& clients, const routed_request& asked) {
    constexpr std::size_t count_max = 1000;
    const body_json body = parse_body(asked.asked().body).value_or(nullptr);
    const bool is_list = body.is_object() && body.contains("operations") &&
                         body["operations"].is_array() && !body["operations"].empty() &&
                         body["operations"].size() <= count_max;
    bytes record;
    jute::writer to{record};
    bool is_whole = is_list;
    if (is_list) {
        for (const body_json& each : body["operations"]) {
            is_whole = is_whole && append_operation(to, each);
        }
    }
    if (!is_whole) {
        return asked.exchange->respond(problem(400, multi_usage));
    }
    to(multi_header{-1, true, -1});
    perform(
        clients, asked, {opcode::multi, std::move(record), "one of the operations", tell_multi}
    );
}

} // namespace

void add_write_routes(route_table& to, local_clients& clients) {
    constexpr std::size_t data_size_max = std::size_t{1} << 20U;
    constexpr std::size_t multi_size_max = std::size_t{2} << 20U;
    const auto add = [&](bytes_view method, bytes_view path, auto serve, std::size_t size_max) {
        to.add(
            {bytes{method},
             bytes{path},
             operation::write_node,
             [&clients, serve](const routed_request& asked) { serve(clients, asked); },
             size_max}
        );
    };
    add("POST", "/v1/znodes/*", create_node, data_size_max);
    add("PUT", "/v1/znodes/*", set_node, data_size_max);
    add("DELETE", "/v1/znodes/*", delete_node, 0);
    add("PUT", "/v1/acls/*", set_acl, data_size_max);
    add("POST", "/v1/multi", multi, multi_size_max);
}

} // namespace conclave::admin
