/// Several replicas with links between them, in memory and in step: what one says reaches the other
/// at once.
#pragma once

#include "test/support/replica_driver.hpp"

#include <chrono>
#include <map>
#include <memory>

namespace conclave::test {

class replica_ensemble {
public:
    /// Servers 1 to `count` are the members that the configuration names; none is started.
    /// `configured`: of each server, apart from its id, storage and members.
    explicit replica_ensemble(std::uint32_t count, replica::settings configured = {});

    /// Starts a server, on a new disk if it never was, and links it with all that run. If it is not
    /// one of the members it knows them and itself.
    void start(std::uint32_t id);

    /// The disk stays.
    void crash(std::uint32_t id);

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

    /// The text of a server's line.
    [[nodiscard]] static bytes address_of(std::uint32_t id, bool is_voter = true);

private:
    std::uint32_t count_;
    replica::settings configured_;
    std::map<std::uint32_t, replica_disk> disks_;
    std::map<std::uint32_t, std::unique_ptr<replica_driver>> servers_;
};

} // namespace conclave::test
