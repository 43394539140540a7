/// Several replicas with links between them, in memory and in step: what one says reaches the other
/// at once, and nothing is lost.
#pragma once

#include "test/support/replica_driver.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conclave::test {

/// Servers are named by their ids, 1 and up. One that needs a restart gets it: on the snapshot that
/// is stored, or, after a quarantine, on an empty disk.
class replica_ensemble {
public:
    /// Servers 1 to `count` are the members that the configuration names; none is started.
    /// `configured`: of each server, apart from its id, storage and members.
    explicit replica_ensemble(std::uint32_t count, replica::settings configured = {});

    /// Starts a server, on a new disk if it never was, and links it with all that run. If it is not
    /// one of the members it knows them and itself.
    void start(std::uint32_t id);

    /// The disk stays. Does nothing if it does not run.
    void crash(std::uint32_t id);

    /// Until somebody leads and all others that run follow. @return who leads, 0 if nobody will.
    std::uint32_t elect();

    /// Delivers everything until all are silent, time standing still.
    void settle();

    /// What each has to say now; answers to it wait. @return false if nobody has anything to say.
    bool deliver_once();

    void advance(std::chrono::milliseconds by);

    /// In steps, delivering everything after each.
    void run_for(std::chrono::milliseconds time);

    [[nodiscard]] replica_driver& operator[](std::uint32_t id) { return *servers_.at(id); }

    /// 0 without one.
    [[nodiscard]] std::uint32_t leader() const;

    /// Sends a request on the one connection that there is for this at a server, and settles.
    received_frame ask(std::uint32_t at, bytes_view frame);

    // ---- disks ----

    /// Writes a checkpoint; older log is forgotten.
    void checkpoint(std::uint32_t id);

    /// Removes the row of the node with this name behind the server's back. Precondition: it is in
    /// the checkpoint.
    void lose_node(std::uint32_t id, bytes_view node_name);

    /// What it has on disk is set aside, and it starts with nothing.
    void lose_everything(std::uint32_t id);

    /// Why this server has set its state aside, each time.
    [[nodiscard]] const std::vector<std::string>& quarantines(std::uint32_t id) {
        return quarantines_[id];
    }

    /// How often it has started on a snapshot.
    [[nodiscard]] int installed_count(std::uint32_t id) { return disks_[id].installed_count; }

    /// The text of a server's line.
    [[nodiscard]] static bytes address_of(std::uint32_t id, bool is_voter = true);

private:
    [[nodiscard]] replica::settings settings_of(std::uint32_t id);
    bool restart_where_needed();
    void empty(std::uint32_t id);

    std::uint32_t count_;
    replica::settings configured_;
    std::map<std::uint32_t, replica_disk> disks_;
    std::map<std::uint32_t, std::uint64_t> losses_; ///< how often a disk was emptied
    std::map<std::uint32_t, std::unique_ptr<replica_driver>> servers_;
    std::map<std::uint32_t, replica_driver::connection> clients_;
    std::map<std::uint32_t, std::vector<std::string>> quarantines_;
};

} // namespace conclave::test
