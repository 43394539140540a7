/// /v1/watch: changes of a node or a subtree as server-sent events.
#include "server/admin/route_context.hpp"
#include "server/admin/watch_hub.hpp"

#include <limits>

namespace conclave::admin {

namespace {

void watch(watch_hub& hub, const routed_request& asked) {
    std::optional<bytes> path = node_path_of(asked);
    if (!path) {
        return;
    }
    const http_request& head = asked.asked();
    std::optional<event_id> after;
    if (const auto parameter = head.parameter("last_event_id")) {
        after = parse_event_id(*parameter);
        if (!after) {
            return asked.exchange->respond(problem(
                400,
                "the parameter last_event_id has to be the id of an event or a zxid, such as "
                "0x100000001"
            ));
        }
    }
    // The field is what a browser sends by itself when it connects again: it wins.
    if (const bytes_view field = head.field("last-event-id"); !field.empty()) {
        // An id that is none of ours is as one of a history that is not ours: it has to read anew.
        constexpr event_id of_nobody{zxid{std::numeric_limits<std::int64_t>::max()}};
        after = parse_event_id(field).value_or(of_nobody);
    }
    hub.join(asked, {*std::move(path), head.has_flag("recursive")}, after);
}

} // namespace

void add_watch_routes(route_table& to, watch_hub& hub) {
    to.add({"GET", "/v1/watch/*", operation::read_node, [&hub](const routed_request& asked) {
                watch(hub, asked);
            }});
}

} // namespace conclave::admin
