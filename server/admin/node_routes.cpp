/// Of /v1, what reads nodes: data, children, ACLs.
#include "server/admin/api_json.hpp"
#include "server/admin/route_context.hpp"

#include <conclave/path.hpp>

#include <nlohmann/json.hpp>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

replica::node_reader reader_of(const route_context& context, const routed_request& asked) {
    return {asked.by.who, context.access};
}

struct node_facts {
    result<replica::node_copy> read;
    std::optional<quota_facts> quota;
};

/// The quota that the node falls under.
std::optional<quota_facts> quota_over(const tree::tree& nodes, bytes_view path) {
    const std::optional<tree::quota_status> found =
        nodes.has_quotas() ? nodes.quota_of(path) : std::nullopt;
    if (!found) {
        return std::nullopt;
    }
    const tree::quota_usage used = found->usage.value_or(tree::quota_usage{});
    const auto strictest = [](std::int64_t soft, std::int64_t hard) {
        return hard >= 0 ? hard : soft;
    };
    return quota_facts{
        bytes{found->prefix},
        strictest(found->limits.count, found->limits.count_hard),
        strictest(found->limits.bytes, found->limits.bytes_hard),
        used.count,
        used.bytes};
}

void get_node(const route_context& context, const routed_request& asked) {
    const std::optional<bytes> path = node_path_of(asked);
    if (!path) {
        return;
    }
    const bool is_raw = asked.asked().has_flag("raw");
    context.core.ask(
        [path = *path, by = reader_of(context, asked)](server_view& view, replica::instant) {
            const tree::tree& nodes = view.server().nodes();
            return node_facts{replica::read_node(nodes, by, path), quota_over(nodes, path)};
        },
        [asked, path = *path, is_raw](const node_facts& facts) {
            const result<replica::node_copy>& read = facts.read;
            if (!read) {
                return respond_error(asked, read.error(), path);
            }
            if (is_raw) {
                return asked.exchange->respond(
                    {200, "application/octet-stream", read->data.value_or(bytes{}), {}}
                );
            }
            respond_json(
                asked,
                {{"path", path},
                 {"data", data_json(read->data)},
                 {"stat", stat_json(read->about)},
                 {"quota", facts.quota ? quota_json(*facts.quota) : json(nullptr)}}
            );
        }
    );
}

void get_children(const route_context& context, const routed_request& asked) {
    constexpr std::size_t size_max = std::size_t{1} << 20U;
    constexpr std::size_t slice = 64;
    const std::optional<bytes> path = node_path_of(asked);
    if (!path) {
        return;
    }
    const auto limit = page_limit(asked);
    if (!limit) {
        return;
    }
    replica::children_reading reading;
    reading.path = *path;
    reading.after = asked.asked().parameter("after").value_or("");
    reading.prefix = asked.asked().parameter("prefix").value_or("");
    reading.count_max = static_cast<std::size_t>(*limit);
    reading.size_max = size_max;
    reading.with_stat = asked.asked().has_flag("stat");
    reading.with_data = asked.asked().has_flag("data");
    context.core.ask_in_slices(
        std::move(reading),
        [by = reader_of(context, asked)](
            replica::children_reading& state, server_view& view, replica::instant
        ) { return state.step(view.server().nodes(), by, slice); },
        [asked](const replica::children_reading& read) {
            if (read.failed != errc::ok) {
                return respond_error(asked, read.failed, read.path);
            }
            respond_json(asked, children_json(read));
        }
    );
}

void get_acl(const route_context& context, const routed_request& asked) {
    const std::optional<bytes> path = node_path_of(asked);
    if (!path) {
        return;
    }
    context.core.ask(
        [path = *path, by = reader_of(context, asked)](server_view& view, replica::instant) {
            return replica::read_acl(view.server().nodes(), by, path);
        },
        [asked, path = *path](const result<replica::acl_copy>& read) {
            if (!read) {
                return respond_error(asked, read.error(), path);
            }
            json told = acl_json(*read);
            told["path"] = path;
            respond_json(asked, told);
        }
    );
}

} // namespace

void add_node_routes(route_table& to, const route_context& context) {
    const auto add = [&](bytes_view path, auto serve) {
        to.add({"GET", bytes{path}, operation::read_node, [&context, serve](const auto& asked) {
                    serve(context, asked);
                }});
    };
    add("/v1/znodes/*", get_node);
    add("/v1/children/*", get_children);
    add("/v1/acls/*", get_acl);
}

} // namespace conclave::admin
