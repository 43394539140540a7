/// A small log in memory, and reading it back: what the tests of this folder share.
#pragma once

#include "server/log/log_writer.hpp"
#include "server/log/recovery.hpp"
#include "test/support/memory_file_system.hpp"

#include <catch2/catch.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace conclave::txnlog {

inline std::ostream& operator<<(std::ostream& out, verdict outcome) {
    return out << name(outcome);
}

} // namespace conclave::txnlog

namespace conclave::test {

inline const std::string log_directory = "/log";

/// A record with a payload of its own.
struct kept_record {
    std::uint8_t type = 0;
    zxid id;
    bytes payload;
    txnlog::record_position position;

    friend bool operator==(const kept_record&, const kept_record&) = default;
};

struct read_back {
    txnlog::recovery_report report;
    std::vector<kept_record> records;

    [[nodiscard]] std::vector<std::int64_t> zxids() const {
        std::vector<std::int64_t> ids;
        for (const kept_record& item : records) {
            ids.push_back(item.id.value);
        }
        return ids;
    }
};

inline read_back read_log(
    txnlog::file_system& files,
    const txnlog::recovery_options& options = {},
    const std::string& directory = log_directory
) {
    read_back result;
    result.report = txnlog::recover(
        files,
        directory,
        options,
        [&](const txnlog::record& item, const txnlog::record_position& position) {
            result.records.push_back({item.type, item.id, bytes{item.payload}, position});
        }
    );
    return result;
}

inline txnlog::unique_id make_id(std::uint8_t first) {
    txnlog::unique_id id{};
    for (std::uint8_t& octet : id) {
        octet = first++;
    }
    return id;
}

constexpr std::uint64_t small_segment_size = 16384; ///< two heads and 16 blocks of 512 octets

inline txnlog::log_writer_options small_log(std::uint8_t nonce = 0x40) {
    txnlog::log_writer_options options;
    options.segment_size = small_segment_size;
    options.first_segment_size = small_segment_size;
    options.cluster = make_id(0x10);
    options.storage = make_id(0x20);
    options.nonce = make_id(nonce);
    return options;
}

/// Reads, repairs and opens, as a server does when it starts. The verdict must allow it.
inline txnlog::io_result<txnlog::log_writer>
open_log(txnlog::file_system& files, const txnlog::log_writer_options& options = small_log()) {
    txnlog::recovery_report report = read_log(files).report;
    if (report.outcome != txnlog::verdict::clean && report.outcome != txnlog::verdict::torn_tail) {
        return unexpected{std::make_error_code(std::errc::io_error)};
    }
    if (const std::error_code error = txnlog::repair_tail(files, log_directory, report)) {
        return unexpected{error};
    }
    return txnlog::log_writer::open(files, log_directory, options, report);
}

inline txnlog::record_batch entry(std::int64_t id, bytes_view payload) {
    txnlog::record_batch batch;
    batch.add(txnlog::record_type::entry, zxid{id}, payload);
    return batch;
}

/// Appends an entry, preparing the next segment whenever the writer asks for one.
inline std::error_code
append_entry(txnlog::log_writer& log, std::int64_t id, bytes_view payload = "payload") {
    if (log.wants_segment()) {
        if (const std::error_code error = log.prepare_next()) {
            return error;
        }
    }
    txnlog::record_batch batch = entry(id, payload);
    const txnlog::io_result<std::uint64_t> sequence = log.append(batch);
    return sequence ? std::error_code{} : sequence.error();
}

inline std::error_code
append_synced(txnlog::log_writer& log, std::int64_t id, bytes_view payload = "payload") {
    if (const std::error_code error = append_entry(log, id, payload)) {
        return error;
    }
    return log.sync();
}

/// A file system with an empty log directory.
struct log_files : memory_file_system {
    log_files() { CONCLAVE_ASSERT(!make_directory(log_directory)); }
};

inline std::string segment_path(std::uint64_t first_sequence) {
    return txnlog::join_path(log_directory, txnlog::segment_name(first_sequence));
}

/// Where the batch with this sequence number begins if all batches of the first segment fit into
/// one block.
constexpr std::uint64_t block_offset(std::uint64_t sequence) {
    return txnlog::batches_offset + (sequence - 1) * 512;
}

} // namespace conclave::test
