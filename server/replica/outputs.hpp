/// What the replica wants done, as plain values. The owner takes them after each batch of inputs
/// and carries them out in any order: nothing in here waits for anything else in here (what must
/// wait for the disk comes out later, after `on_persisted`).
#pragma once

#include "server/replica/audit.hpp"
#include "server/replica/connection.hpp"
#include "server/tree/write_buffer.hpp"
#include "server/zab/core.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace conclave::replica {

/// Frames for one connection, then perhaps the end of it.
struct client_output {
    connection_id to;
    bytes frames;
    bool close = false; ///< after the frames were sent
    /// More replies are ready to be made: report `go_on` when there is room for them.
    bool has_more = false;
};

/// A frame for another server; it may get lost if there is no link.
struct peer_output {
    server_id to;
    bytes frame;
};

struct outputs {
    std::vector<client_output> clients;
    std::vector<peer_output> peers;
    std::vector<zab::history_request> history; ///< read the log, then report `on_history_...`
    /// Open the newest checkpoint as a snapshot, then report `on_snapshot_opened` or `_failed`.
    std::vector<zab::snapshot_request> snapshots;
    std::vector<zab::snapshot_read_request> snapshot_reads; ///< then report `on_snapshot_read`
    std::vector<server_id> ended_snapshots;  ///< nobody receives them any more: close them
    std::vector<zab::snapshot_piece> pieces; ///< store, then report `on_snapshot_stored`
    std::vector<zab::log_record> records; ///< make durable, then report `on_persisted(operation)`
    zab::operation_id operation;
    std::shared_ptr<const tree::change_set> checkpoint; ///< write, then report `on_checkpoint`
    /// A checkpoint that is durable: to be destroyed elsewhere, it is large.
    std::shared_ptr<const tree::change_set> written;
    std::vector<audit_event> audit; ///< what has happened, if it is told at all
    std::optional<bytes> members;   ///< text of the membership that is in force from now on
    std::optional<zxid>
        log_needed_from; ///< a checkpoint is durable: the log up to here may be purged
};

} // namespace conclave::replica
