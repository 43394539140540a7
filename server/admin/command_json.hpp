/// Facts as the JSON of ZooKeeper's AdminServer. Values without a counterpart here have the value
/// that ZooKeeper gives when there is nothing to tell.
#pragma once

#include "server/admin/facts.hpp"
#include "server/admin/metrics.hpp"
#include "server/admin/process_info.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace conclave::admin {

/// Without `with_statistics` as `stats` shows it, else as `connections` does.
[[nodiscard]] nlohmann::ordered_json
connection_json(const connection_facts& of, bool with_statistics);

[[nodiscard]] nlohmann::ordered_json configuration_json(const configuration_facts& configured);
[[nodiscard]] nlohmann::ordered_json
environment_json(const process_facts& process, bytes_view version);
[[nodiscard]] nlohmann::ordered_json monitor_json(const std::vector<metric>& metrics);
[[nodiscard]] nlohmann::ordered_json
server_stats_json(const server_facts& server, const directory_sizes& sizes);

/// `leader`; holds `error` if there is none, or nobody to lead.
[[nodiscard]] nlohmann::ordered_json leader_json(const replica::ensemble_status& ensemble);
[[nodiscard]] nlohmann::ordered_json observers_json(const replica::ensemble_status& ensemble);
[[nodiscard]] nlohmann::ordered_json voting_view_json(const replica::ensemble_status& ensemble);
[[nodiscard]] nlohmann::ordered_json
zabstate_json(const replica::ensemble_status& ensemble, zxid last_applied);

/// Lines `key=value` as properties of a Java machine: `zookeeper.` in front of each key.
[[nodiscard]] nlohmann::ordered_json system_properties_json(
    const process_facts& process, const std::vector<std::string>& effective_configuration
);

/// The parts of a server line such as "host:2888:3888:participant;0.0.0.0:2181", as far as they are
/// there; of several addresses the first.
struct server_line {
    bytes host;
    std::uint16_t quorum_port = 0;
    std::uint16_t election_port = 0;
    bytes client; ///< "host:port"
};

[[nodiscard]] server_line parse_server_line(bytes_view text);

} // namespace conclave::admin
