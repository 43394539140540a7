#include "server/configuration/membership.hpp"

#include "server/configuration/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace conclave::configuration {

namespace {

constexpr std::uint32_t server_id_max = 255;

/// The high byte 0xff of an ephemeral owner marks TTL nodes, so no session id may begin with it.
constexpr std::uint32_t server_id_max_with_ttl = 254;

/// Splits at colons, taking what stands in brackets as one part: "[::1]:2888:3888" has three.
std::vector<std::string_view> split_address(std::string_view text) {
    text = trim(text);
    if (!text.starts_with('[')) {
        return split(text, ':');
    }
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) {
        return {text};
    }
    std::vector<std::string_view> parts{text.substr(0, close + 1)};
    std::string_view rest = text.substr(close + 1);
    if (rest.empty()) {
        return parts;
    }
    if (!rest.starts_with(':')) {
        return {text};
    }
    rest.remove_prefix(1);
    for (const std::string_view part : split(rest, ':')) {
        parts.push_back(part);
    }
    return parts;
}

parsed<server_role> parse_role(std::string_view text) {
    const std::string word = lower_case(text);
    if (word == "participant") {
        return server_role::participant;
    }
    if (word == "observer") {
        return server_role::observer;
    }
    return unexpected{fmt::format("\"{}\" is neither participant nor observer", printable(text))};
}

struct address_and_role {
    peer_address address;
    server_role role = server_role::participant;
};

parsed<address_and_role> parse_peer_address(std::string_view text) {
    const std::vector<std::string_view> parts = split_address(text);
    if (parts.size() != 3 && parts.size() != 4) {
        return unexpected{fmt::format(
            "\"{}\" is not host:quorumport:electionport[:participant|observer] (an IPv6 address "
            "needs brackets)",
            printable(text)
        )};
    }
    auto host = parse_host(parts[0]);
    const auto quorum_port = parse_port(parts[1]);
    const auto election_port = parse_port(parts[2]);
    for (const std::string* problem :
         {host ? nullptr : &host.error(),
          quorum_port ? nullptr : &quorum_port.error(),
          election_port ? nullptr : &election_port.error()}) {
        if (problem != nullptr) {
            return unexpected{*problem};
        }
    }
    if (*quorum_port == *election_port) {
        return unexpected{fmt::format("port {} stands for both quorum and election", *quorum_port)};
    }
    address_and_role peer{{std::move(*host), *quorum_port, *election_port}};
    if (parts.size() == 4) {
        const auto role = parse_role(parts[3]);
        if (!role) {
            return unexpected{role.error()};
        }
        peer.role = *role;
    }
    return peer;
}

