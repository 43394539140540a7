/// Of /v1, who is there: sessions, and what each of them owns.
#include "server/admin/api_json.hpp"
#include "server/admin/listings.hpp"
#include "server/admin/route_context.hpp"
#include "server/admin/values.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

/// How much of what one session owns is told.
constexpr std::size_t owned_count_max = 1000;

struct session_page {
    std::vector<session_facts> sessions;
    std::map<session_id, connection_facts> connections;
    std::map<session_id, std::size_t> ephemeral_counts;
    bool is_last = true;
    std::int64_t now_wall_ms = 0;
    std::int64_t now_ms = 0; ///< on the clock of the core
};

json connection_json(const connection_facts& of, std::int64_t now_ms) {
    const replica::connection_statistics& counted = of.statistics;
    return {
        {"address", address(of.peer).substr(1)},
        {"established_ms", counted.established_wall_ms},
        {"idle_ms",
         counted.last_response_ms == 0 ? json(nullptr) : json(now_ms - counted.last_response_ms)},
        {"received_count", counted.received},
        {"sent_count", counted.sent},
        {"outstanding_count", of.outstanding},
        {"last_zxid", hex_text(counted.last_zxid.value)},
        {"latency_ms_max", counted.latency_ms_max}};
}

json session_json(const session_facts& of, const session_page& page) {
    json told{
        {"session_id", hex_text(of.id.value)},
        {"timeout_ms", of.timeout.count()},
        {"expires_in_ms", std::max<std::int64_t>(0, of.deadline_wall_ms - page.now_wall_ms)}};
    const auto owned = page.ephemeral_counts.find(of.id);
    told["ephemeral_count"] = owned == page.ephemeral_counts.end() ? 0 : owned->second;
    const auto connection = page.connections.find(of.id);
    told["connection"] = connection == page.connections.end()
                             ? json(nullptr) // it is connected to another server, or not at all
                             : connection_json(connection->second, page.now_ms);
    return told;
}

/// What the page still lacks, for the sessions on it alone.
session_page complete(session_page page, server_view& view, replica::instant now) {
    page.now_wall_ms = now.wall_ms;
    page.now_ms = now.monotonic / std::chrono::milliseconds{1};
    for (const session_facts& each : page.sessions) {
        page.ephemeral_counts[each.id] = view.server().nodes().ephemerals_of(each.id).size();
    }
    return page;
}

void respond_page(const routed_request& asked, const session_page& page) {
    json sessions = json::array();
    for (const session_facts& each : page.sessions) {
        sessions.push_back(session_json(each, page));
    }
    const json next = page.is_last ? json(nullptr) : json(hex_text(page.sessions.back().id.value));
    respond_json(asked, {{"sessions", std::move(sessions)}, {"next_after", next}});
}

void fill_connections(
    const route_context& context, const routed_request& asked, session_page page
) {
    context.core.ask_in_slices(
        connection_listing{},
        &connection_listing::step,
        [&context, asked, page = std::move(page)](connection_listing& listed) mutable {
            for (connection_facts& each : listed.found) {
                page.connections.emplace(each.session, std::move(each));
            }
            context.core.ask(
                [page = std::move(page)](server_view& view, replica::instant now) mutable {
                    return complete(std::move(page), view, now);
                },
                [asked](const session_page& whole) { respond_page(asked, whole); }
            );
        }
    );
}

void get_sessions(const route_context& context, const routed_request& asked) {
    const auto limit = page_limit(asked);
    if (!limit) {
        return;
    }
    const std::optional<bytes_view> after_text = asked.asked().parameter("after");
    const std::optional<std::int64_t> after = after_text ? parse_hex(*after_text) : std::nullopt;
    if (after_text && !after) {
        return asked.exchange->respond(problem(400, "after has to be a session id such as 0x1f"));
    }
    context.core.ask_in_slices(
        session_listing{},
        &session_listing::step,
        [&context, asked, after, count_max = static_cast<std::size_t>(*limit)](
            session_listing& listed
        ) {
            session_page page;
            page.sessions = std::move(listed.found);
            if (after) {
                std::erase_if(page.sessions, [&](const session_facts& each) {
                    return each.id.value <= *after;
                });
            }
            std::ranges::stable_sort(page.sessions, {}, &session_facts::id);
            const auto twice = std::unique(
                page.sessions.begin(),
                page.sessions.end(),
                [](const session_facts& left, const session_facts& right) {
                    return left.id == right.id;
                }
            );
            page.sessions.erase(twice, page.sessions.end());
            page.is_last = page.sessions.size() <= count_max;
            page.sessions.resize(std::min(page.sessions.size(), count_max));
            fill_connections(context, asked, std::move(page));
        }
    );
}

