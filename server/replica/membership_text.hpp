/// Memberships as text: what /zookeeper/config holds, and what a reconfig request asks for
/// (zookeeper-protocol 7.4, 7.5).
#pragma once

#include "server/zab/membership.hpp"

#include "conclave/protocol.hpp"
#include "conclave/result.hpp"
#include "conclave/server_list.hpp"

namespace conclave::replica {

/// The lines as ZooKeeper prints them, by id, and the version. Empty if the members have no
/// addresses: a server that runs alone.
[[nodiscard]] bytes config_text(const zab::membership& from);

/// The members by id, known by no storage, each with its line as its address. Weights count only
/// where there are groups, as in ZooKeeper.
[[nodiscard]] zab::membership membership_of(const server_list& from);

/// Which memberships an operator may ask for; each is a key of the configuration.
struct reconfig_rules {
    bool standalone_enabled = true; ///< then fewer than two voters are refused
    bool multi_address_enabled = false;
    bool extended_types_enabled = false;
};

/// The membership that `request` makes of `current`, without storages.
/// @return bad_version if the request is for another version than the current one; bad_arguments if
/// it cannot be understood, a change by lists is asked for where there are groups, two servers
/// would share an address, or the voters would be too few.
[[nodiscard]] result<zab::membership> reconfigured(
    const zab::membership& current, const reconfig_request& request, const reconfig_rules& rules
);

} // namespace conclave::replica
