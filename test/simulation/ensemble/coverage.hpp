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
    std::uint64_t snapshots_begun{};
    std::uint64_t snapshots_failed{};
    std::uint64_t snapshots_refused{};
    std::uint64_t snapshots_cut{};
    std::uint64_t snapshots_discarded{};
    std::uint64_t snapshots_installed{};
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
    std::uint64_t disks_wiped{};
    std::uint64_t storages_admitted{};
    std::uint64_t reconfigurations{};
    std::uint64_t reconfigurations_over_leaders{};
    std::uint64_t reconfigurations_refused{};
    std::uint64_t leaders_removed{};
    std::uint64_t ensembles_of_one{};
    std::uint64_t sessions_awaited{};
    std::uint64_t read_only_sessions{};
    std::uint64_t read_only_replies{};
    std::uint64_t read_only_refusals{};
    std::uint64_t containers_reaped{};
    std::uint64_t expired_nodes_reaped{};

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
        visit("snapshots begun", of.snapshots_begun);
        visit("snapshots that could not be read", of.snapshots_failed);
        visit("snapshots that could not be stored", of.snapshots_refused);
        visit("snapshots cut by the end of their receiver", of.snapshots_cut);
        visit("snapshots whole and not installed", of.snapshots_discarded);
        visit("snapshots installed", of.snapshots_installed);
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
        visit("disks wiped", of.disks_wiped);
        visit("storages admitted", of.storages_admitted);
        visit("reconfigurations", of.reconfigurations);
        visit("reconfigurations ended by another leader", of.reconfigurations_over_leaders);
        visit("reconfigurations refused", of.reconfigurations_refused);
        visit("leaders that removed themselves", of.leaders_removed);
        visit("ensembles of one voter", of.ensembles_of_one);
        visit("sessions that came before their log", of.sessions_awaited);
        visit("read-only sessions", of.read_only_sessions);
        visit("read-only replies", of.read_only_replies);
        visit("writes refused in read-only mode", of.read_only_refusals);
        visit("containers removed", of.containers_reaped);
        visit("nodes removed at the end of their time", of.expired_nodes_reaped);
    }
};

} // namespace conclave::ensemble