/// What stands behind the semicolon: [host:]port.
result<void, std::string> parse_client_part(std::string_view text, ensemble_server& into) {
    const std::vector<std::string_view> parts = split_address(text);
    if (parts.size() > 2) {
        return unexpected{fmt::format(
            "\"{}\" is not [host:]clientport (an IPv6 address needs brackets)", printable(text)
        )};
    }
    const auto port = parse_port(parts.back());
    if (!port) {
        return unexpected{port.error()};
    }
    into.client = endpoint{"0.0.0.0", *port};
    if (parts.size() == 2) {
        auto host = parse_host(parts[0]);
        if (!host) {
            return unexpected{host.error()};
        }
        into.client->host = std::move(*host);
        into.client_host_is_given = true;
    }
    return {};
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

const place& line_of(const origins& from, std::string_view family, std::uint32_t id) {
    return from.of(fmt::format("{}.{}", family, id));
}

void check_servers(
    const ensemble& members, const ensemble_options& options, const origins& from, report& out
) {
    for (const auto& [id, server] : members.servers) {
        const place& at = line_of(from, "server", id.value);
        if (server.addresses.size() > 1 && !options.multi_address_enabled) {
            out.error(
                at,
                fmt::format("server.{}: several addresses need multiAddress.enabled=true", id.value)
            );
        }
        if (options.extended_types_enabled && id.value > server_id_max_with_ttl) {
            out.error(
                at,
                fmt::format(
                    "server.{}: with extendedTypesEnabled the highest id is {}",
                    id.value,
                    server_id_max_with_ttl
                )
            );
        }
    }
}

void check_groups(const ensemble& members, const origins& from, report& out) {
    std::set<server_id> grouped;
    for (const auto& [group, ids] : members.groups) {
        const place& at = line_of(from, "group", group);
        for (const server_id id : ids) {
            if (!members.servers.contains(id)) {
                out.error(at, fmt::format("group.{}: there is no server.{}", group, id.value));
            }
            if (!grouped.insert(id).second) {
                out.error(at, fmt::format("group.{}: server {} is in two groups", group, id.value));
            }
        }
    }
    for (const auto& [id, server] : members.servers) {
        const bool votes = server.role == server_role::participant;
        if (votes && !members.groups.empty() && !grouped.contains(id)) {
            out.error(
                line_of(from, "server", id.value),
                fmt::format("server.{}: where there are groups, each voter needs one", id.value)
            );
        }
    }
}

void check_weights(const ensemble& members, const origins& from, report& out) {
    for (const auto& [id, weight] : members.weights) {
        const place& at = line_of(from, "weight", id.value);
        if (!members.servers.contains(id)) {
            out.error(at, fmt::format("weight.{0}: there is no server.{0}", id.value));
        } else if (members.groups.empty()) {
            out.warn(at, fmt::format("weight.{}: weights count only with group lines", id.value));
        }
    }
}

void check_quorum(
    const ensemble& members, const ensemble_options& options, const origins& from, report& out
) {
    if (members.servers.empty()) {
        return;
    }
    const place& at = line_of(from, "server", members.servers.rbegin()->first.value);
    const auto voters =
        std::count_if(members.servers.begin(), members.servers.end(), [](const auto& entry) {
            return entry.second.role == server_role::participant;
        });
    const auto observers = static_cast<std::ptrdiff_t>(members.servers.size()) - voters;
    if (observers > 0 && voters == 0) {
        out.error(at, "observers need at least one participant to follow");
    } else if (observers > 0 && voters == 1 && options.standalone_enabled) {
        out.error(at, "one participant with observers needs standaloneEnabled=false");
    }
}

} // namespace

std::string to_string(const endpoint& address) {
    return fmt::format("{}:{}", bracketed(address.host), address.port);
}

std::string to_string(const ensemble_server& server) {
    std::string text;
    for (const peer_address& address : server.addresses) {
        text += fmt::format(
            "{}{}:{}:{}:{}",
            text.empty() ? "" : "|",
            bracketed(address.host),
            address.quorum_port,
            address.election_port,
            server.role == server_role::observer ? "observer" : "participant"
        );
    }
    if (server.client) {
        text += ";" + to_string(*server.client);
    }
    return text;
}

result<server_id, std::string> parse_server_id(std::string_view text) {
    const auto id = parse_integer(text, 1, server_id_max);
    if (!id) {
        return unexpected{fmt::format("as the id of a server, {}", id.error())};
    }
    return server_id{static_cast<std::uint32_t>(*id)};
}

result<ensemble_server, std::string> parse_server(std::string_view text) {
    const std::vector<std::string_view> halves = split(text, ';');
    if (halves.size() > 2) {
        return unexpected{fmt::format("\"{}\" has more than one semicolon", printable(text))};
    }
    ensemble_server server;
    for (const std::string_view part : split(halves[0], '|')) {
        auto peer = parse_peer_address(part);
        if (!peer) {
            return unexpected{peer.error()};
        }
        if (!server.addresses.empty() && server.role != peer->role) {
            return unexpected{std::string("the addresses of one server differ in their role")};
        }
        server.role = peer->role;
        server.addresses.push_back(std::move(peer->address));
    }
    if (halves.size() == 2) {
        if (auto client = parse_client_part(halves[1], server); !client) {
            return unexpected{client.error()};
        }
    }
    return server;
}

void check(
    const ensemble& members, const ensemble_options& options, const origins& from, report& out
) {
    check_servers(members, options, from, out);
    check_groups(members, from, out);
    check_weights(members, from, out);
    check_quorum(members, options, from, out);
}

} // namespace conclave::configuration
