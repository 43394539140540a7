/// How all servers of an ensemble are.
#include "client/shell/commands/commands.hpp"
#include "client/shell/word_probe.hpp"

#include <conclave/server_list.hpp>
#include <conclave/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

constexpr std::chrono::milliseconds answer_limit{3000};
constexpr std::chrono::milliseconds session_limit{1000};
constexpr std::size_t servers_max = 255;

std::string address_text(const client::server_address& server) {
    return to_string(endpoint{server.host, server.port});
}

void add_once(std::vector<client::server_address>& to, client::server_address server) {
    if (to.size() < servers_max && std::find(to.begin(), to.end(), server) == to.end()) {
        to.push_back(std::move(server));
    }
}

/// Where clients reach a server of the configuration: a server that listens everywhere is found
/// where the others find it.
std::optional<client::server_address> client_address(std::string_view line) {
    const std::size_t sign = line.find('=');
    if (!line.starts_with("server.") || sign == std::string_view::npos) {
        return std::nullopt;
    }
    const auto server = parse_server(line.substr(sign + 1));
    if (!server || !server->client) {
        return std::nullopt;
    }
    const bool is_everywhere = server->client->host == "0.0.0.0" || server->client->host == "::";
    return client::server_address{
        is_everywhere ? server->addresses.front().host : server->client->host,
        server->client->port};
}

/// Those that the user has named, then those that only the configuration knows. A server that
/// refuses sessions does not hide the first.
std::vector<client::server_address> servers_of(shell& in) {
    std::vector<client::server_address> servers;
    if (const auto named = client::parse_connect_string(in.chosen().servers())) {
        for (const client::server_address& server : named->servers) {
            add_once(servers, server);
        }
    }
    if (!in.is_connected_to_servers() || !in.await_connected(session_limit)) {
        return servers;
    }
    const auto configuration = in.server().ask(operation::get_config{}, session_limit);
    if (configuration) {
        for (const std::string_view line : text::split(configuration->data, '\n')) {
            if (auto server = client_address(line)) {
                add_once(servers, *std::move(server));
            }
        }
    }
    return servers;
}

std::vector<std::string> row_of(const client::server_address& server, const word_answer& said) {
    if (said.failed) {
        return {address_text(server), fmt::format("down: {}", said.failed.message())};
    }
    const std::string mode = line_value(said.text, "Mode");
    if (mode.empty()) {
        const std::string first{text::trim(said.text.substr(0, said.text.find('\n')))};
        return {
            address_text(server),
            first.empty() ? "closed the connection" : "says: " + text::printable(first)};
    }
    const std::string version = line_value(said.text, "Zookeeper version");
    return {
        address_text(server),
        mode,
        line_value(said.text, "Node count"),
        line_value(said.text, "Connections"),
        line_value(said.text, "Outstanding"),
        line_value(said.text, "Latency min/avg/max"),
        line_value(said.text, "Zxid"),
        version.substr(0, version.find_first_of(", -"))};
}

} // namespace

outcome<> status(shell& in, const arguments&) {
    if (in.chosen().session.tls) {
        return misused("status asks by four-letter words, which servers answer on plain ports only"
        );
    }
    const std::vector<client::server_address> servers = servers_of(in);
    const std::vector<word_answer> said = ask_servers(in.loop(), servers, "srvr", answer_limit);
    answer::table table{
        {"server", "mode", "nodes", "connections", "outstanding", "latency_ms", "zxid", "version"},
        {}};
    std::size_t serving_count = 0;
    for (std::size_t at = 0; at < servers.size(); ++at) {
        table.rows.push_back(row_of(servers[at], said[at]));
        serving_count += table.rows.back().size() > 2 ? 1 : 0;
    }
    in.print(table);
    if (serving_count < servers.size()) {
        return unexpected{failure{
            exit_code::not_connected,
            fmt::format(
                "{} of {} servers do not serve", servers.size() - serving_count, servers.size()
            ),
            {},
            {}}};
    }
    return {};
}

} // namespace conclave::shell::commands
