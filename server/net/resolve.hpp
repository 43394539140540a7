/// From what an operator writes to the addresses that are listened on.
#pragma once

#include "server/net/asio.hpp"
#include "server/net/settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace conclave::net {

/// All addresses of all entries, each once. Asks the resolver of the system where a name is given,
/// and waits for it.
/// @throws std::runtime_error with a sentence for the operator
[[nodiscard]] std::vector<tcp::endpoint>
resolve(asio::io_context& context, const std::vector<listen_address>& addresses);

/// Whether an IPv4 address listens on this port: a socket for IPv6 beside it must then leave IPv4 to it.
[[nodiscard]] bool has_v4_at(const std::vector<tcp::endpoint>& all, std::uint16_t port);

/// The address without the wrapping that an IPv6 socket puts around an IPv4 peer, so that a client
/// has one address, whatever socket it came through.
[[nodiscard]] tcp::endpoint unwrapped(const tcp::endpoint& peer);

/// As an operator writes it: address and port, an IPv6 address in brackets.
[[nodiscard]] std::string endpoint_text(const tcp::endpoint& endpoint);

} // namespace conclave::net
