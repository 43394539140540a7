#include "conclave/server_list.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "conclave/text.hpp"

namespace conclave {

namespace {

using text::lower_case;
using text::parse_host;
using text::parse_integer;
using text::parse_port;
using text::parsed;
using text::printable;
using text::split;
using text::trim;

constexpr std::uint32_t server_id_max = 255;
constexpr std::int64_t number_max = std::numeric_limits<std::int32_t>::max();

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

namespace {

using outcome = result<void, std::string>;

outcome add_server(server_list& to, std::string_view number, std::string_view value) {
    const auto id = parse_server_id(number);
    auto server = parse_server(value);
    if (!id) {
        return unexpected{id.error()};
    }
    if (!server) {
        return unexpected{server.error()};
    }
    to.servers.insert_or_assign(*id, std::move(*server));
    return {};
}

outcome add_group(server_list& to, std::string_view number, std::string_view value) {
    const auto group = parse_integer(number, 1, number_max);
    if (!group) {
        return unexpected{group.error()};
    }
    std::vector<server_id> ids;
    for (const std::string_view part : split(value, ':')) {
        const auto id = parse_server_id(part);
        if (!id) {
            return unexpected{id.error()};
        }
        ids.push_back(*id);
    }
    to.groups.insert_or_assign(static_cast<std::uint32_t>(*group), std::move(ids));
    return {};
}

outcome add_weight(server_list& to, std::string_view number, std::string_view value) {
    const auto id = parse_server_id(number);
    const auto weight = parse_integer(value, 0, number_max);
    if (!id) {
        return unexpected{id.error()};
    }
    if (!weight) {
        return unexpected{weight.error()};
    }
    to.weights.insert_or_assign(*id, static_cast<std::uint32_t>(*weight));
    return {};
}

} // namespace

result<void, std::string> add_line(server_list& to, std::string_view key, std::string_view value) {
    const std::string_view number = key.substr(key.find('.') + 1);
    if (key.starts_with("server.")) {
        return add_server(to, number, value);
    }
    if (key.starts_with("group.")) {
        return add_group(to, number, value);
    }
    if (key.starts_with("weight.")) {
        return add_weight(to, number, value);
    }
    return unexpected{fmt::format("\"{}\" is no server, group or weight", printable(key))};
}

} // namespace conclave
