/// Appending to the log.
#pragma once

#include "server/log/file_system.hpp"
#include "server/log/record_batch.hpp"
#include "server/log/recovery.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace conclave::txnlog {

struct log_writer_options {
    std::uint64_t segment_size = std::uint64_t{64} << 20; ///< multiple of 4096
    /// Of the first segment in an empty directory: small, so that a fresh server starts at once.
    std::uint64_t first_segment_size = std::uint64_t{4} << 20;
    /// The next segment is wanted at the latest when the current one has less room than this: what
    /// the owner needs to keep its promises while there is no next one.
    std::uint64_t room_min = 0;
    std::uint32_t block_size = 512; ///< 512, 1024, 2048 or 4096: what the device writes as one
    bool force_sync = true; ///< false: `sync` reports success without syncing (forceSync=no)
    unique_id cluster{};
    unique_id storage{};
    unique_id
        nonce{}; ///< fresh random octets for every start: no two segments may ever get the same id
    zxid base;   ///< of an empty directory: history starts above it
    bytes head_payload; ///< for the next segment head, until a batch brings a newer one
};

/// Writes batches of records to segment files, one write each, and makes them durable with one
/// sync.
///
/// Invariants: sequence numbers have no gaps; no segment gets a batch before everything in the
/// segments before it, its own head and its directory entry are durable, and the segment before
/// says that it follows; a header claims as floor only what a sync has confirmed.
///
/// Owner: one thread at a time. It starts no thread: when `wants_segment` says so, the owner has
/// the next file prepared (inline with `prepare_next`, or by `prepare_segment` elsewhere and then
/// `adopt_prepared`).
///
/// Errors: after any failed write or sync the writer refuses everything with the same error and
/// touches no file again (zab.md 6.5); the process must stop and read the log anew. Two errors come
/// before anything was written and leave the writer as it was: `std::errc::message_size` (the batch
/// can never fit) and `std::errc::no_space_on_device` while `failed()` is false (no segment is
/// prepared for it yet).
class log_writer {
public:
    /// Continues the log that `report` describes, whose verdict must be `clean` (`repair_tail` has
    /// been run). Begins a new log if there are no segments. What was read but is not known to be
    /// durable is written once more and synced, so that no page cache can pretend to have it (a
    /// write that the device had refused looks clean after a restart). `files` must outlive the
    /// writer.
    static io_result<log_writer> open(
        file_system& files,
        std::string directory,
        log_writer_options options,
        const recovery_report& report
    );

    /// Writes the records as one batch, not yet durable. Seals `batch`, whose records stay as they
    /// were.
    /// @return its sequence number. An empty batch is a bug.
    io_result<std::uint64_t> append(record_batch& batch);

    /// Makes everything that was appended durable.
    std::error_code sync();

    /// Writes, without sync, a batch without records that tells the current floor: from then on
    /// damage to the last synced batch is known to be no torn write (T4). For idle moments. Does
    /// nothing if nothing would be gained, or if the segment is full.
    std::error_code write_floor();

    /// True once a quarter of the current segment is used, or less than `room_min` is left, or it
    /// was too full for the last batch, and no next one is ready. Not from the beginning of a
    /// segment: a server that hardly writes never needs the next one.
    [[nodiscard]] bool wants_segment() const { return !next_is_ready_ && segment_is_wanted(); }

    /// Size with which `prepare_segment` must be called.
    [[nodiscard]] std::uint64_t next_segment_size() const { return options_.segment_size; }

    /// Tells that `prepare_segment` has succeeded since `wants_segment` said true.
    void adopt_prepared() { next_is_ready_ = true; }

    /// Tells whether the file system has promised the room of a next segment that is not ready yet.
    void note_reserved(bool is_reserved) { next_is_reserved_ = is_reserved; }

    /// Octets of whole batches that can be written behind the last one whatever becomes of the
    /// disk's free space, however they are cut. They go into the current segment if all of them
    /// fit, or into the next one: hence the larger of the two, not their sum.
    [[nodiscard]] std::uint64_t guaranteed_room() const;

    /// `prepare_segment` and `adopt_prepared` on this thread. An error (a full disk) is not fatal:
    /// try again later.
    std::error_code prepare_next();

    /// The oldest segments that may go: all their records are at or below `up_to`, a later segment
    /// exists, and what remains is at least `retained_size` octets. The writer forgets them at
    /// once; the caller removes the files with `remove_segments`, in this order.
    std::vector<std::string> take_purgeable(zxid up_to, std::uint64_t retained_size);

    /// The largest `record_batch::body_size` that `append` takes.
    [[nodiscard]] std::uint64_t body_size_max() const;

    /// The error after which everything is refused, if any.
    [[nodiscard]] std::error_code failed() const { return failure_; }

    [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }

    /// Batches up to this one survive a power loss. Does not advance with every `sync` if
    /// `force_sync` is false.
    [[nodiscard]] std::uint64_t durable_sequence() const { return durable_sequence_; }

    [[nodiscard]] std::size_t segment_count() const { return segments_.size(); }

    /// Octets of all segment files.
    [[nodiscard]] std::uint64_t size() const { return total_size_; }

private:
    struct segment_place {
        std::string file;
        std::uint64_t first_sequence;
        zxid base;
        std::uint64_t size;
    };

    log_writer(file_system& files, std::string directory, log_writer_options options)
        : files_(&files), directory_(std::move(directory)), options_(std::move(options)) {}

    std::error_code begin_log();
    std::error_code continue_log(const recovery_report& report);
    std::error_code rewrite_unconfirmed(const log_end& end);
    std::error_code start_segment();
    std::error_code install_prepared(const segment_head& head);
    std::error_code seal_previous(const recovery_report& report);
    std::error_code sync_file();
    std::error_code write(record_batch& batch);
    [[nodiscard]] bool segment_is_wanted() const;

    [[nodiscard]] std::uint64_t room() const { return segment_size_ - offset_; }

    std::error_code fail(std::error_code error, std::string_view what);

    file_system* files_;
    std::string directory_;
    log_writer_options options_;

    std::unique_ptr<file> file_; ///< of the last segment
    std::deque<segment_place> segments_;
    std::uint64_t total_size_ = 0;
    std::uint64_t segment_size_ = 0;
    std::uint32_t block_size_ = 0;
    std::uint64_t segment_mark_ = 0;
    std::uint64_t offset_ = 0; ///< where the next batch goes

    std::uint64_t last_sequence_ = 0;
    std::uint64_t durable_sequence_ = 0;
    bool last_is_unconfirmed_ =
        false;             ///< no header tells yet that the last batch with records is durable
    zxid highest_;         ///< of all records written
    zxid durable_highest_; ///< of all records up to durable_sequence_

    bool next_is_ready_ = false;
    bool next_is_reserved_ = false;
    bool append_was_refused_ = false; ///< for want of a next segment
    record_batch floor_batch_;
    std::error_code failure_;
};

} // namespace conclave::txnlog
