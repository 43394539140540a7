#include "server/admin/command_json.hpp"

#include "server/admin/connection_text.hpp"
#include "server/admin/server_text.hpp"
#include "server/admin/values.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

bytes mebibytes(std::uint64_t size) {
    return fmt::format("{}MB", size / mebibyte);
}

json response_sizes(const replica::counters& counted) {
    return {
        {"last_buffer_size", counted.response_size_last},
        {"min_buffer_size", counted.response_size_min},
        {"max_buffer_size", counted.response_size_max}};
}

/// Takes what stands before the separator off the text.
bytes_view take(bytes_view& text, char separator) {
    const bytes_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part;
}

std::uint16_t port_of(bytes_view text) {
    std::uint16_t port = 0;
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port;
}

/// ZooKeeper's address in JSON: "host:port", with a slash where a name was not looked up.
bytes host_and_port(const bytes& host, std::uint16_t port) {
    return fmt::format("{}:{}", host, port);
}

bytes_view zab_state(zab::role role) {
    switch (role) {
    case zab::role::looking:
    case zab::role::candidate:
        return "election";
    case zab::role::leading_syncing:
    case zab::role::following_syncing:
        return "synchronization";
    case zab::role::leading:
    case zab::role::following:
        return "broadcast";
    case zab::role::stopped:
        break;
    }
    return "";
}

const replica::member_status* find(const replica::ensemble_status& in, server_id id) {
    const auto found = std::ranges::find(in.members, id, &replica::member_status::id);
    return found == in.members.end() ? nullptr : &*found;
}

} // namespace

json connection_json(const connection_facts& of, bool with_statistics) {
    const replica::connection_statistics& counted = of.statistics;
    json told{
        {"remote_socket_address", address(of.peer).substr(1)},
        {"interest_ops", of.is_read ? 1 : 0},
        {"outstanding_requests", of.outstanding},
        {"packets_received", counted.received},
        {"packets_sent", counted.sent}};
    if (with_statistics && of.session != session_id{}) {
        told["session_id"] = of.session.value;
        told["last_operation"] = operation_name(counted.last_operation);
        told["established"] = counted.established_wall_ms;
        told["session_timeout"] = of.timeout_ms;
        told["last_cxid"] = counted.last_xid.value;
        told["last_zxid"] = counted.last_zxid.value;
        told["last_response_time"] = counted.last_response_ms;
        told["last_latency"] = counted.latency_ms_last;
        told["min_latency"] = counted.latency_ms_min;
        told["avg_latency"] =
            counted.latency_count == 0 ? 0 : counted.latency_ms_sum / counted.latency_count;
        told["max_latency"] = counted.latency_ms_max;
    }
    return told;
}

json configuration_json(const configuration_facts& configured) {
    json told;
    told["client_port"] = configured.client_port;
    if (configured.secure_client_port > 0) {
        told["secure_client_port"] = configured.secure_client_port;
    }
    told["data_dir"] = configured.data_directory;
    told["data_log_dir"] = configured.log_directory;
    told["tick_time"] = configured.tick_time_ms;
    told["max_client_cnxns"] = configured.client_connection_count_max;
    told["min_session_timeout"] = configured.session_timeout_ms_min;
    told["max_session_timeout"] = configured.session_timeout_ms_max;
    told["server_id"] = configured.server_id;
    told["client_port_listen_backlog"] = configured.listen_backlog;
    if (configured.membership) {
        const membership_facts& member = *configured.membership;
        told["init_limit"] = member.init_limit_ticks;
        told["sync_limit"] = member.sync_limit_ticks;
        told["election_alg"] = 3;
        told["election_port"] = member.election_port;
        told["quorum_port"] = member.quorum_port;
        told["peer_type"] = member.is_observer ? 1 : 0;
    }
    return told;
}

json environment_json(const process_facts& process, bytes_view version) {
    return {
        {"zookeeper.version", version},
        {"host.name", process.host_name},
        {"java.version", "<NA>"},
        {"java.vendor", "<NA>"},
        {"java.home", "<NA>"},
        {"java.class.path", "<NA>"},
        {"java.library.path", "<NA>"},
        {"java.io.tmpdir", "<NA>"},
        {"java.compiler", "<NA>"},
        {"os.name", process.os_name},
        {"os.arch", process.os_arch},
        {"os.version", process.os_version},
        {"user.name", process.user_name},
        {"user.home", process.user_home},
        {"user.dir", process.working_directory},
        {"os.memory.free", mebibytes(process.memory_free)},
        {"os.memory.max", mebibytes(process.memory_total)},
        {"os.memory.total", mebibytes(process.memory_resident)}};
}

json monitor_json(const std::vector<metric>& metrics) {
    json told;
    for (const metric& each : metrics) {
        std::visit([&](const auto& value) { told[each.name] = value; }, each.value);
    }
    return told;
}

