/// What a replication core counts.
#pragma once

#include <cstdint>

namespace conclave::zab {

/// Counted since the start; also what proves that the simulator reaches rare paths (zab 7.7).
struct core_counters {
    std::uint64_t campaigns{};
    std::uint64_t elections_won{};
    std::uint64_t elections_lost{};
    std::uint64_t grants{};
    std::uint64_t grants_repeated{};
    std::uint64_t denied_leader_alive{};
    std::uint64_t denied_stale_epoch{};
    std::uint64_t denied_fresher{};
    std::uint64_t denied_membership{};
    std::uint64_t denied_no_vote{};
    std::uint64_t hints_followed{};
    std::uint64_t fresher_grants_discarded{};
    std::uint64_t step_downs{};
    std::uint64_t epoch_bumps{};
    std::uint64_t transfers_begun{};
    std::uint64_t transfers_abandoned{};
    std::uint64_t transfers_taken{};
    std::uint64_t attached_even{};     ///< nothing to send (S1)
    std::uint64_t attached_behind{};   ///< entries from memory (S2)
    std::uint64_t attached_conflict{}; ///< the follower has more (S3, S4)
    std::uint64_t attached_reading{};  ///< entries from the log
    std::uint64_t attached_snapshot{}; ///< (S5, S7)
    std::uint64_t truncations{};
    std::uint64_t entries_truncated{};
    std::uint64_t reattached_after_gap{};
    std::uint64_t snapshots_installed{};
    std::uint64_t snapshots_refused{}; ///< could not be stored
    std::uint64_t commits_before_own_disk{};
    std::uint64_t entries_committed_by_epoch_start{};
    std::uint64_t barriers_confirmed{};
    std::uint64_t barriers_failed{};
    std::uint64_t barriers_held{};
    std::uint64_t memberships_proposed{};
    std::uint64_t storages_admitted{};
    std::uint64_t activations_by_successor{};

    /// Calls `visit(name, counter)` for each.
    static void for_each(auto& counters, auto&& visit) {
        visit("campaigns", counters.campaigns);
        visit("elections_won", counters.elections_won);
        visit("elections_lost", counters.elections_lost);
        visit("grants", counters.grants);
        visit("grants_repeated", counters.grants_repeated);
        visit("denied_leader_alive", counters.denied_leader_alive);
        visit("denied_stale_epoch", counters.denied_stale_epoch);
        visit("denied_fresher", counters.denied_fresher);
        visit("denied_membership", counters.denied_membership);
        visit("denied_no_vote", counters.denied_no_vote);
        visit("hints_followed", counters.hints_followed);
        visit("fresher_grants_discarded", counters.fresher_grants_discarded);
        visit("step_downs", counters.step_downs);
        visit("epoch_bumps", counters.epoch_bumps);
        visit("transfers_begun", counters.transfers_begun);
        visit("transfers_abandoned", counters.transfers_abandoned);
        visit("transfers_taken", counters.transfers_taken);
        visit("attached_even", counters.attached_even);
        visit("attached_behind", counters.attached_behind);
        visit("attached_conflict", counters.attached_conflict);
        visit("attached_reading", counters.attached_reading);
        visit("attached_snapshot", counters.attached_snapshot);
        visit("truncations", counters.truncations);
        visit("entries_truncated", counters.entries_truncated);
        visit("reattached_after_gap", counters.reattached_after_gap);
        visit("snapshots_installed", counters.snapshots_installed);
        visit("snapshots_refused", counters.snapshots_refused);
        visit("commits_before_own_disk", counters.commits_before_own_disk);
        visit("entries_committed_by_epoch_start", counters.entries_committed_by_epoch_start);
        visit("barriers_confirmed", counters.barriers_confirmed);
        visit("barriers_failed", counters.barriers_failed);
        visit("barriers_held", counters.barriers_held);
        visit("memberships_proposed", counters.memberships_proposed);
        visit("storages_admitted", counters.storages_admitted);
        visit("activations_by_successor", counters.activations_by_successor);
    }

    friend bool operator==(const core_counters&, const core_counters&) = default;
};

} // namespace conclave::zab
