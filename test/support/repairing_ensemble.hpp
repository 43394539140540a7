/// Several replicas that reach each other at once and lose nothing: for what one of them does to
/// the others. Disks are in memory; no thread, no clock, no file.
#pragma once

#include "server/replica/replica.hpp"
#include "test/support/memory_tables.hpp"
#include "test/support/wire_client.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conclave::test {

/// Servers have the ids 1 to n and are named by them.
class repairing_ensemble {
public:
    using id = std::uint32_t;

    /// All are started; nobody leads yet.
    explicit repairing_ensemble(id count);
    ~repairing_ensemble();

    /// Until somebody leads and all others that run follow. @return who leads.
    id elect();

    void start(id which);
    void stop(id which);

    /// Everything that may happen without time passing happens.
    void settle();

    void advance(std::chrono::milliseconds by);

    /// Writes a checkpoint; older log is forgotten.
    void checkpoint(id which);

    /// Sends a request on the one connection of a client at this server, and settles.
    received_frame call(id at, bytes_view frame);

    /// As many transactions as lie between two digest points, and one more.
    void write_past_digest_point(id at);

    /// Removes the row of the node with this name behind the server's back. Precondition: it is in
    /// the checkpoint.
    void lose_node(id which, bytes_view node_name);

    /// What it has on disk is set aside, and it starts with nothing.
    void lose_everything(id which);

    [[nodiscard]] replica::replica& operator[](id which);

    /// Why this server has set its state aside, each time.
    [[nodiscard]] const std::vector<std::string>& quarantines(id which) const;

    [[nodiscard]] int installed_count(id which) const;

    [[nodiscard]] bool holds_node(id which, bytes_view path);

private:
    struct server;

    server& at(id which) const { return *servers_.at(which); }

    void carry_out(server& of, replica::outputs& wanted);
    void serve_history(server& of, const zab::history_request& wanted);
    void serve_snapshots(server& of, replica::outputs& wanted);
    void restart(server& of);
    static void empty(server& of);
    bool step(server& of);

    std::map<id, std::unique_ptr<server>> servers_;
    std::map<zxid, memory_tables> snapshots_; ///< by the place that they are of
    std::vector<std::pair<id, replica::peer_output>> on_the_way_;
    replica::instant now_{std::chrono::hours{1}, 1'700'000'000'000};
    std::uint64_t newest_boot_ = 0;
    std::int32_t newest_request_ = 0;
};

} // namespace conclave::test
