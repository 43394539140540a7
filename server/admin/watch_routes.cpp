/// /v1/watch: changes of a node or a subtree as server-sent events.
#include "server/admin/api_json.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/pretty_json.hpp"
#include "server/admin/route_context.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

constexpr std::chrono::seconds heartbeat_interval{15};

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

bytes event_text(bytes_view type, zxid at, const json& data) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", hex_text(at.value), type, compact(data));
}

/// One reader. Kept by the functions that wait for something of it.
class watch_stream : public std::enable_shared_from_this<watch_stream> {
public:
    watch_stream(
        const route_context& context, local_clients& clients, routed_request asked, bytes path
    )
        : context_(context), clients_(clients), asked_(std::move(asked)), path_(std::move(path)) {
        is_recursive_ = asked_.asked().has_flag("recursive");
        has_values_ = asked_.asked().has_flag("values");
    }

    void begin() {
        const auto self = shared_from_this();
        client_ = clients_.open(
            asked_.asked().peer_ip,
            asked_.by.who,
            {[self](const local_clients::event& told) { self->on_event(told); },
             [self] {
                 self->end();
             }}
        );
        // Reading needs the permission that a watch alone does not.
        bytes read;
        jute::writer{read}(read_request{path_, false});
        clients_.request(client_, opcode::exists, read, [self](const auto& answer) {
            if (answer.error == errc::ok || answer.error == errc::no_node) {
                self->watch();
            } else {
                self->refuse(answer.error);
            }
        });
    }

private:
    void watch() {
        constexpr std::int32_t persistent = 0;
        constexpr std::int32_t recursive = 1;
        bytes record;
        jute::writer{record}(watch_request{path_, is_recursive_ ? recursive : persistent});
        const auto self = shared_from_this();
        clients_.request(client_, opcode::add_watch, record, [self](const auto& answer) {
            answer.error == errc::ok ? self->open(answer.at) : self->refuse(answer.error);
        });
    }

    void refuse(errc failed) {
        respond_error(asked_, failed, path_);
        clients_.close(client_);
    }

    void open(zxid at) {
        is_open_ = true;
        asked_.exchange->begin_stream(
            {200, "text/event-stream", "", {{"X-Accel-Buffering", "no"}}},
            [self = shared_from_this()] { self->close(); }
        );
        // A reader that comes back has missed what happened meanwhile.
        const bool is_back = !asked_.asked().field("last-event-id").empty();
        asked_.exchange->send(event_text(
            is_back ? "reset" : "ready", at, {{"path", path_}, {"zxid", hex_text(at.value)}}
        ));
        beat();
    }

    void on_event(const local_clients::event& told) {
        if (!is_open_) {
            return;
        }
        json data{{"path", told.path}, {"zxid", hex_text(told.at.value)}};
        if (!has_values_) {
            return asked_.exchange->send(event_text(name_of(told.type), told.at, data));
        }
        // Asked for all events alike, so that they are told in their order.
        bytes record;
        jute::writer{record}(read_request{told.path, false});
        clients_.request(
            client_,
            opcode::get_data,
            record,
            [self = shared_from_this(), told, data](const local_clients::reply& answer) mutable {
                if (answer.error == errc::ok) {
                    std::optional<bytes_view> octets;
                    stat about;
                    jute::reader{answer.body}(octets, about);
                    data["data"] = data_json(octets ? std::optional<bytes>{*octets} : std::nullopt);
                    data["stat"] = stat_json(about);
                }
                if (self->is_open_ && answer.error != errc::connection_loss) {
                    self->asked_.exchange->send(event_text(name_of(told.type), told.at, data));
                }
            }
        );
    }

    /// A comment, so that proxies keep the connection and a dead peer is noticed.
    void beat() {
        context_.call_after(heartbeat_interval, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self && self->is_open_) {
                self->asked_.exchange->send(":\n\n");
                self->beat();
            }
        });
    }

    /// The reader is gone.
    void close() {
        is_open_ = false;
        clients_.close(client_);
    }

    /// The session is over: the server stops, or lost its leader for too long.
    void end() {
        if (is_open_) {
            asked_.exchange->send(event_text("end", {}, {{"path", path_}}));
            asked_.exchange->end_stream();
        } else {
            respond_error(asked_, errc::connection_loss, path_);
        }
    }

    const route_context& context_;
    local_clients& clients_;
    routed_request asked_;
    bytes path_;
    local_clients::number client_ = 0;
    bool is_recursive_ = false;
    bool has_values_ = false;
    bool is_open_ = false;
};

} // namespace

void add_watch_routes(route_table& to, const route_context& context, local_clients& clients) {
    to.add(
        {"GET",
         "/v1/watch/*",
         operation::read_node,
         [&context, &clients](const routed_request& asked) {
             if (auto path = node_path_of(asked)) {
                 std::make_shared<watch_stream>(context, clients, asked, *std::move(path))->begin();
             }
         }}
    );
}

} // namespace conclave::admin
