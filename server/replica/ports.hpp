/// What the shell around a replica needs from the disk. The main program joins these to the log and
/// the store; tests and the simulator bring their own.
///
/// All calls come from the core thread and do not wait. The implementation reports completion to
/// the core thread: by `replica::on_persisted` with the number of the operation (one report may
/// stand for all earlier ones), and by `replica::on_checkpoint`.
#pragma once

#include "server/tree/write_buffer.hpp"
#include "server/zab/core.hpp"

#include <memory>
#include <vector>

namespace conclave::replica {

class log_port {
public:
    virtual ~log_port() = default;

    /// Makes the records durable, in order, behind everything appended before.
    virtual void append(zab::operation_id operation, std::vector<zab::log_record> records) = 0;

    /// A checkpoint holds everything up to `upto`: older log may go, as far as the retention
    /// allows.
    virtual void purge(zxid upto) = 0;
};

/// Past entries for followers that lag. The answer goes to `replica::on_history_read` or
/// `on_history_gone`.
class history_port {
public:
    virtual ~history_port() = default;

    virtual void read(const zab::history_request& request) = 0;
};

/// Snapshots for followers that the log cannot help, and those that come in.
class snapshot_port {
public:
    virtual ~snapshot_port() = default;

    /// Opens the newest checkpoint; no checkpoint is being written now. The answer goes to
    /// `replica::on_snapshot_opened` or `on_snapshot_failed`.
    virtual void open(const zab::snapshot_request& request) = 0;

    /// The next part. The answer goes to `replica::on_snapshot_read` or `on_snapshot_failed`.
    virtual void read(const zab::snapshot_read_request& request) = 0;

    /// The receiver is gone.
    virtual void close(server_id peer) = 0;

    /// Stores a part of what comes in, beside the current state. The answer goes to
    /// `replica::on_snapshot_stored` or `on_snapshot_refused`.
    virtual void store(zab::snapshot_piece piece) = 0;
};

class checkpoint_port {
public:
    virtual ~checkpoint_port() = default;

    /// Writes the changes; the next call comes only after the report of this one.
    virtual void write(std::shared_ptr<const tree::change_set> changes) = 0;

    /// Destroys changes that were written and reported, off the core thread: they are many.
    virtual void discard(std::shared_ptr<const tree::change_set> changes) = 0;
};

} // namespace conclave::replica
