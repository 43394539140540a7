#include "server/replica/membership_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "conclave/text.hpp"

namespace conclave::replica {

namespace {

constexpr std::uint32_t server_id_max_with_ttl = 254;

bool has_groups(const zab::membership& members) {
    return std::any_of(members.members.begin(), members.members.end(), [](const auto& each) {
        return each.group != 0;
    });
}

bytes group_lines(const zab::membership& members) {
    std::map<std::uint32_t, bytes> groups;
    bytes weights;
    for (const zab::member& each : members.members) {
        if (each.group != 0) {
            bytes& ids = groups[each.group];
            ids += fmt::format("{}{}", ids.empty() ? "" : ":", each.id.value);
        }
        weights += fmt::format("weight.{}={}\n", each.id.value, each.weight);
    }
    bytes lines;
    for (const auto& [group, ids] : groups) {
        lines += fmt::format("group.{}={}\n", group, ids);
    }
    return lines + weights;
}

server_list list_of(const zab::membership& members) {
    server_list list;
    for (const zab::member& each : members.members) {
        if (auto server = parse_server(each.address)) {
            list.servers.emplace(each.id, *std::move(server));
        }
    }
    return list;
}

/// The parts that are not empty: trailing commas and the like do no harm.
std::vector<std::string_view> words_of(bytes_view text, std::string_view separators) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (const std::string_view word = text::trim(text.substr(0, end)); !word.empty()) {
            words.push_back(word);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

using text_check = result<void, errc>;

text_check remove_leaving(server_list& from, bytes_view leaving) {
    for (const std::string_view word : words_of(leaving, ",")) {
        // Nobody can be the member with an id that is too large, so it is ignored like any other.
        const auto id = text::parse_integer(word, 0, std::numeric_limits<std::int64_t>::max());
        if (!id) {
            return unexpected{errc::bad_arguments};
        }
        if (const auto known = parse_server_id(word)) {
            from.servers.erase(*known);
        }
    }
    return {};
}

/// What stands before the number is not looked at, as in ZooKeeper.
text_check add_joining(server_list& to, bytes_view joining) {
    for (const std::string_view word : words_of(joining, ",")) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) {
            return unexpected{errc::bad_arguments};
        }
        const std::string_view key = text::trim(word.substr(0, equals));
        const auto id = parse_server_id(key.substr(key.rfind('.') + 1));
        auto server = parse_server(text::trim(word.substr(equals + 1)));
        if (!id || !server || !server->client) {
            return unexpected{errc::bad_arguments};
        }
        to.servers.insert_or_assign(*id, *std::move(server));
    }
    return {};
}

result<server_list> list_from(bytes_view lines) {
    server_list list;
    for (const std::string_view line : words_of(lines, ",\n\r")) {
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            return unexpected{errc::bad_arguments};
        }
        const std::string_view key = text::trim(line.substr(0, equals));
        if (key == "version") {
            continue; // of the file that it comes from
        }
        if (!add_line(list, key, text::trim(line.substr(equals + 1)))) {
            return unexpected{errc::bad_arguments};
        }
    }
    return list;
}

/// Two servers that would want the same port of the same host, the client's included.
bool has_shared_address(const server_list& list) {
    std::set<std::pair<std::string, std::uint16_t>> taken;
    for (const auto& [id, server] : list.servers) {
        std::set<std::pair<std::string, std::uint16_t>> own;
        for (const conclave::peer_address& each : server.addresses) {
            own.emplace(each.host, each.quorum_port);
            own.emplace(each.host, each.election_port);
        }
        if (server.client) {
            const std::string& host = server.client->host;
            const bool is_any = host == "0.0.0.0" || host == "::";
            own.emplace(is_any ? server.addresses.front().host : host, server.client->port);
        }
        const std::size_t wanted = taken.size() + own.size();
        taken.merge(own);
        if (taken.size() != wanted) {
            return true;
        }
    }
    return false;
}

/// Each voter is in one group, and groups and weights are of servers that are there.
bool are_groups_whole(const server_list& list) {
    std::set<server_id> grouped;
    for (const auto& [group, ids] : list.groups) {
        for (const server_id id : ids) {
            if (!list.servers.contains(id) || !grouped.insert(id).second) {
                return false;
            }
        }
    }
    const bool are_weights_known =
        std::all_of(list.weights.begin(), list.weights.end(), [&](const auto& each) {
            return list.servers.contains(each.first);
        });
    const bool needs_groups = !list.groups.empty() || !list.weights.empty();
    const bool are_voters_grouped =
        std::all_of(list.servers.begin(), list.servers.end(), [&](const auto& each) {
            return each.second.role == server_role::observer || grouped.contains(each.first);
        });
    return are_weights_known && (!needs_groups || are_voters_grouped);
}

bool is_allowed(const server_list& list, const reconfig_rules& rules) {
    return std::all_of(list.servers.begin(), list.servers.end(), [&](const auto& each) {
        const bool is_id_allowed =
            !rules.extended_types_enabled || each.first.value <= server_id_max_with_ttl;
        return is_id_allowed && (rules.multi_address_enabled || each.second.addresses.size() == 1);
    });
}

} // namespace

bytes config_text(const zab::membership& from) {
    bytes lines;
    for (const zab::member& each : from.members) {
        if (each.address.empty()) {
            return {};
        }
        lines += fmt::format("server.{}={}\n", each.id.value, each.address);
    }
    if (has_groups(from)) {
        lines += group_lines(from);
    }
    return lines + fmt::format("version={:x}", from.configured.value);
}

zab::membership membership_of(const server_list& from) {
    zab::membership made;
    for (const auto& [id, server] : from.servers) {
        zab::member each;
        each.id = id;
        each.is_voter = server.role == server_role::participant;
        each.address = to_string(server);
        for (const auto& [group, ids] : from.groups) {
            if (std::find(ids.begin(), ids.end(), id) != ids.end()) {
                each.group = group;
            }
        }
        if (const auto weight = from.weights.find(id);
            weight != from.weights.end() && !from.groups.empty()) {
            each.weight = weight->second;
        }
        made.members.push_back(std::move(each));
    }
    return made;
}

result<zab::membership> reconfigured(
    const zab::membership& current, const reconfig_request& request, const reconfig_rules& rules
) {
    constexpr std::int64_t any_version = -1;
    if (request.current_config != any_version &&
        request.current_config != current.configured.value) {
        return unexpected{errc::bad_version};
    }
    server_list list;
    if (request.new_members) {
        result<server_list> whole = list_from(*request.new_members);
        if (!whole) {
            return unexpected{whole.error()};
        }
        list = *std::move(whole);
    } else if (has_groups(current)) {
        return unexpected{errc::bad_arguments};
    } else {
        list = list_of(current);
        const text_check left = remove_leaving(list, request.leaving.value_or(bytes_view{}));
        const text_check joined = add_joining(list, request.joining.value_or(bytes_view{}));
        if (!left || !joined) {
            return unexpected{errc::bad_arguments};
        }
    }
    zab::membership next = membership_of(list);
    const std::size_t voters_min = rules.standalone_enabled ? 2 : 1;
    const bool is_decidable = next.is_quorum([](const zab::member&) { return true; });
    if (next.voter_count() < voters_min || !is_decidable || !are_groups_whole(list) ||
        has_shared_address(list) || !is_allowed(list, rules)) {
        return unexpected{errc::bad_arguments};
    }
    return next;
}

} // namespace conclave::replica
