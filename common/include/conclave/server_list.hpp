/// Who belongs to an ensemble, as people and ZooKeeper's clients write it (zookeeper-protocol 7.4,
/// 12.4): `server.N`, `group.N` and `weight.N` lines.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conclave/result.hpp"
#include "conclave/types.hpp"

namespace conclave {

/// A socket address as an operator writes it: a name or an IPv4 or IPv6 literal (without brackets),
/// and a port.
struct endpoint {
    std::string host;
    std::uint16_t port = 0;

    friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// "host:port", with brackets around an IPv6 literal.
[[nodiscard]] std::string to_string(const endpoint& address);

/// One of the addresses at which the other servers reach a server.
struct peer_address {
    std::string host;
    std::uint16_t quorum_port = 0;
    std::uint16_t election_port = 0;

    friend bool operator==(const peer_address&, const peer_address&) = default;
};

enum class server_role : std::uint8_t { participant, observer };

struct ensemble_server {
    std::vector<peer_address> addresses; ///< at least one
    server_role role = server_role::participant;
    std::optional<endpoint> client; ///< host 0.0.0.0 when the line names the port only
    /// False: the line leaves the choice of the address to the server.
    bool client_host_is_given = false;

    friend bool operator==(const ensemble_server&, const ensemble_server&) = default;
};

/// The right-hand side of a server line, role always written:
/// "h1:2888:3888:participant;0.0.0.0:2181".
[[nodiscard]] std::string to_string(const ensemble_server& server);

struct server_list {
    std::map<server_id, ensemble_server> servers;
    std::map<std::uint32_t, std::vector<server_id>> groups;
    std::map<server_id, std::uint32_t> weights; ///< a server that is not listed weighs 1
    /// Of a dynamic file: the zxid of the reconfig that wrote it.
    std::optional<std::uint64_t> version;

    friend bool operator==(const server_list&, const server_list&) = default;
};

/// The id behind `server.` and `weight.`: 1 to 255.
[[nodiscard]] result<server_id, std::string> parse_server_id(std::string_view text);

/// The right-hand side of `server.N=`. The error says what is wrong with it.
[[nodiscard]] result<ensemble_server, std::string> parse_server(std::string_view text);

/// Takes one line, whose key begins with `server.`, `group.` or `weight.`.
[[nodiscard]] result<void, std::string>
add_line(server_list& to, std::string_view key, std::string_view value);

} // namespace conclave
