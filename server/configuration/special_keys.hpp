/// The keys whose values are more than a number, a word or a switch. Each pair fits `key_rule`.
#pragma once

#include "server/configuration/draft.hpp"
#include "server/configuration/values.hpp"

#include <string>
#include <string_view>

namespace conclave::configuration::special {

using outcome = result<void, std::string>;

outcome apply_client_port(draft& into, std::string_view key, std::string_view value);
std::string show_client_port(const settings& values);

outcome apply_client_port_address(draft& into, std::string_view key, std::string_view value);
std::string show_client_port_address(const settings& values);

outcome apply_secure_client_port(draft& into, std::string_view key, std::string_view value);
std::string show_secure_client_port(const settings& values);

outcome apply_secure_client_port_address(draft& into, std::string_view key, std::string_view value);
std::string show_secure_client_port_address(const settings& values);

outcome apply_client_auth(draft& into, std::string_view key, std::string_view value);
std::string show_client_auth(const settings& values);

/// Only algorithm 3 exists.
outcome apply_election_algorithm(draft& into, std::string_view key, std::string_view value);
outcome apply_peer_type(draft& into, std::string_view key, std::string_view value);

outcome apply_torn_tail(draft& into, std::string_view key, std::string_view value);
std::string show_torn_tail(const settings& values);

outcome apply_read_mode(draft& into, std::string_view key, std::string_view value);
std::string show_read_mode(const settings& values);

outcome apply_log_level(draft& into, std::string_view key, std::string_view value);
std::string show_log_level(const settings& values);

outcome apply_digest_algorithm(draft& into, std::string_view key, std::string_view value);

/// A path without a slash at its end, out of the way of what else the endpoint serves.
outcome apply_command_url(draft& into, std::string_view key, std::string_view value);

outcome apply_member_line(draft& into, std::string_view key, std::string_view value);

} // namespace conclave::configuration::special
