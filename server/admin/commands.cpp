#include "server/admin/commands.hpp"

#include "server/admin/command_json.hpp"
#include "server/admin/listings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <set>
#include <vector>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

constexpr bytes_view not_serving = "This ZooKeeper instance is not currently serving requests";

/// The members of an answer, then `command` and `error` as ZooKeeper puts them.
json whole_answer(bytes_view name, json told) {
    told["command"] = name;
    if (!told.contains("error")) {
        told["error"] = nullptr;
    }
    return told;
}

/// Lists under names, in the order of `Name`. Gathered apart: looking for a name among the members
/// of a JSON object in order takes as long as there are members.
template <class Name, class Value>
class named_lists {
public:
    void add(const Name& name, Value value) { lists_[name].push_back(std::move(value)); }

    /// `text_of` gives each name a text of its own.
    template <class TextOf>
    [[nodiscard]] json told(TextOf text_of) const {
        json object = json::object();
        auto& members = object.get_ref<json::object_t&>();
        members.reserve(lists_.size());
        for (const auto& [name, values] : lists_) {
            members.emplace_back(text_of(name), values);
        }
        return object;
    }

private:
    std::map<Name, std::vector<Value>> lists_;
};

bytes digits_of(std::int64_t number) {
    return std::to_string(number);
}

json sessions_by_path(const watch_listing& listed) {
    named_lists<bytes_view, std::int64_t> sessions;
    for (const auto& [path, session] : listed.found) {
        sessions.add(path, session.value);
    }
    return {{"path_to_session_ids", sessions.told([](bytes_view path) { return bytes{path}; })}};
}

json paths_by_session(const watch_listing& listed) {
    named_lists<std::int64_t, bytes_view> paths;
    for (const auto& [path, session] : listed.found) {
        paths.add(session.value, path);
    }
    return {{"session_id_to_watched_paths", paths.told(digits_of)}};
}

json summary_of(const watch_listing& listed) {
    std::set<session_id> sessions;
    std::set<bytes_view> paths;
    for (const auto& [path, session] : listed.found) {
        sessions.insert(session);
        paths.insert(path);
    }
    return {
        {"num_connections", sessions.size()},
        {"num_paths", paths.size()},
        {"num_total_watches", listed.found.size()}};
}

} // namespace

std::span<const command_entry> all_commands() {
    static const std::vector<command_entry> table{
        {command::configuration, "configuration", {"conf", "config"}},
        {command::connection_stat_reset, "connection_stat_reset", {"crst"}, true, true},
        {command::connections, "connections", {"cons"}},
        {command::dirs, "dirs", {}},
        {command::dump, "dump", {}},
        {command::environment, "environment", {"env", "envi"}, false},
        {command::get_trace_mask, "get_trace_mask", {"gtmk"}, false},
        {command::hash, "hash", {}},
        {command::initial_configuration, "initial_configuration", {"icfg"}},
        {command::is_read_only, "is_read_only", {"isro"}},
        {command::last_snapshot, "last_snapshot", {"lsnp"}},
        {command::leader, "leader", {"lead"}},
        {command::monitor, "monitor", {"mntr"}},
        {command::observer_connection_stat_reset,
         "observer_connection_stat_reset",
         {"orst"},
         true,
         true},
        {command::observers, "observers", {"obsr"}},
        {command::ruok, "ruok", {}},
        {command::server_stats, "server_stats", {"srvr"}},
        {command::set_trace_mask, "set_trace_mask", {"stmk"}, false, true},
        {command::stat_reset, "stat_reset", {"srst"}, true, true},
        {command::stats, "stats", {"stat"}},
        {command::system_properties, "system_properties", {"sysp"}, false},
        {command::voting_view, "voting_view", {}},
        {command::watch_summary, "watch_summary", {"wchs"}},
        {command::watches, "watches", {"wchc"}},
        {command::watches_by_path, "watches_by_path", {"wchp"}},
        {command::zabstate, "zabstate", {}},
    };
    return table;
}

const command_entry* find_command(bytes_view name) {
    const std::span<const command_entry> all = all_commands();
    const auto found = std::ranges::find_if(all, [name](const command_entry& each) {
        return each.name == name || std::ranges::find(each.aliases, name) != each.aliases.end();
    });
    return found == all.end() ? nullptr : &*found;
}

bytes command_list_page(bytes_view url) {
    bytes page;
    for (const command_entry& each : all_commands()) {
        fmt::format_to(
            std::back_inserter(page), "<a href=\"{0}/{1}\">{1}</a>\n<br/>\n", url, each.name
        );
    }
    return page;
}