json server_stats_json(const server_facts& server, const directory_sizes& sizes) {
    const replica::counters& counted = server.counters;
    json statistics{
        {"packets_sent", counted.packets_sent},
        {"packets_received", counted.packets_received},
        {"fsync_threshold_exceed_count", 0},
        {"client_response_stats", response_sizes(counted)},
        {"data_dir_size", sizes.data},
        {"log_dir_size", sizes.log},
        {"provider_null", false},
        {"server_state", server.mode},
        {"last_processed_zxid", server.status.last_applied.value},
        {"outstanding_requests", server.status.outstanding},
        {"avg_latency", average_latency_ms(counted)},
        {"max_latency", counted.latency_ms_max},
        {"min_latency", counted.latency_ms_min},
        {"num_alive_client_connections", server.status.connection_count},
        {"auth_failed_count", counted.authentications_failed},
        {"non_mtlsremote_conn_count", 0},
        {"non_mtlslocal_conn_count", 0},
        {"uptime", server.status.uptime_ms}};
    return {
        {"version", server.version},
        {"read_only", server.is_read_only},
        {"server_stats", std::move(statistics)},
        {"client_response", response_sizes(counted)},
        {"node_count", server.status.node_count}};
}

json leader_json(const replica::ensemble_status& ensemble) {
    const replica::member_status* const leader = find(ensemble, ensemble.leader);
    if (ensemble.is_alone || leader == nullptr) {
        return {{"error", "server is not initialized"}};
    }
    return {
        {"is_leader", ensemble.leader == ensemble.self},
        {"leader_id", ensemble.leader.value},
        {"leader_ip", parse_server_line(leader->address).host}};
}

json observers_json(const replica::ensemble_status& ensemble) {
    json listed = json::array();
    for (const replica::member_status& each : ensemble.members) {
        if (!each.is_voter && each.follower) {
            listed.push_back(
                {{"sid", each.id.value},
                 {"remote_addr", parse_server_line(each.address).host},
                 {"last_zxid", hex(each.follower->acknowledged.value)}}
            );
        }
    }
    return {{"synced_observers", listed.size()}, {"observers", listed}};
}

json voting_view_json(const replica::ensemble_status& ensemble) {
    json view = json::object();
    for (const replica::member_status& each : ensemble.members) {
        if (ensemble.is_alone || !each.is_voter) {
            continue;
        }
        const server_line line = parse_server_line(each.address);
        view[std::to_string(each.id.value)] = {
            {"server_addresses", {host_and_port(line.host, line.quorum_port)}},
            {"election_addresses", {host_and_port(line.host, line.election_port)}},
            {"client_address", line.client},
            {"learner_type", "participant"}};
    }
    return {{"current_config", view}};
}

json zabstate_json(const replica::ensemble_status& ensemble, zxid last_applied) {
    const replica::member_status* const own = find(ensemble, ensemble.self);
    if (ensemble.is_alone || own == nullptr) {
        return {{"voting", false}, {"zabstate", ""}};
    }
    const server_line line = parse_server_line(own->address);
    return {
        {"myid", ensemble.self.value},
        {"is_leader", ensemble.leader == ensemble.self},
        {"quorum_address", host_and_port(line.host, line.quorum_port)},
        {"election_address", host_and_port(line.host, line.election_port)},
        {"client_address", line.client},
        {"voting", ensemble.is_voter},
        {"last_zxid", hex(last_applied.value)},
        {"zab_epoch", last_applied.in_epoch().value},
        {"zab_counter", last_applied.counter()},
        {"zabstate", zab_state(ensemble.role)}};
}

json system_properties_json(
    const process_facts& process, const std::vector<std::string>& effective_configuration
) {
    json told{
        {"file.encoding", "UTF-8"},
        {"file.separator", "/"},
        {"line.separator", "\n"},
        {"os.arch", process.os_arch},
        {"os.name", process.os_name},
        {"os.version", process.os_version},
        {"path.separator", ":"},
        {"user.dir", process.working_directory},
        {"user.home", process.user_home},
        {"user.name", process.user_name}};
    for (const std::string& line : effective_configuration) {
        const std::size_t equals = line.find('=');
        told["zookeeper." + line.substr(0, equals)] = line.substr(equals + 1);
    }
    return told;
}

server_line parse_server_line(bytes_view text) {
    server_line line;
    bytes_view addresses = take(text, ';');
    line.client = text;
    bytes_view first = take(addresses, '|');
    if (first.starts_with('[')) {
        line.host = first.substr(0, first.find(']') + 1);
        first.remove_prefix(std::min(first.size(), line.host.size() + 1));
    } else {
        line.host = take(first, ':');
    }
    line.quorum_port = port_of(take(first, ':'));
    line.election_port = port_of(take(first, ':'));
    return line;
}

} // namespace conclave::admin
