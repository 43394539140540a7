/// /v1/why: answers to what operators ask when something is wrong. And /v1/top: who asks most.
#include "server/admin/api_json.hpp"
#include "server/admin/leadership.hpp"
#include "server/admin/listings.hpp"
#include "server/admin/route_context.hpp"
#include "server/admin/values.hpp"
#include "server/replica/request_path.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

double in_ms(replica::latency_histogram::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

json time_json(std::int64_t wall_ms) {
    return wall_ms == 0 ? json(nullptr) : json(wall_ms);
}

// ---- no leader ----

leadership_facts leadership_of(const server_view& view, replica::instant now) {
    const replica::replica& server = view.server();
    leadership_facts facts;
    facts.ensemble = server.current_ensemble_status();
    facts.election = server.election();
    facts.writes_refused = server.current_status(now).writes_refused;
    facts.links = view.links();
    facts.reaches_quorum = server.members().is_quorum([&](const zab::member& each) {
        return each.id == facts.ensemble.self ||
               std::ranges::any_of(facts.election.peers, [&](const zab::peer_view& peer) {
                   return peer.id == each.id && peer.is_linked;
               });
    });
    const auto& elections = server.observed().elections();
    facts.elections.assign(elections.begin(), elections.end());
    return facts;
}

void why_no_leader(const route_context& context, const routed_request& asked) {
    context.core.ask(
        [](server_view& view, replica::instant now) { return leadership_of(view, now); },
        [asked](const leadership_facts& facts) { respond_json(asked, leadership_json(facts)); }
    );
}

// ---- sessions that ended ----

bytes answer_of(const replica::ended_session& ended) {
    const bytes id = hex_text(ended.id.value);
    if (ended.how == replica::session_end::closed) {
        return fmt::format("session {} was closed by its client", id);
    }
    const bytes where = ended.peer.empty() ? bytes{"its client was at another server"}
                        : ended.disconnected_wall_ms == 0
                            ? fmt::format("its client {} was still connected", ended.peer)
                            : fmt::format("its client {} had disconnected", ended.peer);
    return fmt::format(
        "session {} expired: nothing was heard of it for {} ms at least, its timeout is {} ms; {}",
        id,
        ended.silent.count(),
        ended.timeout.count(),
        where
    );
}

json ended_json(const replica::ended_session& ended) {
    return {
        {"answer", answer_of(ended)},
        {"session_id", hex_text(ended.id.value)},
        {"how", ended.how == replica::session_end::expired ? "expired" : "closed"},
        {"at_ms", ended.wall_ms},
        {"zxid", hex_text(ended.at.value)},
        {"timeout_ms", ended.timeout.count()},
        {"silent_ms", ended.silent.count()},
        {"address", ended.peer.empty() ? json(nullptr) : json(ended.peer)},
        {"disconnected_at_ms", time_json(ended.disconnected_wall_ms)},
        {"ephemeral_count", ended.ephemeral_count},
        {"ephemerals", ended.ephemerals}};
}

std::vector<replica::ended_session> ended_sessions(server_view& view, replica::instant) {
    const auto& ended = view.server().observed().ended();
    return {ended.rbegin(), ended.rend()};
}

void why_sessions(const route_context& context, const routed_request& asked) {
    const bool are_all = asked.asked().has_flag("closed");
    context.core.ask(
        [](server_view& view, replica::instant now) { return ended_sessions(view, now); },
        [asked, are_all](const std::vector<replica::ended_session>& ended) {
            json told = json::array();
            for (const replica::ended_session& each : ended) {
                if (are_all || each.how == replica::session_end::expired) {
                    told.push_back(ended_json(each));
                }
            }
            respond_json(
                asked,
                {{"answer",
                  fmt::format("{} sessions that ended lately are remembered", told.size())},
                 {"sessions", std::move(told)}}
            );
        }
    );
}

struct session_fate {
    bool lives = false;
    std::optional<replica::ended_session> ended;
};

void why_session(const route_context& context, const routed_request& asked) {
    const std::optional<std::int64_t> number = parse_hex(bytes_view{asked.tail}.substr(1));
    if (!number) {
        return asked.exchange->respond(problem(400, "what follows is no session id such as 0x1f"));
    }
    context.core.ask(
        [id = session_id{*number}](server_view& view, replica::instant now) {
            session_fate fate{view.server().sessions().find(id) != nullptr, {}};
            const auto ended = ended_sessions(view, now);
            const auto found = std::ranges::find(ended, id, &replica::ended_session::id);
            if (found != ended.end()) {
                fate.ended = *found;
            }
            return fate;
        },
        [asked](const session_fate& fate) {
            if (fate.ended && !fate.lives) {
                return respond_json(asked, ended_json(*fate.ended));
            }
            asked.exchange->respond(problem(
                404,
                fate.lives
                    ? "the session lives; /v1/sessions tells more"
                    : "no such session is remembered: it ended before this server started, or "
                      "more than 256 others have ended since"
            ));
        }
    );
}

// ---- slow requests ----

json slow_json(const replica::slow_request& slow) {
    json stages = json::object();
    std::size_t worst = 0;
    for (std::size_t index = 0; index < replica::stage_count; ++index) {
        stages[bytes{replica::stage_names[index]}] = in_ms(slow.stages[index]);
        worst = slow.stages[index] > slow.stages[worst] ? index : worst;
    }
    return {
        {"at_ms", slow.wall_ms},
        {"operation", replica::name_of_request(slow.type)},
        {"path", slow.path.empty() ? json(nullptr) : json(slow.path)},
        {"session_id", hex_text(slow.session.value)},
        {"address", slow.peer.empty() ? json(nullptr) : json(slow.peer)},
        {"zxid", slow.at == zxid{} ? json(nullptr) : json(hex_text(slow.at.value))},
        {"total_ms", in_ms(slow.total)},
        {"slowest_stage", replica::stage_names[worst]},
        {"stages_ms", std::move(stages)}};
}

struct slow_facts {
    std::vector<replica::slow_request> requests; ///< the newest first
    std::chrono::milliseconds threshold{};
    std::uint64_t count = 0;
};

void why_slow(const route_context& context, const routed_request& asked) {
    context.core.ask(
        [](server_view& view, replica::instant) {
            const replica::observations& seen = view.server().observed();
            return slow_facts{
                {seen.slow().rbegin(), seen.slow().rend()},
                seen.slow_threshold(),
                seen.slow_count()};
        },
        [asked](const slow_facts& facts) {
            json requests = json::array();
            for (const replica::slow_request& each : facts.requests) {
                requests.push_back(slow_json(each));
            }
            respond_json(
                asked,
                {{"answer",
                  fmt::format(
                      "{} requests took longer than {} ms (slowRequestThresholdMs) since the start",
                      facts.count,
                      facts.threshold.count()
                  )},
                 {"threshold_ms", facts.threshold.count()},
                 {"count", facts.count},
                 {"requests", std::move(requests)}}
            );
        }
    );
}

// ---- disks ----

json disk_json(server_id id, const replica::heard_disk& heard, std::int64_t now_wall_ms) {
    constexpr double microseconds_per_ms = 1000;
    const auto ms = [](std::uint64_t us) {
        return static_cast<double>(us) / microseconds_per_ms;
    };
    return {
        {"server_id", id.value},
        {"sync_count", heard.told.count},
        {"p50_ms", ms(heard.told.p50)},
        {"p99_ms", ms(heard.told.p99)},
        {"max_ms", ms(heard.told.most)},
        {"recent_count", heard.told.recent_count},
        {"recent_mean_ms", ms(heard.told.recent_mean)},
        {"age_ms", std::max<std::int64_t>(0, now_wall_ms - heard.wall_ms)}};
}

struct disk_facts {
    std::map<server_id, replica::heard_disk> disks;
    std::int64_t now_wall_ms = 0;
};

bytes answer_of(const disk_facts& facts) {
    const auto slowest = std::ranges::max_element(facts.disks, {}, [](const auto& each) {
        return each.second.told.p99;
    });
    return slowest == facts.disks.end()
               ? bytes{"no server has told of its disk yet: they do so every few seconds"}
               : fmt::format(
                     "the slowest disk is that of server {}: one sync of the log in a hundred "
                     "takes "
                     "longer than {:.1f} ms",
                     slowest->first.value,
                     static_cast<double>(slowest->second.told.p99) / 1000
                 );
}

void why_disk(const route_context& context, const routed_request& asked) {
    context.core.ask(
        [](server_view& view, replica::instant now) {
            return disk_facts{view.server().disks(), now.wall_ms};
        },
        [asked](const disk_facts& facts) {
            json servers = json::array();
            for (const auto& [id, heard] : facts.disks) {
                servers.push_back(disk_json(id, heard, facts.now_wall_ms));
            }
            respond_json(asked, {{"answer", answer_of(facts)}, {"servers", std::move(servers)}});
        }
    );
}

// ---- who asks most ----

json talk_json(const talk_facts& talk) {
    json operations = json::array();
    for (const replica::operation_count& each : talk.operations) {
        operations.push_back(
            {{"operation", replica::name_of_request(each.type)},
             {"count", each.count},
             {"bytes", each.octets}}
        );
    }
    json prefixes = json::array();
    for (const replica::top_talkers::talker& each : talk.prefixes) {
        prefixes.push_back(
            {{"prefix", each.name},
             {"count", each.count},
             {"count_error_max", each.overestimate},
             {"writes", each.writes},
             {"bytes", each.octets}}
        );
    }
    return {{"operations", std::move(operations)}, {"prefixes", std::move(prefixes)}};
}

json busiest(std::vector<connection_facts> connections) {
    constexpr std::size_t count_max = 20;
    const auto received = [](const connection_facts& each) {
        return each.statistics.received;
    };
    const std::size_t count = std::min(count_max, connections.size());
    std::ranges::partial_sort(
        connections,
        connections.begin() + static_cast<std::ptrdiff_t>(count),
        std::ranges::greater{},
        received
    );
    json told = json::array();
    for (std::size_t index = 0; index < count; ++index) {
        const connection_facts& each = connections[index];
        told.push_back(
            {{"session_id", hex_text(each.session.value)},
             {"address", address(each.peer).substr(1)},
             {"received_count", each.statistics.received},
             {"sent_count", each.statistics.sent},
             {"outstanding_count", each.outstanding}}
        );
    }
    return told;
}

void get_top(const route_context& context, const routed_request& asked) {
    context.core.ask(
        [](server_view& view, replica::instant) { return view.talk_now(); },
        [&context, asked](const talk_facts& talk) {
            context.core.ask_in_slices(
                connection_listing{},
                &connection_listing::step,
                [asked, told = talk_json(talk)](connection_listing& listed) mutable {
                    told["connections"] = busiest(std::move(listed.found));
                    respond_json(asked, told);
                }
            );
        }
    );
}

} // namespace

void add_why_routes(route_table& to, const route_context& context) {
    const auto add = [&](bytes_view path, auto serve) {
        to.add({"GET", bytes{path}, operation::read_status, [&context, serve](const auto& asked) {
                    serve(context, asked);
                }});
    };
    add("/v1/why/no-leader", why_no_leader);
    add("/v1/why/sessions", why_sessions);
    add("/v1/why/session/*", why_session);
    add("/v1/why/slow", why_slow);
    add("/v1/why/disk", why_disk);
    add("/v1/top", get_top);
}

} // namespace conclave::admin
