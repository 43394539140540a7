/// Reading past entries out of the log of a running server.
#pragma once

#include "server/log/file_system.hpp"
#include "server/log/history_map.hpp"
#include "server/log/record.hpp"

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>

#include <memory>
#include <string>

namespace conclave::txnlog {

struct whole_batch;

struct history_error {
    enum class kind {
        gone,       ///< no longer, or never, in this log: a snapshot has to do
        damaged,    ///< something that was durable cannot be read, or contradicts itself
        unreadable, ///< the file system gave an error
    };

    kind of{};
    std::string text; ///< which file, and what about it
};

/// Hands out the entries (record type 2) that stand in the log behind a zxid and are still valid:
/// what a later truncate record has withdrawn, and what stands before a base record, is passed over
/// (docs/formats/log.md). The files are opened for reading only.
///
/// The log may be written and purged meanwhile, on any thread: nothing is looked at that is not
/// durable as far as the caller tells, and of a segment that is removed while it is read, the rest
/// can still be read. The state is that of the last `advance`: truncations since then are not
/// known, so whoever writes them advances (or drops) the reader before it relies on it again.
///
/// Cost: `open` and `advance` read what they learn of once, checksums included; `read` reads it a
/// second time, when it is wanted, plus at most 128 KiB and one batch for each call. Memory: those
/// of one batch, and 32 octets per 128 KiB of log. At most two open files.
///
/// One thread at a time; it waits for the disk, so never the core's.
class history_reader {
public:
    using entry_visitor = function_ref<void(const record&)>;

    /// Learns what stands in the log in `directory` behind `after`. `files` must outlive the
    /// reader.
    ///
    /// `durable_sequence`, here and below: batches up to this one are durable
    /// (`log_thread::durable_sequence`). It must not go back.
    static result<history_reader, history_error>
    open(file_system& files, std::string directory, zxid after, std::uint64_t durable_sequence);

    /// Learns what has become durable since.
    result<void, history_error> advance(std::uint64_t durable_sequence);

    /// Hands out, in order, the entries behind `after`, as many as have `size_max` octets of
    /// payload together, but at least one if there is any. Go on behind the answer. The payload of
    /// a record lives until the visitor returns. The caller sees to it that `after` itself is
    /// valid.
    /// @return the zxid of the last entry that was handed out; `after` if there is none. After an
    /// error, what was handed out is valid all the same.
    result<zxid, history_error> read(zxid after, std::size_t size_max, entry_visitor visit);

    /// Reading may begin behind this zxid, or behind any later one.
    [[nodiscard]] zxid begin() const { return map_.begin(); }

    /// Of the last entry.
    [[nodiscard]] zxid end() const { return map_.end(); }

private:
    struct open_segment {
        segment_head head;
        std::unique_ptr<file> source;
    };

    using segment_pointer = std::shared_ptr<const open_segment>;
    using batch_visitor = function_ref<bool(const batch_place&, const whole_batch&)>;

    history_reader(
        file_system& files, std::string directory, segment_pointer first, const batch_place& at
    );

    static result<segment_pointer, history_error>
    open_file(file_system& files, const std::string& directory, std::uint64_t first_sequence);
    [[nodiscard]] result<segment_pointer, history_error> find(std::uint64_t first_sequence) const;
    result<void, history_error>
    walk(batch_place& at, segment_pointer& in, std::uint64_t last_sequence, batch_visitor visit);
    result<void, history_error> go_on_in_next(batch_place& at, segment_pointer& in) const;
    [[nodiscard]] history_error missing_behind(const batch_place& at) const;

    file_system* files_;
    std::string directory_;
    history_map map_;
    batch_place learned_; ///< everything before it is in the map
    segment_pointer learned_in_;
    segment_pointer read_in_; ///< kept open, so that a purge does not take it away
};

} // namespace conclave::txnlog
