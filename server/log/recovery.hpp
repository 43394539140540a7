/// Reading a log back: what is there, what is damaged, and what that means (zab.md 6.3 and 6.6).
#pragma once

#include "server/log/file_system.hpp"
#include "server/log/record.hpp"
#include "server/log/segment_format.hpp"

#include <conclave/function_ref.hpp>

#include <optional>
#include <string>
#include <vector>

namespace conclave::txnlog {

/// Where a record stands: the sequence number of its batch, and where that batch begins.
struct record_position {
    std::uint64_t sequence = 0;
    std::uint64_t segment = 0; ///< first sequence of the segment, which gives its name
    std::uint64_t offset = 0;  ///< of the batch in the file

    friend bool operator==(const record_position&, const record_position&) = default;
};

/// The payload of the record lives until the visitor returns.
using record_visitor = function_ref<void(const record&, const record_position&)>;

struct recovery_options {
    /// Records above this zxid are wanted: segments that hold only older ones are not read. Records
    /// at or below it may still be delivered, since a segment is read from its beginning.
    std::optional<zxid> above;

    /// Batches from this sequence number on are wanted. Use it to read on behind a damaged range.
    std::optional<std::uint64_t> from_sequence;

    /// True: an ambiguous last batch is reported as corruption instead of being cut (case T4).
    bool strict = false;

    /// The storage that must have written the log; another one makes the verdict `foreign`.
    std::optional<unique_id> storage;
};

enum class verdict {
    clean,
    torn_tail, ///< the end was written but never became durable (T1, T3, T4): `cut` says from where
    corrupt,   ///< what was durable, or may have been, cannot be read (T2, T5, T4 if strict):
               ///< `damage`
    missing_segment, ///< a whole file that was durable is not there: see `damage`
    newer_format,    ///< written by a later version; nothing was delivered
    foreign,         ///< written by another storage; nothing was delivered
    unreadable,      ///< the file system gave an error where it must not: see `error`
};

[[nodiscard]] std::string_view name(verdict outcome);

/// The unsynced end of the log that `repair_tail` clears.
struct tail_cut {
    std::string file;             ///< name within the directory
    std::uint64_t offset = 0;     ///< first octet to clear
    std::uint64_t end = 0;        ///< behind the last octet that is not zero
    std::uint64_t sequence = 0;   ///< of the first batch that is discarded
    std::uint32_t block_size = 0; ///< of the segment

    friend bool operator==(const tail_cut&, const tail_cut&) = default;
};

/// A part of the log that cannot be read although it was acknowledged, or may have been.
struct log_damage {
    std::string file;                 ///< the one that must be looked at
    std::uint64_t offset = 0;         ///< where the unreadable part begins
    std::uint64_t first_sequence = 0; ///< of the unreadable batches
    std::uint64_t next_sequence = 0;  ///< of the next readable batch; 0: none is known
    zxid above;                       ///< the unreadable records are above this zxid ...
    zxid bound;                ///< ... and at most this one: B of zab.md 6.3, INT64_MAX if unknown
    bool is_ambiguous = false; ///< T4: as likely a write that a power cut tore; only if strict

    friend bool operator==(const log_damage&, const log_damage&) = default;
};

struct segment_info {
    std::string file;
    std::uint64_t first_sequence = 0;
    zxid base;              ///< highest zxid of any record before the segment
    std::uint64_t size = 0; ///< of the file
    bool intact_head = false;
    unique_id segment{}; ///< the id in its head
    bytes head_payload;  ///< what the caller had given to the writer; empty without intact head
    std::optional<std::uint64_t>
        next_first_sequence; ///< of the segment that must follow, if sealed

    friend bool operator==(const segment_info&, const segment_info&) = default;
};

/// The end of a log, which is where a writer continues.
struct log_end {
    unique_id segment{};
    std::uint64_t segment_size = 0; ///< from its head: a longer file is not used further than that
    std::uint32_t block_size = 0;
    std::uint64_t offset = 0; ///< where the next batch goes in the last segment
    std::uint64_t unconfirmed_offset =
        0; ///< from here to `offset` no floor tells that the batches are durable

    friend bool operator==(const log_end&, const log_end&) = default;
};

/// Everything that a scan found out. Two scans of the same files give equal reports (I39).
struct recovery_report {
    verdict outcome = verdict::clean;
    std::optional<tail_cut> cut;
    std::optional<log_damage> damage;
    std::error_code error; ///< of the file system, if one took part in the verdict
    std::uint64_t last_sequence =
        0;             ///< of the last batch that was read; 0 in a log without batches
    zxid last_zxid;    ///< of the last record that was read; the base before any
    zxid highest_zxid; ///< of all records up to the last one read, purged ones included
    std::uint64_t floor_sequence = 0;   ///< batches up to this one are known to have been durable
    std::uint64_t record_count = 0;     ///< records delivered
    std::vector<segment_info> segments; ///< all of the directory, oldest first
    std::size_t first_read = 0;         ///< index in `segments` of the one at which reading began
    log_end end;                        ///< meaningful for `clean` and `torn_tail` with segments
    std::string explanation;            ///< for the operator; empty if clean

    friend bool operator==(const recovery_report&, const recovery_report&) = default;
};

/// Reads the log in `directory` and delivers its records in order to `visit`, up to the first
/// damage. Memory: one batch, and a few words per segment. A pure function of the files: nothing is
/// changed, and the same files give the same records and the same report. A directory without
/// segments, or none at all, is a clean, empty log.
///
/// The log of a running writer may be read as well; what is just being written then looks like a
/// torn tail.
[[nodiscard]] recovery_report recover(
    file_system& files,
    const std::string& directory,
    const recovery_options& options,
    record_visitor visit
);

/// Clears what `report.cut` names, durably, and makes the report clean; nothing to do if it is
/// clean already. Can be done again after a crash at any point inside it, and then finds the same
/// cut. After an error the process must not go on with this log (zab.md 6.5).
std::error_code
repair_tail(file_system& files, const std::string& directory, recovery_report& report);

} // namespace conclave::txnlog
