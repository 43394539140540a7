/// A replica with a disk of its own in memory, driven step by step by a test: no thread, no clock,
/// no file.
#pragma once

#include "server/replica/replica.hpp"
#include "test/support/memory_tables.hpp"
#include "test/support/wire_client.hpp"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace conclave::test {

/// A snapshot that is whole, beside the state that is still in use.
struct stored_snapshot {
    zab::position of;
    memory_tables tables;
};

/// What survives a restart: the records that became durable and the newest checkpoint.
struct replica_disk {
    memory_tables tables;
    std::vector<zab::log_record> log;
    zxid log_base; ///< entries up to here are not given to others any more
    std::optional<stored_snapshot> incoming;
    int installed_count = 0; ///< snapshots that became the state

    /// Of the history in the log; nothing if it does not reach back so far.
    [[nodiscard]] std::optional<std::vector<zab::shared_entry>> entries_behind(zxid at) const;

    /// At a start: what is incoming becomes the state if the log says so.
    void settle_incoming();
};

/// Owns one incarnation of a server. Destroying it and making another one on the same disk is a
/// crash. Past entries and snapshots for other servers are read from the disk at once.
class replica_driver {
public:
    using connection = replica::connection_id;

    explicit replica_driver(replica_disk& disk, replica::settings configured = {});

    // ---- clients ----

    /// Connects without a handshake.
    connection connect();

    /// Connects and opens a session; settles.
    connection open(std::int32_t timeout_ms = 10'000);

    /// Connects and resumes a session; settles. Look at `log_of(...).handshake`.
    connection resume(session_id session, bytes_view password, std::int32_t timeout_ms = 10'000);

    /// Hands a frame to the replica and does nothing else.
    void send(connection from, bytes_view frame);

    /// Hands a frame over, settles and takes the oldest frame that came back.
    received_frame call(connection from, bytes_view frame);

    frame_log& log_of(connection of) { return logs_[of]; }

    void disconnect(connection which);

    // ---- disk and time ----

    /// Takes outputs and makes their records durable until nothing more comes out or the server
    /// needs a restart. Checkpoints are
    /// completed too, unless `hold_checkpoints`.
    void settle();

    /// Takes outputs to clients; records stay undurable.
    void deliver();

    /// Makes everything durable that was taken so far.
    void persist();

    /// Lets time pass, ticking and settling every half second at least.
    void advance(std::chrono::milliseconds by);

    /// Time passes while the server does not run.
    void sleep(std::chrono::milliseconds by);

    void complete_checkpoint(bool succeeded);

    bool hold_checkpoints = false;

    /// Clients do not read: nobody is told to go on. Connections must be told afterwards.
    bool hold_replies = false;

    /// Its disk is slow: `settle` makes nothing durable.
    bool hold_log = false;

    [[nodiscard]] bool has_checkpoint() const { return checkpoint_ != nullptr; }

    [[nodiscard]] std::optional<zxid> log_needed_from() const { return log_needed_from_; }

    [[nodiscard]] replica::instant now() const { return now_; }

    /// What it said to other servers since the last call.
    [[nodiscard]] std::vector<replica::peer_output> take_peer_frames() {
        return std::exchange(peer_frames_, {});
    }

    replica::replica& server() { return *replica_; }

private:
    bool take();
    bool serve_history(const replica::outputs& wanted);
    bool serve_snapshots(const replica::outputs& wanted);
    void store_piece(const zab::snapshot_piece& piece);

    replica_disk& disk_;
    replica::instant now_{std::chrono::hours{1}, 1'700'000'000'000};
    std::unique_ptr<replica::replica> replica_;
    std::map<connection, frame_log> logs_;
    std::vector<zab::log_record> written_; ///< taken, not durable
    std::vector<replica::peer_output> peer_frames_;
    zab::operation_id operation_;
    std::shared_ptr<const tree::change_set> checkpoint_;
    std::optional<zxid> log_needed_from_;
    std::map<server_id, bytes> snapshots_; ///< that others receive
};

} // namespace conclave::test
