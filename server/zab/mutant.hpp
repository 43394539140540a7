/// Known faults, one of which the simulator can switch on to prove that it would be noticed (zab
/// 7.8). In the library that servers use every switch is the constant `false`.
#pragma once

#ifdef CONCLAVE_MUTANTS

#include <string_view>

namespace conclave::zab {

enum class mutant {
    none,
    acknowledge_before_durable,
    promise_before_durable,
    no_freshness_check,
    compare_counters_only,
    no_guard_for_records_in_flight,
    commit_old_epoch_by_counting,
    leader_counts_itself_before_durable,
    apply_before_durable,
    truncate_without_conflict,
    truncate_below_commit,
    acknowledge_without_match,
    snapshot_below_commit,
    joint_only_from_commit,
    wiped_voter_votes,
    barrier_without_round,
    numeric_position,
    acknowledge_old_epoch_after_promise,
};

struct named_mutant {
    mutant which;
    std::string_view name;
    bool is_rare = false; ///< needs thousands of seeds, or a second fault to do harm
};

inline constexpr named_mutant all_mutants[] = {
    {mutant::acknowledge_before_durable, "acknowledge before durable"},
    {mutant::promise_before_durable, "promise before durable"},
    {mutant::no_freshness_check, "no freshness check"},
    {mutant::compare_counters_only, "compare counters only"},
    {mutant::no_guard_for_records_in_flight, "no guard for records in flight", true},
    {mutant::commit_old_epoch_by_counting, "commit old epoch by counting", true},
    {mutant::leader_counts_itself_before_durable, "leader counts itself before durable"},
    {mutant::apply_before_durable, "apply before durable"},
    {mutant::truncate_without_conflict, "truncate without conflict"},
    {mutant::truncate_below_commit, "truncate below commit", true},
    {mutant::acknowledge_without_match, "acknowledge without match"},
    {mutant::snapshot_below_commit, "snapshot below commit", true},
    {mutant::joint_only_from_commit, "joint only from commit"},
    {mutant::wiped_voter_votes, "wiped voter votes"},
    {mutant::barrier_without_round, "barrier without round"},
    {mutant::numeric_position, "numeric position"},
    {mutant::acknowledge_old_epoch_after_promise, "acknowledge old epoch after promise"},
};

inline mutant active_mutant = mutant::none;

} // namespace conclave::zab

#define CONCLAVE_MUTANT(name) (conclave::zab::active_mutant == conclave::zab::mutant::name)
#else
#define CONCLAVE_MUTANT(name) false
#endif
