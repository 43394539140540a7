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

    // Of the replica.
    touch_dropped,
    sync_without_barrier,
    forwarded_twice,
    expiry_before_full_timeout,
    watches_lost_on_move,
    newer_client_admitted,
    moved_session_keeps_its_old_place,
    close_leaves_ephemerals,
    read_overtakes_write,
    clients_dropped_with_leader,
    requests_lost_with_leader,
    unknown_session_is_over,
    closing_session_is_over,
    moved_session_asks_again,
    gap_in_forwards,
};

struct named_mutant {
    mutant which;
    std::string_view name;
    bool is_rare = false; ///< needs thousands of seeds, or a second fault to do harm
};

inline constexpr named_mutant replica_mutants[] = {
    {mutant::touch_dropped, "touch dropped"},
    {mutant::sync_without_barrier, "sync without barrier"},
    {mutant::forwarded_twice, "request proposed twice after a broken link"},
    {mutant::expiry_before_full_timeout, "expiry before the full timeout of a new leader"},
    {mutant::watches_lost_on_move, "watches lost on a move"},
    {mutant::newer_client_admitted, "client with a newer zxid admitted"},
    {mutant::moved_session_keeps_its_old_place, "requests of a moved session accepted"},
    {mutant::close_leaves_ephemerals, "close leaves ephemerals"},
    {mutant::read_overtakes_write, "read overtakes a write"},
    {mutant::clients_dropped_with_leader, "clients dropped when the leader is lost"},
    {mutant::requests_lost_with_leader, "requests in flight forgotten with the leader"},
    {mutant::unknown_session_is_over, "session not applied here is over"},
    {mutant::gap_in_forwards, "gap in forwarded requests accepted", true},
    {mutant::moved_session_asks_again, "moved session asks again under the next leader"},
    {mutant::closing_session_is_over, "session being closed is over", true},
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
