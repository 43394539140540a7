/// /v1/locks and /v1/why/lock: who holds what, who waits, and since when.
#include "server/admin/api_json.hpp"
#include "server/admin/lock_queue.hpp"
#include "server/admin/route_context.hpp"
#include "server/admin/values.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

/// How many contenders of one lock are looked at, and told.
constexpr std::size_t contender_count_max = 1000;

// ---- all locks ----

/// Looks through the ephemeral nodes.
struct lock_search {
    lock_finder found;
    std::optional<std::pair<session_id, bytes>> last;

    bool step(server_view& view, replica::instant) {
        constexpr std::size_t slice = 512;
        const auto& all = view.server().nodes().ephemerals();
        std::size_t count = 0;
        auto owner = last ? all.lower_bound(last->first) : all.begin();
        for (; owner != all.end(); ++owner) {
            const auto& [id, paths] = *owner;
            const bool goes_on = last && last->first == id;
            for (auto path = goes_on ? paths.upper_bound(last->second) : paths.begin();
                 path != paths.end();
                 ++path) {
                if (count++ == slice) {
                    return false;
                }
                found.add(id, *path);
                last = {id, *path};
            }
        }
        return true;
    }
};

void get_locks(const route_context& context, const routed_request& asked) {
    const auto limit = page_limit(asked);
    if (!limit) {
        return;
    }
    context.core.ask_in_slices(
        lock_search{},
        &lock_search::step,
        [asked, limit = static_cast<std::size_t>(*limit)](const lock_search& search) {
            const bytes after{asked.asked().parameter("after").value_or("")};
            const auto& found = search.found.found();
            json locks = json::array();
            json next = nullptr;
            for (auto each = found.upper_bound(after); each != found.end(); ++each) {
                if (locks.size() == limit) {
                    next = locks.back()["path"];
                    break;
                }
                const lock_finder::lock& lock = each->second;
                locks.push_back(
                    {{"path", each->first},
                     {"holder", lock.holder},
                     {"session_id", hex_text(lock.session.value)},
                     {"waiter_count", lock.contender_count - 1}}
                );
            }
            respond_json(
                asked,
                {{"locks", std::move(locks)},
                 {"next_after", std::move(next)},
                 {"is_truncated", search.found.is_truncated()}}
            );
        }
    );
}

// ---- one lock ----

struct owner_facts {
    bool lives = false;
    std::optional<connection_facts> connection;
};

/// The queue, and what the sessions in it are.
struct lock_facts {
    bytes path;
    lock_queue queue;
    std::map<session_id, owner_facts> owners;
    std::int64_t now_wall_ms = 0;
    bool is_truncated = false;
};

lock_facts with_owners(lock_facts facts, server_view& view, replica::instant now) {
    facts.now_wall_ms = now.wall_ms;
    for (const auto* const part : {&facts.queue.holders, &facts.queue.waiters}) {
        for (const contender& each : *part) {
            const session_id id = each.node ? each.node->about.ephemeral_owner : session_id{};
            if (id == session_id{} || facts.owners.contains(id)) {
                continue;
            }
            owner_facts& owner = facts.owners[id];
            owner.lives = view.server().sessions().find(id) != nullptr;
            if (const replica::connection* const at = view.server().connection_of(id)) {
                owner.connection = view.facts_of(*at);
            }
        }
    }
    return facts;
}

json contender_json(const contender& of, const lock_facts& facts) {
    json told{{"name", of.name}, {"number", of.number}, {"shares", of.shares}};
    if (!of.node) {
        told["readable"] = false;
        return told;
    }
    const session_id id = of.node->about.ephemeral_owner;
    const auto owner = facts.owners.find(id);
    const bool is_here = owner != facts.owners.end() && owner->second.connection;
    told["readable"] = true;
    told["session_id"] = id == session_id{} ? json(nullptr) : json(hex_text(id.value));
    told["address"] =
        is_here ? json(address(owner->second.connection->peer).substr(1)) : json(nullptr);
    told["since_ms"] = of.node->about.ctime_ms;
    told["age_ms"] = std::max<std::int64_t>(0, facts.now_wall_ms - of.node->about.ctime_ms);
    told["data"] = data_json(of.node->data);
    return told;
}

json contenders_json(const std::vector<contender>& of, const lock_facts& facts) {
    json told = json::array();
    for (const contender& each : of) {
        told.push_back(contender_json(each, facts));
    }
    return told;
}

bytes answer_of(const lock_facts& facts) {
    const lock_queue& queue = facts.queue;
    if (queue.holders.empty()) {
        return fmt::format(
            "nobody holds a lock at {}, and nobody waits: it has no sequential children", facts.path
        );
    }
    const contender& first = queue.holders.front();
    bytes who = first.name;
    if (first.node) {
        constexpr double ms_per_second = 1000;
        who += fmt::format(
            " (session {}, for {:.1f} s)",
            hex_text(first.node->about.ephemeral_owner.value),
            static_cast<double>(facts.now_wall_ms - first.node->about.ctime_ms) / ms_per_second
        );
    }
    return fmt::format(
        "{} is held by {}{}; {} wait",
        facts.path,
        who,
        queue.holders.size() == 1 ? bytes{}
                                  : fmt::format(" and {} more readers", queue.holders.size() - 1),
        queue.waiters.size()
    );
}

void tell_lock(const routed_request& asked, const lock_facts& facts) {
    respond_json(
        asked,
        {{"answer", answer_of(facts)},
         {"path", facts.path},
         {"holders", contenders_json(facts.queue.holders, facts)},
         {"waiters", contenders_json(facts.queue.waiters, facts)},
         {"is_truncated", facts.is_truncated}}
    );
}

void why_lock(const route_context& context, const routed_request& asked) {
    constexpr std::size_t slice = 64;
    constexpr std::size_t size_max = std::size_t{1} << 20U;
    const std::optional<bytes> path = node_path_of(asked);
    if (!path) {
        return;
    }
    replica::children_reading reading;
    reading.path = *path;
    reading.count_max = contender_count_max;
    reading.size_max = size_max;
    reading.with_stat = true;
    reading.with_data = true;
    context.core.ask_in_slices(
        std::move(reading),
        [by = replica::node_reader{asked.by.who, context.access}](
            replica::children_reading& state, server_view& view, replica::instant
        ) { return state.step(view.server().nodes(), by, slice); },
        [&context, asked](replica::children_reading& read) {
            if (read.failed != errc::ok) {
                return respond_error(asked, read.failed, read.path);
            }
            lock_facts facts{read.path, queue_of(std::move(read.found)), {}, 0, !read.is_last};
            context.core.ask(
                [facts = std::move(facts)](server_view& view, replica::instant now) mutable {
                    return with_owners(std::move(facts), view, now);
                },
                [asked](const lock_facts& whole) { tell_lock(asked, whole); }
            );
        }
    );
}

} // namespace

void add_lock_routes(route_table& to, const route_context& context) {
    to.add({"GET", "/v1/locks", operation::read_status, [&context](const routed_request& asked) {
                get_locks(context, asked);
            }});
    to.add({"GET", "/v1/why/lock/*", operation::read_node, [&context](const routed_request& asked) {
                why_lock(context, asked);
            }});
}

} // namespace conclave::admin