json command_error(bytes_view name, bytes_view error) {
    return {{"command", name}, {"error", error}};
}

command_answers::command_answers(core_gate& core, std::vector<std::string> effective_configuration)
    : core_(core), effective_configuration_(std::move(effective_configuration)) {}

/// Asks the core for facts (`ask`, unless it would have to serve and does not) and turns them into
/// an answer (`tell`).
template <class Ask, class Tell>
void command_answers::gather(const command_entry& which, Ask ask, Tell tell, answer then) {
    using facts = std::invoke_result_t<Ask&, server_view&, replica::instant>;
    const bool needs_service = which.needs_service;
    core_.ask(
        [ask, needs_service](server_view& view, replica::instant now) -> std::optional<facts> {
            return needs_service && !view.serves() ? std::nullopt : std::optional{ask(view, now)};
        },
        [name = which.name, tell, then](std::optional<facts> told) {
            then(
                told ? whole_answer(name, tell(*std::move(told))) : command_error(name, not_serving)
            );
        }
    );
}

void command_answers::give(const command_entry& which, const http_request& asked, answer then) {
    const auto plain = [&](auto ask, auto told) {
        gather(which, std::move(ask), std::move(told), std::move(then));
    };
    const auto nothing = [](auto&&...) {
        return json::object();
    };
    switch (which.what) {
    case command::configuration:
        return plain([](auto& view, auto) { return view.configuration_now(); }, configuration_json);
    case command::connection_stat_reset:
        return plain([](auto& view, auto) { return view.reset_connections(), true; }, nothing);
    case command::connections:
        return tell_connections(which, true, std::move(then));
    case command::dirs:
        return plain(
            [](auto& view, auto) { return view.sizes(); },
            [](directory_sizes sizes) {
                return json{{"datadir_size", sizes.data}, {"logdir_size", sizes.log}};
            }
        );
    case command::dump:
        return tell_dump(which, std::move(then));
    case command::environment:
        return plain(
            [](auto& view, auto) { return view.settings().version; },
            [](bytes version) { return environment_json(read_process_facts(), version); }
        );
    case command::get_trace_mask:
        return plain(
            [](auto& view, auto) { return view.trace_mask(); },
            [](std::int64_t mask) {
                return json{{"tracemask", mask}};
            }
        );
    case command::hash:
        return plain(
            [](auto& view, auto) { return view.server().digest_log(); },
            [](const std::deque<replica::digest_point>& points) {
                json digests = json::array();
                for (const replica::digest_point& each : points) {
                    digests.push_back(
                        {{"zxid", each.at.value},
                         {"digest", static_cast<std::int64_t>(each.value.low)},
                         {"digest_version", 2}}
                    );
                }
                return json{{"digests", digests}};
            }
        );
    case command::initial_configuration:
        return plain(
            [](auto&, auto) { return true; },
            [this](bool) {
                bytes text;
                for (const std::string& line : effective_configuration_) {
                    text += line + "\n";
                }
                return json{{"initial_configuration", text}};
            }
        );
    case command::is_read_only:
        return plain(
            [](auto& view, auto now) { return view.server_now(now).is_read_only; },
            [](bool is_read_only) {
                return json{{"read_only", is_read_only}};
            }
        );
    case command::last_snapshot:
        return plain(
            [](auto& view, auto) { return view.server().newest_checkpoint(); },
            [](replica::checkpoint_point point) {
                return json{
                    {"zxid", fmt::format("{:x}", point.at.value)},
                    {"timestamp", point.wall_ms / 1000}};
            }
        );
    case command::leader:
        return plain(
            [](auto& view, auto) { return view.server().current_ensemble_status(); }, leader_json
        );
    case command::monitor:
        return plain(
            [](auto& view, auto now) { return view.measured_now(now); },
            [](const measured_facts& measured) {
                return monitor_json(collect_metrics({measured, read_process_facts()}));
            }
        );
    case command::observers:
        return plain(
            [](auto& view, auto) { return view.server().current_ensemble_status(); }, observers_json
        );
    case command::observer_connection_stat_reset:
    case command::ruok:
        return plain([](auto&, auto) { return true; }, nothing);
    case command::server_stats:
        return plain(
            [](auto& view, auto now) {
                return std::pair{view.server_now(now), view.sizes()};
            },
            [](const std::pair<server_facts, directory_sizes>& facts) {
                return server_stats_json(facts.first, facts.second);
            }
        );
    case command::set_trace_mask:
        return set_trace_mask(which, asked, std::move(then));
    case command::stat_reset:
        return plain([](auto& view, auto) { return view.reset_server(), true; }, nothing);
    case command::stats:
        return tell_connections(which, false, std::move(then));
    case command::system_properties:
        return plain(
            [](auto&, auto) { return true; },
            [this](bool) {
                return system_properties_json(read_process_facts(), effective_configuration_);
            }
        );
    case command::voting_view:
        return plain(
            [](auto& view, auto) { return view.server().current_ensemble_status(); },
            voting_view_json
        );
    case command::watch_summary:
    case command::watches:
    case command::watches_by_path:
        return tell_watches(which, std::move(then));
    case command::zabstate:
        return plain(
            [](auto& view, auto now) {
                return std::pair{
                    view.server().current_ensemble_status(), view.server_now(now).status};
            },
            [](const std::pair<replica::ensemble_status, replica::status>& facts) {
                return zabstate_json(facts.first, facts.second.last_applied);
            }
        );
    }
}

