/// The commands of ZooKeeper's AdminServer (zookeeper-protocol 11.3), with its JSON keys.
#pragma once

#include "server/admin/core_gate.hpp"
#include "server/admin/http_message.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace conclave::admin {

enum class command {
    configuration,
    connection_stat_reset,
    connections,
    dirs,
    dump,
    environment,
    get_trace_mask,
    hash,
    initial_configuration,
    is_read_only,
    last_snapshot,
    leader,
    monitor,
    observer_connection_stat_reset,
    observers,
    ruok,
    server_stats,
    set_trace_mask,
    stat_reset,
    stats,
    system_properties,
    voting_view,
    watch_summary,
    watches,
    watches_by_path,
    zabstate,
};

/// A command under its own name; the list of them is in the order of names.
struct command_entry {
    command what;
    bytes_view name;
    std::vector<bytes_view> aliases;
    bool needs_service = true; ///< is answered only by a server that serves
    bool changes = false;      ///< it resets or sets something
};

[[nodiscard]] std::span<const command_entry> all_commands();

/// By name or alias; null if there is none.
[[nodiscard]] const command_entry* find_command(bytes_view name);

/// The page that lists them, at the URL itself.
[[nodiscard]] bytes command_list_page(bytes_view url);

/// Answers commands. Admin thread only; the gate must outlive it.
class command_answers {
public:
    using answer = std::function<void(nlohmann::ordered_json)>;

    /// `effective_configuration`: lines `key=value`, secrets masked.
    command_answers(core_gate& core, std::vector<std::string> effective_configuration);

    /// Calls `then` with the whole answer, `command` and `error` included.
    void give(const command_entry& which, const http_request& asked, answer then);

private:
    template <class Ask, class Tell>
    void gather(const command_entry& which, Ask ask, Tell tell, answer then);

    void tell_connections(const command_entry& which, bool with_statistics, answer then);
    void tell_dump(const command_entry& which, answer then);
    void tell_watches(const command_entry& which, answer then);
    void set_trace_mask(const command_entry& which, const http_request& asked, answer then);

    core_gate& core_;
    std::vector<std::string> effective_configuration_;
};

/// How a command that does not exist, or cannot be carried out, is answered.
[[nodiscard]] nlohmann::ordered_json command_error(bytes_view name, bytes_view error);

} // namespace conclave::admin
