#include "server/zab/membership.hpp"

#include "server/zab/codec.hpp"

#include <algorithm>

namespace conclave::zab {

const member* membership::find(server_id id) const {
    const auto at = std::find_if(members.begin(), members.end(), [&](const member& each) {
        return each.id == id;
    });
    return at == members.end() ? nullptr : &*at;
}

bool membership::is_voter(server_id id) const {
    const member* found = find(id);
    return found != nullptr && found->is_voter;
}

bool membership::is_electable(server_id id) const {
    const member* found = find(id);
    return found != nullptr && found->is_voter && found->weight > 0;
}

std::size_t membership::voter_count() const {
    return static_cast<std::size_t>(std::count_if(
        members.begin(), members.end(), [](const member& each) { return each.is_voter; }
    ));
}

bool membership::is_quorum(function_ref<bool(const member&)> holds) const {
    std::size_t groups = 0;
    std::size_t groups_held = 0;
    // Members are few; a group is counted at its first voter.
    for (std::size_t index = 0; index < members.size(); ++index) {
        const auto same_group = [&](const member& each) {
            return each.is_voter && each.group == members[index].group;
        };
        const auto before = members.begin() + static_cast<std::ptrdiff_t>(index);
        if (!members[index].is_voter || std::any_of(members.begin(), before, same_group)) {
            continue;
        }
        std::uint64_t weight = 0;
        std::uint64_t weight_held = 0;
        for (auto each = before; each != members.end(); ++each) {
            if (same_group(*each)) {
                weight += each->weight;
                weight_held += holds(*each) ? each->weight : 0;
            }
        }
        groups += weight > 0 ? 1 : 0;
        groups_held += weight_held * 2 > weight ? 1 : 0;
    }
    return groups_held * 2 > groups;
}

bool membership_state::is_voter(server_id id) const {
    return stable.is_voter(id) || (is_joint && pending.is_voter(id));
}

bool membership_state::is_electable(server_id id) const {
    return stable.is_electable(id) || (is_joint && pending.is_electable(id));
}

bool membership_state::is_quorum(function_ref<bool(const member&)> holds) const {
    return stable.is_quorum(holds) && (!is_joint || pending.is_quorum(holds));
}

const member* membership_state::find(server_id id) const {
    const member* found = stable.find(id);
    return found == nullptr && is_joint ? pending.find(id) : found;
}

std::size_t membership_state::voter_count() const {
    const std::vector<server_id> all = servers();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](server_id id) {
        return is_voter(id);
    }));
}

std::vector<server_id> membership_state::servers() const {
    std::vector<server_id> all;
    for (const member& each : stable.members) {
        all.push_back(each.id);
    }
    if (is_joint) {
        for (const member& each : pending.members) {
            all.push_back(each.id);
        }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

bytes encode(const membership& from) {
    return encoded(from);
}

std::optional<membership> decode_membership(bytes_view body) {
    return decoded<membership>(body);
}

} // namespace conclave::zab