/// `connections`, or `stats`, which has the server's own numbers in front of them.
void command_answers::tell_connections(
    const command_entry& which, bool with_statistics, answer then
) {
    gather(
        which,
        [](server_view& view, replica::instant now) {
            return std::pair{view.server_now(now), view.sizes()};
        },
        [](const std::pair<server_facts, directory_sizes>& facts) {
            return server_stats_json(facts.first, facts.second);
        },
        [this, with_statistics, then, name = which.name](json server) {
            if (!server["error"].is_null()) {
                return then(std::move(server));
            }
            core_.ask_in_slices(
                connection_listing{},
                &connection_listing::step,
                [with_statistics, then, name, server](const connection_listing& listed) mutable {
                    json connections = json::array();
                    for (const connection_facts& each : listed.found) {
                        connections.push_back(connection_json(each, with_statistics));
                    }
                    json told = with_statistics ? json::object() : std::move(server);
                    told.erase("command");
                    told.erase("error");
                    told["connections"] = std::move(connections);
                    told["secure_connections"] = json::array();
                    then(whole_answer(name, std::move(told)));
                }
            );
        }
    );
}

void command_answers::tell_dump(const command_entry& which, answer then) {
    core_.ask_in_slices(
        session_listing{},
        &session_listing::step,
        [this, then, name = which.name](const session_listing& sessions) {
            if (!sessions.is_serving) {
                return then(command_error(name, not_serving));
            }
            named_lists<std::int64_t, std::int64_t> expiring;
            for (const session_facts& each : sessions.found) {
                expiring.add(each.deadline / std::chrono::milliseconds{1}, each.id.value);
            }
            core_.ask_in_slices(
                ephemeral_listing{},
                &ephemeral_listing::step,
                [then, name, expiry = expiring.told(digits_of)](const ephemeral_listing& listed) {
                    named_lists<std::int64_t, bytes_view> paths;
                    for (const auto& [session, path] : listed.found) {
                        paths.add(session.value, path);
                    }
                    then(whole_answer(
                        name,
                        {{"expiry_time_to_session_ids", expiry},
                         {"session_id_to_ephemeral_paths", paths.told(digits_of)}}
                    ));
                }
            );
        }
    );
}

void command_answers::tell_watches(const command_entry& which, answer then) {
    core_.ask_in_slices(
        watch_listing{},
        &watch_listing::step,
        [then, name = which.name, what = which.what](watch_listing& listed) {
            if (!listed.is_serving) {
                return then(command_error(name, not_serving));
            }
            std::sort(listed.found.begin(), listed.found.end());
            listed.found.erase(
                std::unique(listed.found.begin(), listed.found.end()), listed.found.end()
            );
            then(whole_answer(
                name,
                what == command::watches           ? paths_by_session(listed)
                : what == command::watches_by_path ? sessions_by_path(listed)
                                                   : summary_of(listed)
            ));
        }
    );
}

void command_answers::set_trace_mask(
    const command_entry& which, const http_request& asked, answer then
) {
    const std::optional<bytes_view> text = asked.parameter("traceMask");
    constexpr bytes_view usage = "setTraceMask requires long traceMask argument";
    if (!text) {
        return then(command_error(which.name, usage));
    }
    std::int64_t mask = 0;
    const char* const end = text->data() + text->size();
    if (const auto [stop, failed] = std::from_chars(text->data(), end, mask);
        failed != std::errc{} || stop != end) {
        return then(command_error(which.name, fmt::format("{}, got {}", usage, *text)));
    }
    gather(
        which,
        [mask](server_view& view, replica::instant) { return view.set_trace_mask(mask), mask; },
        [](std::int64_t set) {
            return json{{"tracemask", set}};
        },
        std::move(then)
    );
}

} // namespace conclave::admin
