/// The `server.N`, `group.N` and `weight.N` lines (zookeeper-protocol 12.4): who belongs to the
/// ensemble.
#pragma once

#include "server/configuration/diagnostic.hpp"

#include <conclave/server_list.hpp>

namespace conclave::configuration {

using conclave::endpoint;
using conclave::ensemble_server;
using conclave::parse_server;
using conclave::parse_server_id;
using conclave::peer_address;
using conclave::server_role;
using conclave::to_string;
using ensemble = server_list;

/// What an ensemble may use; each is a key of the configuration.
struct ensemble_options {
    bool multi_address_enabled = false;
    bool standalone_enabled = true;
    bool extended_types_enabled = false;
};

/// Reports what is wrong between the lines: groups that do not divide the voters,
/// several addresses without `multiAddress.enabled`, an ensemble without voters, and one that this
/// release cannot serve.
void check(
    const ensemble& members, const ensemble_options& options, const origins& from, report& out
);

} // namespace conclave::configuration
