/// Who belongs to the ensemble, and which sets of its servers may decide (zab 5.2, 5.3).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "conclave/function_ref.hpp"
#include "conclave/jute.hpp"
#include "conclave/types.hpp"

namespace conclave::zab {

/// Drawn at random when a data directory is made: a server that comes back with another one has
/// lost what it had promised and acknowledged (zab 5.4). All zero: not known yet.
struct storage_id {
    std::uint64_t high{};
    std::uint64_t low{};

    static void fields(auto& archive, auto& record) { archive(record.high, record.low); }

    friend auto operator<=>(const storage_id&, const storage_id&) = default;
};

struct member {
    server_id id;
    bool is_voter = true; ///< else an observer
    storage_id storage;   ///< whose votes count under this id; zero until one has been admitted
    std::uint32_t weight = 1;
    std::uint32_t group = 0;
    bytes address; ///< not interpreted here

    static void fields(auto& archive, auto& record) {
        archive(
            record.id, record.is_voter, record.storage, record.weight, record.group, record.address
        );
    }

    friend bool operator==(const member&, const member&) = default;
};

/// One membership. A set of servers is a quorum if it holds more than half of the weight in more
/// than half of the groups; with one group and equal weights that is the plain majority. Any two
/// quorums of one membership share a server.
struct membership {
    zxid version; ///< of the entry that proposed it; 0 for the one of the configuration file
    /// Of the entry in which an operator asked for it: what clients know as its version. Admitting
    /// another storage does not change it. 0 in a proposal: that of its entry.
    zxid configured;
    std::vector<member> members; ///< by id

    static void fields(auto& archive, auto& record) {
        archive(record.version, record.configured, record.members);
    }

    [[nodiscard]] const member* find(server_id id) const;
    [[nodiscard]] bool is_voter(server_id id) const;

    /// Voters that may lead: those with weight.
    [[nodiscard]] bool is_electable(server_id id) const;

    [[nodiscard]] std::size_t voter_count() const;

    /// `holds` says of a voter whether it belongs to the set.
    [[nodiscard]] bool is_quorum(function_ref<bool(const member&)> holds) const;

    friend bool operator==(const membership&, const membership&) = default;
};

/// What decides at the end of a log (zab 5.3): one membership, or two while a change of it is under
/// way. A quorum is then one of both.
struct membership_state {
    membership stable;
    membership pending; ///< meaningless unless `is_joint`
    bool is_joint = false;

    static void fields(auto& archive, auto& record) {
        archive(record.stable, record.pending, record.is_joint);
    }

    [[nodiscard]] bool is_voter(server_id id) const;
    [[nodiscard]] bool is_electable(server_id id) const;
    [[nodiscard]] bool is_quorum(function_ref<bool(const member&)> holds) const;

    /// Of the entry under each id: the stable one, unless only the pending one knows it.
    [[nodiscard]] const member* find(server_id id) const;

    [[nodiscard]] std::size_t voter_count() const;

    [[nodiscard]] zxid version() const { return is_joint ? pending.version : stable.version; }

    /// All ids of both, ascending.
    [[nodiscard]] std::vector<server_id> servers() const;

    friend bool operator==(const membership_state&, const membership_state&) = default;
};

[[nodiscard]] bytes encode(const membership& from);

/// @return nothing if the body is not a whole membership.
[[nodiscard]] std::optional<membership> decode_membership(bytes_view body);

} // namespace conclave::zab
