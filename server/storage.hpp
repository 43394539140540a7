/// The disk of a running server: data directory, checkpoint and log, opened in order and joined to
/// the replica's ports.
#pragma once

#include "server/configuration/configuration.hpp"
#include "server/log/data_directory.hpp"
#include "server/log/log_thread.hpp"
#include "server/log/posix_file_system.hpp"
#include "server/replica/ports.hpp"
#include "server/replica/replica.hpp"
#include "server/store/checkpoint_store.hpp"
#include "server/store/checkpoint_thread.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace conclave {

/// How the disk reports back. All are called on the disk's own threads and must only post.
struct storage_reports {
    std::function<void(zab::operation_id)> persisted;
    std::function<void(bool succeeded)> checkpoint_done;
    std::function<void(bool)> nearly_full;
    /// The checkpoint turned out to be damaged, with a sentence for the operator: nothing more is
    /// heard of what was asked for.
    std::function<void(const std::string& problem)> damaged;
    /// Octets of writes in flight that the log surely has room for, each with its headers. Told
    /// before the `persisted` that changes it.
    std::function<void(std::uint64_t)> log_room;
};

/// How long something took on the disk, over all times since the start.
struct disk_statistics {
    std::int64_t count = 0;
    std::chrono::nanoseconds sum{};
    std::chrono::nanoseconds least{};
    std::chrono::nanoseconds most{};
    replica::latency_histogram times;
};

/// Core thread, except where said. Errors at start are exceptions with a sentence for the operator;
/// a failed write or fsync of the running server ends the process (zab 6.5).
class storage final : public replica::log_port, public replica::checkpoint_port {
public:
    /// Opens (or founds) the data directory and the checkpoint in it. `configured` must outlive
    /// this.
    /// @throws damaged_state if the checkpoint cannot be used
    explicit storage(const configuration::settings& configured);
    ~storage() override;
    storage(const storage&) = delete;
    storage& operator=(const storage&) = delete;

    /// Of the data directory.
    [[nodiscard]] const txnlog::data_identity& identity() const { return directory_->identity(); }

    /// For who reads the log beside its writer.
    [[nodiscard]] txnlog::file_system& files() { return files_; }

    [[nodiscard]] const std::string& log_path() const { return directory_->log_path(); }

    /// For who streams the checkpoint to other servers.
    [[nodiscard]] store::checkpoint_store& checkpoint() { return *store_; }

    /// See `txnlog::data_directory`.
    [[nodiscard]] bool has_lost_history() const { return directory_->has_lost_history(); }

    /// Where a snapshot that comes in has its place until the next start.
    [[nodiscard]] std::filesystem::path incoming_path() const;

    /// Batches of the log up to this one survive a power loss. Any thread, after `recover_into`.
    [[nodiscard]] std::uint64_t durable_sequence() const { return log_->durable_sequence(); }

    /// The newest checkpoint, for the replica.
    [[nodiscard]] tree::table_reader& tables();

    /// Hands the log behind the checkpoint to the replica, repairs its torn end if it has one, and
    /// starts to write.
    /// @throws damaged_state if log and checkpoint are not the whole of what was acknowledged
    void recover_into(replica::replica& server, storage_reports reports);

    void append(zab::operation_id operation, std::vector<zab::log_record> records) override;
    void purge(zxid upto) override;
    void write(std::shared_ptr<const tree::change_set> changes) override;
    void discard(std::shared_ptr<const tree::change_set> changes) override;

    /// True while records wait for room in the queue of the log: call `submit_backlog` after the
    /// next completion. Any thread.
    [[nodiscard]] bool has_backlog() const { return has_backlog_; }

    void submit_backlog();

    /// True after a checkpoint failed because LMDB's memory map is too small: call `grow_map`
    /// before the next one. Any thread.
    [[nodiscard]] bool wants_larger_map() const { return wants_larger_map_; }

    void grow_map();

    /// Gives back memory that reading the checkpoint has mapped, if it is much.
    void trim_memory();

    /// There is data now: the file `initialize`, which allowed to begin without, must not allow it
    /// again.
    void end_initialization();

    /// Makes durable what was appended, finishes a running checkpoint and stops the disk's threads.
    void stop();

    /// True while LMDB is being written to.
    [[nodiscard]] bool is_writing_checkpoint() const { return checkpoints_->is_busy(); }

    [[nodiscard]] std::uint64_t log_size() const { return log_ == nullptr ? 0 : log_->size(); }

    /// Octets that wait to be written to the log.
    [[nodiscard]] std::size_t log_queue_size() const {
        return log_ == nullptr ? 0 : log_->queue_size();
    }

    [[nodiscard]] std::uint64_t checkpoint_size() const { return store_->used_size(); }

    [[nodiscard]] disk_statistics sync_statistics() const;
    [[nodiscard]] disk_statistics checkpoint_statistics() const;

private:
    /// Records of bounded size, and the operation that is complete when they are durable.
    struct waiting_batch {
        txnlog::record_batch records;
        zab::operation_id operation;
    };

    [[nodiscard]] std::error_code submit_oldest();
    void open_checkpoint();
    [[nodiscard]] txnlog::recovery_report read_log(replica::replica& server);
    void keep_newer_promise(bytes_view payload);
    void tell_room(std::uint64_t room) const;
    void
    check_completeness(const txnlog::recovery_report& report, const replica::replica& server) const;
    void
    note_checkpoint(const result<void, store::store_error>& outcome, std::chrono::nanoseconds took);
    void note_sync(const txnlog::commit_sample& sample);
    void start_log(const txnlog::recovery_report& report, storage_reports reports);

    const configuration::settings& configured_;
    txnlog::posix_file_system files_;
    std::unique_ptr<txnlog::data_directory> directory_;
    std::unique_ptr<store::checkpoint_store> store_;
    std::unique_ptr<store::checkpoint_thread> checkpoints_;
    std::unique_ptr<txnlog::log_thread> log_;
    storage_reports reports_;
    bool has_initialize_file_;
    std::uint64_t replayed_count_ = 0; ///< entries behind the checkpoint, at the start
    bytes newest_promise_; ///< repeated in every segment head, so that old segments may go
    bytes scratch_;        ///< for encoding
    std::deque<waiting_batch> backlog_; ///< not accepted by the log thread yet
    zab::operation_id appended_operation_;
    std::atomic<bool> has_backlog_ = false;
    std::atomic<bool> wants_larger_map_ = false;
    mutable std::mutex
        statistics_mutex_; ///< the disk's threads measure, the core reports: once per sync
    disk_statistics syncs_;
    disk_statistics checkpoint_times_;
};

/// The state in the data directory is not to be used any more: the next `storage` begins an empty
/// one, and nothing is deleted (docs/operations.md). No `storage` may be open.
/// @throws std::runtime_error with a sentence for the operator
void set_state_aside(const configuration::settings& configured, const std::string& reason);

} // namespace conclave
