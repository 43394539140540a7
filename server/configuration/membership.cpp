#include "server/configuration/membership.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace conclave::configuration {

namespace {

/// The high byte 0xff of an ephemeral owner marks TTL nodes, so no session id may begin with it.
constexpr std::uint32_t server_id_max_with_ttl = 254;

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

void check(
    const ensemble& members, const ensemble_options& options, const origins& from, report& out
) {
    check_servers(members, options, from, out);
    check_groups(members, from, out);
    check_weights(members, from, out);
    check_quorum(members, options, from, out);
}

} // namespace conclave::configuration