// ---- one session ----

struct session_detail {
    session_id id;
    std::optional<session_facts> session;
    std::optional<connection_facts> connection;
    std::vector<bytes> ephemerals;
    std::size_t ephemeral_count = 0;
    std::vector<std::pair<bytes, bytes>> watches; ///< path and kind
    std::size_t position = 0;
    bool has_begun = false;
    std::int64_t now_wall_ms = 0;
    std::int64_t now_ms = 0;

    bool step(server_view& view, replica::instant now);

private:
    void begin(server_view& view, replica::instant now);
    void add_watch(server_view& view, bytes_view path);
};

void session_detail::begin(server_view& view, replica::instant now) {
    has_begun = true;
    now_wall_ms = now.wall_ms;
    now_ms = now.monotonic / std::chrono::milliseconds{1};
    const session::session_state* const state = view.server().sessions().find(id);
    if (state == nullptr) {
        return;
    }
    session = session_facts{
        id,
        state->timeout,
        state->deadline,
        now.wall_ms + (state->deadline - now.monotonic) / std::chrono::milliseconds{1}};
    const std::set<bytes>& owned = view.server().nodes().ephemerals_of(id);
    ephemeral_count = owned.size();
    for (const bytes& path : owned) {
        if (ephemerals.size() == owned_count_max) {
            break;
        }
        ephemerals.push_back(path);
    }
    if (const replica::connection* const known = view.server().connection_of(id)) {
        connection = view.facts_of(*known);
    }
}

void session_detail::add_watch(server_view& view, bytes_view path) {
    using selection = session::watch_selection;
    for (const auto& [kind, name] :
         {std::pair<selection, bytes_view>{selection::data, "data"},
          {selection::child, "child"},
          {selection::persistent, "persistent"},
          {selection::recursive, "persistent_recursive"}}) {
        if (view.server().watches().contains(connection->id, path, kind)) {
            watches.emplace_back(path, name);
        }
    }
}

bool session_detail::step(server_view& view, replica::instant now) {
    constexpr std::size_t slice = 512;
    if (!has_begun) {
        begin(view, now);
    }
    if (!connection) {
        return true;
    }
    const auto visit = [&](bytes_view path, session::watcher_id watcher) {
        if (watcher == connection->id && watches.size() < owned_count_max) {
            add_watch(view, path);
        }
    };
    position = view.server().watches().visit_some(position, slice, visit);
    return position == 0;
}

void get_session(const route_context& context, const routed_request& asked) {
    const std::optional<std::int64_t> id = parse_hex(bytes_view{asked.tail}.substr(1));
    if (!id) {
        return asked.exchange->respond(problem(400, "what follows is no session id such as 0x1f"));
    }
    session_detail detail;
    detail.id = session_id{*id};
    context.core.ask_in_slices(
        std::move(detail),
        &session_detail::step,
        [asked](const session_detail& found) {
            if (!found.session) {
                return asked.exchange->respond(
                    problem(404, "there is no such session; it may have expired")
                );
            }
            session_page page;
            page.now_wall_ms = found.now_wall_ms;
            page.now_ms = found.now_ms;
            page.ephemeral_counts[found.id] = found.ephemeral_count;
            if (found.connection) {
                page.connections.emplace(found.id, *found.connection);
            }
            json told = session_json(*found.session, page);
            told["ephemerals"] = found.ephemerals;
            json watches = json::array();
            for (const auto& [path, kind] : found.watches) {
                watches.push_back({{"path", path}, {"kind", kind}});
            }
            told["watches"] = std::move(watches);
            respond_json(asked, told);
        }
    );
}

} // namespace

void add_session_routes(route_table& to, const route_context& context) {
    to.add({"GET", "/v1/sessions", operation::read_status, [&context](const routed_request& asked) {
                get_sessions(context, asked);
            }});
    to.add(
        {"GET",
         "/v1/sessions/*",
         operation::read_status,
         [&context](const routed_request& asked) {
             get_session(context, asked);
         }}
    );
}

} // namespace conclave::admin
