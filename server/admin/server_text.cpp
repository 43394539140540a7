#include "server/admin/server_text.hpp"

#include "server/admin/values.hpp"

#include <fmt/format.h>

#include <iterator>

namespace conclave::admin {

namespace {

bytes title(const server_facts& server) {
    bytes out = fmt::format("Zookeeper version: {}\n", server.version);
    if (server.is_read_only) {
        out += "READ-ONLY mode; serving only read-only clients\n";
    }
    return out;
}

bytes numbers(const server_facts& server) {
    const replica::counters& counted = server.counters;
    const replica::status& status = server.status;
    bytes out = fmt::format(
        "Latency min/avg/max: {}/{}/{}\n"
        "Received: {}\n"
        "Sent: {}\n"
        "Connections: {}\n"
        "Outstanding: {}\n"
        "Zxid: {}\n"
        "Mode: {}\n"
        "Node count: {}\n",
        counted.latency_ms_min,
        decimal(average_latency_ms(counted)),
        counted.latency_ms_max,
        counted.packets_received,
        counted.packets_sent,
        status.connection_count,
        status.outstanding,
        hex(status.last_applied.value),
        server.mode,
        status.node_count
    );
    if (server.mode == "leader") {
        fmt::format_to(
            std::back_inserter(out),
            "Proposal sizes last/min/max: {}/{}/{}\n",
            counted.proposal_size_last,
            counted.proposal_size_min,
            counted.proposal_size_max
        );
    }
    return out;
}

} // namespace

double average_latency_ms(const replica::counters& counted) {
    return counted.latency_count == 0 ? 0
                                      : static_cast<double>(counted.latency_ms_sum) /
                                            static_cast<double>(counted.latency_count);
}

bytes srvr_text(const server_facts& server) {
    return title(server) + numbers(server);
}

bytes stat_text(const server_facts& server, bytes_view clients) {
    return fmt::format("{}Clients:\n{}\n{}", title(server), clients, numbers(server));
}

bytes conf_text(const configuration_facts& configured, const directory_sizes& sizes) {
    bytes out = fmt::format(
        "clientPort={}\n"
        "secureClientPort={}\n"
        "dataDir={}\n"
        "dataDirSize={}\n"
        "dataLogDir={}\n"
        "dataLogSize={}\n"
        "tickTime={}\n"
        "maxClientCnxns={}\n"
        "minSessionTimeout={}\n"
        "maxSessionTimeout={}\n"
        "clientPortListenBacklog={}\n"
        "serverId={}\n",
        configured.client_port,
        configured.secure_client_port,
        configured.data_directory,
        sizes.data,
        configured.log_directory,
        sizes.log,
        configured.tick_time_ms,
        configured.client_connection_count_max,
        configured.session_timeout_ms_min,
        configured.session_timeout_ms_max,
        configured.listen_backlog,
        configured.server_id
    );
    if (!configured.membership) {
        return out;
    }
    const membership_facts& member = *configured.membership;
    constexpr int fast_leader_election = 3; // the only algorithm that ZooKeeper still knows
    fmt::format_to(
        std::back_inserter(out),
        "initLimit={}\n"
        "syncLimit={}\n"
        "electionAlg={}\n"
        "electionPort={}\n"
        "quorumPort={}\n"
        "peerType={}\n"
        "membership: \n"
        "{}",
        member.init_limit_ticks,
        member.sync_limit_ticks,
        fast_leader_election,
        member.election_port,
        member.quorum_port,
        member.is_observer ? 1 : 0,
        member.text
    );
    return out;
}

bytes dirs_text(const directory_sizes& sizes) {
    return fmt::format("datadir_size: {}\nlogdir_size: {}\n", sizes.data, sizes.log);
}

} // namespace conclave::admin
