/// What runs reached. A path that no run takes is not tested: a fault of the simulator (zab 7.7).
#pragma once

#include <cstdint>

namespace conclave::ensemble {

struct coverage {
    std::uint64_t leaders{};
    std::uint64_t leader_crashes{};
    std::uint64_t crashes{};
    std::uint64_t crashes_during_write{};
    std::uint64_t crashes_during_checkpoint{};
    std::uint64_t records_lost{};
    std::uint64_t power_losses{};
    std::uint64_t partitions{};
    std::uint64_t one_way_partitions{};
    std::uint64_t pauses{};
    std::uint64_t leader_pauses{};
    std::uint64_t two_leaders_at_once{};
    std::uint64_t transfers{};
    std::uint64_t link_resets{};
    std::uint64_t frames_held_by_partition{};
    std::uint64_t full_disks{};
    std::uint64_t writes_refused_by_full_disk{};
    std::uint64_t checkpoints{};
    std::uint64_t failed_checkpoints{};
    std::uint64_t history_reads{};
    std::uint64_t replies{};
    std::uint64_t events_received{};
    std::uint64_t catch_up_events{};
    std::uint64_t syncs_completed{};
    std::uint64_t writes_completed{};
    std::uint64_t writes_failed{};
    std::uint64_t multis_failed{};
    std::uint64_t sessions_opened{};
    std::uint64_t sessions_resumed_elsewhere{};
    std::uint64_t sessions_resumed_here{};
    std::uint64_t sessions_expired{};
    std::uint64_t sessions_closed_by_client{};
    std::uint64_t session_refusals{};
    std::uint64_t handshakes_closed{};
    std::uint64_t newer_clients_refused{};
    std::uint64_t outcomes_unknown{};
    std::uint64_t connections_over_leader_change{};
    std::uint64_t writes_over_leader_change{};
    std::uint64_t parked_connections_dropped{};
    std::uint64_t ephemerals_removed_by_close{};
    std::uint64_t input_held_back{};
    std::uint64_t linearizations_searched{};

    /// Calls `visit(name, counter)` for each.
    static void for_each(auto& of, auto&& visit) {
        visit("leaders", of.leaders);
        visit("leader crashes", of.leader_crashes);
        visit("crashes", of.crashes);
        visit("crashes during a write", of.crashes_during_write);
        visit("crashes during a checkpoint", of.crashes_during_checkpoint);
        visit("records lost", of.records_lost);
        visit("power losses of all", of.power_losses);
        visit("partitions", of.partitions);
        visit("one-way partitions", of.one_way_partitions);
        visit("pauses", of.pauses);
        visit("pauses of a leader", of.leader_pauses);
        visit("two leaders at once", of.two_leaders_at_once);
        visit("transfers of leadership", of.transfers);
        visit("link resets", of.link_resets);
        visit("frames held by a partition", of.frames_held_by_partition);
        visit("full disks", of.full_disks);
        visit("writes refused by a full disk", of.writes_refused_by_full_disk);
        visit("checkpoints", of.checkpoints);
        visit("failed checkpoints", of.failed_checkpoints);
        visit("history reads", of.history_reads);
        visit("replies", of.replies);
        visit("watch events", of.events_received);
        visit("watch events of setWatches", of.catch_up_events);
        visit("syncs", of.syncs_completed);
        visit("writes that succeeded", of.writes_completed);
        visit("writes that failed", of.writes_failed);
        visit("multis that failed", of.multis_failed);
        visit("sessions opened", of.sessions_opened);
        visit("sessions moved to another server", of.sessions_resumed_elsewhere);
        visit("sessions resumed at the same server", of.sessions_resumed_here);
        visit("sessions expired", of.sessions_expired);
        visit("sessions closed by their client", of.sessions_closed_by_client);
        visit("clients told that their session is over", of.session_refusals);
        visit("handshakes answered by closing", of.handshakes_closed);
        visit("clients refused for newer zxid", of.newer_clients_refused);
        visit("requests of unknown outcome", of.outcomes_unknown);
        visit("connections kept over a change of leaders", of.connections_over_leader_change);
        visit("writes answered over a change of leaders", of.writes_over_leader_change);
        visit("parked connections dropped", of.parked_connections_dropped);
        visit("ephemerals removed by a close", of.ephemerals_removed_by_close);
        visit("input held back", of.input_held_back);
        visit("linearisations searched", of.linearizations_searched);
    }
};

} // namespace conclave::ensemble
