#include "server/admin/watch_message.hpp"

#include "server/admin/api_json.hpp"
#include "server/admin/pretty_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

bytes_view name_of(event_type type) {
    switch (type) {
    case event_type::created:
        return "created";
    case event_type::deleted:
        return "deleted";
    case event_type::data_changed:
        return "data_changed";
    case event_type::children_changed:
        break;
    }
    return "children_changed";
}

} // namespace

bytes notice_message(bytes_view name, bytes_view path, std::optional<event_id> id) {
    json data{{"path", path}};
    bytes told;
    if (id) {
        data["zxid"] = hex_text(id->at.value);
        told = "id: " + text_of(*id) + "\n";
    }
    return told + fmt::format("event: {}\ndata: {}\n\n", name, compact(data));
}

bytes change_message(
    event_id id, event_type type, bytes_view path, const std::optional<replica::node_copy>& node
) {
    json data{{"path", path}, {"zxid", hex_text(id.at.value)}};
    if (node) {
        data["data"] = data_json(node->data);
        data["stat"] = stat_json(node->about);
    }
    return fmt::format(
        "id: {}\nevent: {}\ndata: {}\n\n", text_of(id), name_of(type), compact(data)
    );
}

bytes heartbeat_message(zxid at) {
    return fmt::format(":\nid: {}\n\n", text_of({at}));
}

} // namespace conclave::admin
