#include "server/log/log_writer.hpp"

#include "server/log/segment_files.hpp"

#include <conclave/assert.hpp>
#include <conclave/log_line.hpp>

#include <algorithm>
#include <utility>

namespace conclave::txnlog {

namespace {

/// The segment's place in the log mixed into this start's random octets: unique without asking for
/// more of them.
unique_id make_segment_id(unique_id nonce, std::uint64_t first_sequence) {
    for (std::size_t index = 0; index < sizeof first_sequence; ++index) {
        nonce[index] = static_cast<std::uint8_t>(nonce[index] ^ (first_sequence & 0xff));
        first_sequence >>= 8;
    }
    return nonce;
}

std::error_code write_seal(file& target, const segment_seal& seal) {
    const std::error_code error = target.write_at(segment_seal_offset, encode(seal));
    return error ? error : target.sync_data();
}

} // namespace

io_result<log_writer> log_writer::open(
    file_system& files,
    std::string directory,
    log_writer_options options,
    const recovery_report& report
) {
    CONCLAVE_ASSERT(report.outcome == verdict::clean);
    CONCLAVE_ASSERT(
        options.segment_size % block_size_max == 0 && options.segment_size > batches_offset
    );
    CONCLAVE_ASSERT(
        options.first_segment_size % block_size_max == 0 &&
        options.first_segment_size > batches_offset
    );
    log_writer writer{files, std::move(directory), std::move(options)};
    const std::error_code error =
        report.segments.empty() ? writer.begin_log() : writer.continue_log(report);
    if (error) {
        return unexpected{error};
    }
    return writer;
}

std::error_code log_writer::begin_log() {
    highest_ = options_.base;
    durable_highest_ = options_.base;
    if (const std::error_code error =
            prepare_segment(*files_, directory_, options_.first_segment_size)) {
        return fail(error, "first segment could not be made");
    }
    return start_segment();
}

std::error_code log_writer::continue_log(const recovery_report& report) {
    const std::string prepared = join_path(directory_, std::string{prepared_segment_name});
    const std::error_code removal = files_->remove(prepared);
    if (removal && removal != std::errc::no_such_file_or_directory) {
        return fail(removal, "leftover segment could not be removed");
    }
    zxid base = report.highest_zxid;
    for (auto info = report.segments.rbegin(); info != report.segments.rend(); ++info) {
        // A base that a damaged head no longer tells is at most the base of the segment behind.
        base = info->intact_head ? info->base : base;
        segments_.push_front({info->file, info->first_sequence, base, info->size});
        total_size_ += info->size;
    }
    io_result<std::unique_ptr<file>> last =
        files_->open(join_path(directory_, segments_.back().file), open_mode::read_write);
    if (!last) {
        return fail(last.error(), "last segment could not be opened");
    }
    file_ = std::move(*last);
    segment_size_ = report.end.segment_size;
    block_size_ = report.end.block_size;
    segment_mark_ = segment_mark(report.end.segment);
    offset_ = report.end.offset;
    last_sequence_ = report.last_sequence;
    highest_ = report.highest_zxid;
    last_is_unconfirmed_ = report.floor_sequence != last_sequence_;
    if (const std::error_code error = rewrite_unconfirmed(report.end)) {
        return fail(error, "end of the log could not be made durable");
    }
    // The process that made the last segment may have died between its rename and the directory's
    // sync, or before it could seal the one before.
    if (const std::error_code error = files_->sync_directory(directory_)) {
        return fail(error, "directory of the log could not be synced");
    }
    if (const std::error_code error = seal_previous(report)) {
        return fail(error, "segment before the last could not be sealed");
    }
    durable_sequence_ = last_sequence_;
    durable_highest_ = highest_;
    return {};
}

std::error_code log_writer::seal_previous(const recovery_report& report) {
    if (report.segments.size() < 2) {
        return {};
    }
    const segment_info& previous = report.segments[report.segments.size() - 2];
    if (previous.next_first_sequence || !previous.intact_head) {
        return {};
    }
    const io_result<std::unique_ptr<file>> target =
        files_->open(join_path(directory_, previous.file), open_mode::read_write);
    return target ? write_seal(
                        **target,
                        {segment_mark(previous.segment), report.segments.back().first_sequence}
                    )
                  : target.error();
}

std::error_code log_writer::rewrite_unconfirmed(const log_end& end) {
    bytes buffer;
    constexpr std::uint64_t part = std::uint64_t{1} << 20;
    for (std::uint64_t offset = end.unconfirmed_offset; offset < end.offset; offset += part) {
        const auto size = static_cast<std::size_t>(std::min(part, end.offset - offset));
        const io_result<bytes_view> octets = file_->read_at(offset, size, buffer);
        if (!octets) {
            return octets.error();
        }
        if (octets->size() != size) {
            return std::make_error_code(std::errc::io_error);
        }
        if (const std::error_code error = file_->write_at(offset, *octets)) {
            return error;
        }
    }
    return file_->sync_data();
}

io_result<std::uint64_t> log_writer::append(record_batch& batch) {
    CONCLAVE_ASSERT(!batch.empty());
    if (failure_) {
        return unexpected{failure_};
    }
    if (batch.body_size() > body_size_max()) {
        return unexpected{std::make_error_code(std::errc::message_size)};
    }
    // The block size of the next segment may be another one than that of this segment, which fits
    // as well.
    if (padded_batch_size(batch.body_size(), block_size_) > room()) {
        if (!next_is_ready_) {
            append_was_refused_ = true;
            return unexpected{std::make_error_code(std::errc::no_space_on_device)};
        }
        if (const std::error_code error = start_segment()) {
            return unexpected{error};
        }
    }
    if (const std::error_code error = write(batch)) {
        return unexpected{error};
    }
    last_is_unconfirmed_ = true;
    highest_ = std::max(highest_, batch.highest());
    if (batch.head_payload()) {
        options_.head_payload = *batch.head_payload();
    }
    return last_sequence_;
}

std::error_code log_writer::sync() {
    if (failure_) {
        return failure_;
    }
    return options_.force_sync ? sync_file() : std::error_code{};
}

std::error_code log_writer::write_floor() {
    if (failure_) {
        return failure_;
    }
    // A floor below the last batch would leave that one as ambiguous as it was.
    const bool nothing_to_tell = !last_is_unconfirmed_ || durable_sequence_ != last_sequence_;
    if (nothing_to_tell || padded_batch_size(0, block_size_) > room()) {
        return {};
    }
    floor_batch_.clear();
    last_is_unconfirmed_ = false;
    return write(floor_batch_);
}

std::error_code log_writer::prepare_next() {
    if (failure_) {
        return failure_;
    }
    const std::error_code error = prepare_segment(*files_, directory_, next_segment_size());
    if (!error) {
        adopt_prepared();
    }
    return error;
}

std::vector<std::string> log_writer::take_purgeable(zxid up_to, std::uint64_t retained_size) {
    std::vector<std::string> names;
    while (segments_.size() > 1 && segments_[1].base <= up_to &&
           total_size_ - segments_.front().size >= retained_size) {
        total_size_ -= segments_.front().size;
        names.push_back(std::move(segments_.front().file));
        segments_.pop_front();
    }
    return names;
}

std::uint64_t log_writer::guaranteed_room() const {
    const bool has_next = next_is_ready_ || next_is_reserved_;
    return std::max(room(), has_next ? next_segment_size() - batches_offset : 0);
}

std::uint64_t log_writer::body_size_max() const {
    return options_.segment_size - batches_offset - batch_header_size;
}

/// Makes the prepared file the last segment. Everything before it is durable first: its head says
/// so.
std::error_code log_writer::start_segment() {
    if (last_sequence_ != durable_sequence_) {
        if (const std::error_code error = sync_file()) {
            return error;
        }
    }
    segment_head head;
    head.cluster = options_.cluster;
    head.storage = options_.storage;
    head.first_sequence = last_sequence_ + 1;
    head.previous_first_sequence = segments_.empty() ? 0 : segments_.back().first_sequence;
    head.segment = make_segment_id(options_.nonce, head.first_sequence);
    head.base = highest_;
    head.segment_size = segments_.empty() ? options_.first_segment_size : options_.segment_size;
    head.block_size = options_.block_size;
    head.payload = options_.head_payload;
    const std::string file = segment_name(head.first_sequence);
    if (const std::error_code error = install_prepared(head)) {
        return fail(error, "segment could not be started");
    }
    segments_.push_back({file, head.first_sequence, head.base, head.segment_size});
    total_size_ += head.segment_size;
    segment_size_ = head.segment_size;
    block_size_ = head.block_size;
    segment_mark_ = segment_mark(head.segment);
    offset_ = batches_offset;
    next_is_ready_ = false;
    next_is_reserved_ = false;
    append_was_refused_ = false;
    log(log_level::debug, "log segment started file={} base=0x{:x}", file, head.base.value);
    return {};
}

/// The head is durable before the file gets its name, and the name before the segment is used (F7):
/// a file with the name of a segment always has a head, unless the disk has lost it. Then, and not
/// before, the segment that is left says durably which one follows: from here on its absence is a
/// loss.
std::error_code log_writer::install_prepared(const segment_head& head) {
    const std::string prepared = join_path(directory_, std::string{prepared_segment_name});
    io_result<std::unique_ptr<file>> next = files_->open(prepared, open_mode::read_write);
    if (!next) {
        return next.error();
    }
    const bytes copy = encode(head);
    if (const std::error_code error = (*next)->write_at(0, copy)) {
        return error;
    }
    if (const std::error_code error = (*next)->write_at(segment_head_size, copy)) {
        return error;
    }
    if (const std::error_code error = (*next)->sync_data()) {
        return error;
    }
    const std::string path = join_path(directory_, segment_name(head.first_sequence));
    if (const std::error_code error = files_->rename(prepared, path)) {
        return error;
    }
    if (const std::error_code error = files_->sync_directory(directory_)) {
        return error;
    }
    const std::unique_ptr<file> left = std::exchange(file_, std::move(*next));
    return left ? write_seal(*left, {segment_mark_, head.first_sequence}) : std::error_code{};
}

std::error_code log_writer::sync_file() {
    if (const std::error_code error = file_->sync_data()) {
        return fail(error, "log could not be synced");
    }
    durable_sequence_ = last_sequence_;
    durable_highest_ = highest_;
    return {};
}

std::error_code log_writer::write(record_batch& batch) {
    batch_header header;
    header.segment_mark = segment_mark_;
    header.sequence = last_sequence_ + 1;
    header.floor_sequence = durable_sequence_;
    header.floor_zxid = durable_highest_;
    const bytes_view octets = batch.seal(header, block_size_);
    if (const std::error_code error = file_->write_at(offset_, octets)) {
        return fail(error, "log could not be written");
    }
    offset_ += octets.size();
    last_sequence_ = header.sequence;
    return {};
}

bool log_writer::segment_is_wanted() const {
    const bool quarter_is_used = (offset_ - batches_offset) * 3 >= room();
    return append_was_refused_ || quarter_is_used || room() < options_.room_min;
}

std::error_code log_writer::fail(std::error_code error, std::string_view what) {
    failure_ = error;
    log(log_level::error,
        "{} file={} offset={} error=\"{}\"",
        what,
        join_path(
            directory_,
            segments_.empty() ? std::string{prepared_segment_name} : segments_.back().file
        ),
        offset_,
        error.message());
    return error;
}

} // namespace conclave::txnlog
