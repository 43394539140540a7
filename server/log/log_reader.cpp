#include "server/log/file_window.hpp"
#include "server/log/recovery.hpp"
#include "server/log/recovery_text.hpp"
#include "server/log/segment_list.hpp"
#include "server/log/tail_evidence.hpp"
#include "server/log/whole_batch.hpp"

#include <algorithm>
#include <deque>

namespace conclave::txnlog {

namespace {

/// One scan of one log. Each step returns false once the verdict is settled.
class log_scan {
public:
    log_scan(
        file_system& files,
        const std::string& directory,
        const recovery_options& options,
        record_visitor visit
    )
        : files_(files), directory_(directory), options_(options), visit_(visit) {}

    recovery_report run() {
        if (find_segments() && choose_first() && read_segments()) {
            report_.outcome = verdict::clean;
        }
        return std::move(report_);
    }

private:
    struct batch_place {
        std::uint64_t sequence;
        std::uint64_t offset;
    };

    bool find_segments();
    bool choose_first();
    bool read_segments();
    std::uint64_t read_batches(std::size_t index, file_window& window);
    std::optional<batch_header>
    read_batch(std::size_t index, file_window& window, std::uint64_t offset);
    std::uint64_t
    find_wanted(const segment_head& head, file_window& window, std::uint64_t offset) const;
    bool join_next(std::size_t index, file_window& window, std::uint64_t offset);
    bool judge_tail(std::size_t index, file_window& window, std::uint64_t offset);

    bool unreadable(const std::string& path, std::error_code error);
    bool bad_head(std::size_t index);
    bool gap_before(std::size_t index, zxid above, std::uint64_t first_missing);
    bool gap_behind(std::uint64_t first_missing);
    bool corrupt(
        std::size_t index,
        std::uint64_t offset,
        const tail_evidence& evidence,
        std::error_code error
    );
    bool ambiguous(std::size_t index, std::uint64_t offset, const tail_evidence& evidence);
    bool torn(std::size_t index, std::uint64_t offset, const tail_evidence& evidence);

    [[nodiscard]] std::uint64_t expected() const { return report_.last_sequence + 1; }

    file_system& files_;
    const std::string& directory_;
    const recovery_options& options_;
    record_visitor visit_;
    recovery_report report_;
    std::vector<std::optional<segment_head>> heads_; ///< parallel to report_.segments
    std::deque<batch_place> unconfirmed_; ///< batches of the current segment above the floor
};

/// Takes the list of segments; false if it is none of this program's to read.
bool log_scan::find_segments() {
    segment_list list = list_segments(files_, directory_, options_.storage);
    report_.segments = std::move(list.segments);
    report_.outcome = list.outcome;
    report_.error = list.error;
    report_.explanation = std::move(list.explanation);
    heads_ = std::move(list.heads);
    return report_.outcome == verdict::clean;
}

/// Decides at which segment reading begins: the newest one that still has everything that is
/// wanted.
bool log_scan::choose_first() {
    const std::vector<segment_info>& all = report_.segments;
    if (all.empty()) {
        return true;
    }
    std::optional<std::size_t> first;
    for (std::size_t index = 0; index < all.size(); ++index) {
        const bool late_enough =
            options_.from_sequence ? all[index].first_sequence <= *options_.from_sequence
            : options_.above       ? all[index].intact_head && all[index].base <= *options_.above
                                   : index == 0;
        if (late_enough) {
            first = index;
        }
    }
    if (!first && all[0].intact_head) {
        return gap_before(0, options_.above.value_or(zxid{}), options_.from_sequence.value_or(0));
    }
    report_.first_read = first.value_or(0);
    const segment_info& start = all[report_.first_read];
    report_.last_sequence = start.first_sequence - 1;
    report_.floor_sequence = report_.last_sequence;
    report_.last_zxid = start.base;
    report_.highest_zxid = start.base;
    return true;
}

bool log_scan::read_segments() {
    for (std::size_t index = report_.first_read; index < heads_.size(); ++index) {
        if (!heads_[index]) {
            return bad_head(index);
        }
        const segment_head& head = *heads_[index];
        const std::string path = join_path(directory_, report_.segments[index].file);
        const io_result<std::unique_ptr<file>> source = files_.open(path, open_mode::read);
        if (!source) {
            return unreadable(path, source.error());
        }
        // A segment is used only once everything before it is durable.
        report_.floor_sequence = std::max(report_.floor_sequence, head.first_sequence - 1);
        unconfirmed_.clear();
        file_window window{**source, std::min(report_.segments[index].size, head.segment_size)};
        const std::uint64_t offset = read_batches(index, window);
        const bool is_last = index + 1 == heads_.size();
        if (is_last ? !judge_tail(index, window, offset) : !join_next(index, window, offset)) {
            return false;
        }
    }
    return true;
}

/// Delivers batches until the first one that is not there.
/// @return where that one should begin.
std::uint64_t log_scan::read_batches(std::size_t index, file_window& window) {
    const segment_head& head = *heads_[index];
    std::uint64_t offset = batches_offset;
    for (;;) {
        const std::optional<batch_header> header = read_batch(index, window, offset);
        if (header) {
            unconfirmed_.push_back({header->sequence, offset});
            while (!unconfirmed_.empty() && unconfirmed_.front().sequence <= report_.floor_sequence
            ) {
                unconfirmed_.pop_front();
            }
            offset += padded_batch_size(header->body_size, head.block_size);
            continue;
        }
        const std::uint64_t wanted = find_wanted(head, window, offset);
        if (wanted == 0) {
            return offset;
        }
        offset = wanted;
        report_.last_sequence = *options_.from_sequence - 1;
    }
}

/// Reads, checks and delivers the expected batch at `offset`. None if it is not there or not whole.
std::optional<batch_header>
log_scan::read_batch(std::size_t index, file_window& window, std::uint64_t offset) {
    const segment_head& head = *heads_[index];
    const std::optional<whole_batch> batch = read_whole_batch(head, window, offset, expected());
    if (!batch) {
        return std::nullopt;
    }
    const batch_header& header = batch->header;
    report_.last_sequence = header.sequence;
    report_.floor_sequence = std::max(report_.floor_sequence, header.floor_sequence);
    if (options_.from_sequence && header.sequence < *options_.from_sequence) {
        return header;
    }
    const record_position position{header.sequence, head.first_sequence, offset};
    for_each_record(batch->body, [&](const record& item) {
        report_.last_zxid = item.id;
        report_.highest_zxid = std::max(report_.highest_zxid, item.id);
        ++report_.record_count;
        visit_(item, position);
    });
    return header;
}

/// Where the batch begins at which the caller wants to start behind a damaged range; 0 if that is
/// not the case here.
std::uint64_t
log_scan::find_wanted(const segment_head& head, file_window& window, std::uint64_t offset) const {
    if (!options_.from_sequence || *options_.from_sequence <= expected()) {
        return 0;
    }
    for (; offset < window.end(); offset += head.block_size) {
        const std::optional<batch_header> header =
            decode_batch_header(window.at(offset, batch_header_size));
        if (header && header->segment_mark == segment_mark(head.segment) &&
            header->sequence == *options_.from_sequence) {
            return offset;
        }
    }
    return 0;
}

/// Checks that the batches of a segment that is not the last reach to the next one. They were
/// durable before that one was begun, so anything else is damage, whatever the octets look like.
bool log_scan::join_next(std::size_t index, file_window& window, std::uint64_t offset) {
    const segment_info& next = report_.segments[index + 1];
    if (expected() == next.first_sequence) {
        return true;
    }
    const std::optional<segment_head>& next_head = heads_[index + 1];
    if (next_head && next_head->previous_first_sequence != report_.segments[index].first_sequence) {
        return gap_before(index + 1, report_.highest_zxid, expected());
    }
    tail_evidence evidence = gather_evidence(*heads_[index], window, offset, expected());
    if (evidence.next_sequence == 0) {
        evidence.next_sequence = next.first_sequence;
    }
    if (next_head) {
        evidence.bound = std::min(evidence.bound, next_head->base);
    }
    return corrupt(index, offset, evidence, window.error());
}

/// Tells a clean end, a torn tail and a damaged one apart: cases T1 to T4 of zab.md 6.3.
bool log_scan::judge_tail(std::size_t index, file_window& window, std::uint64_t offset) {
    const segment_head& head = *heads_[index];
    const tail_evidence evidence = gather_evidence(head, window, offset, expected());
    report_.end.segment = head.segment;
    report_.end.segment_size = head.segment_size;
    report_.end.block_size = head.block_size;
    report_.end.offset = offset;
    report_.end.unconfirmed_offset = unconfirmed_.empty() ? offset : unconfirmed_.front().offset;
    // A segment that was left for the next one was durable as a whole.
    const std::optional<std::uint64_t> next = report_.segments[index].next_first_sequence;
    if (next == expected()) {
        return gap_behind(*next);
    }
    // A torn write reads back as old octets, not as an error; and segments have their full size
    // from the beginning.
    if (next || evidence.was_durable || window.error() || window.end() < head.segment_size) {
        return corrupt(index, offset, evidence, window.error());
    }
    if (evidence.dirty_end == 0) {
        return true;
    }
    const bool is_ambiguous = evidence.own_header && evidence.next_sequence == 0;
    return is_ambiguous && options_.strict ? ambiguous(index, offset, evidence)
                                           : torn(index, offset, evidence);
}

bool log_scan::unreadable(const std::string& path, std::error_code error) {
    report_.outcome = verdict::unreadable;
    report_.error = error;
    report_.explanation = explain_unreadable(path, error);
    return false;
}

/// Case T5: neither copy of a head can be used, so nothing tells which batches belong to the
/// segment.
bool log_scan::bad_head(std::size_t index) {
    log_damage damage;
    damage.file = report_.segments[index].file;
    damage.first_sequence = expected();
    damage.above = report_.highest_zxid;
    damage.bound = unknown_bound;
    for (std::size_t later = index + 1; later < heads_.size(); ++later) {
        if (heads_[later]) {
            damage.next_sequence = report_.segments[later].first_sequence;
            damage.bound = heads_[later]->base;
            break;
        }
    }
    report_.outcome = verdict::corrupt;
    report_.explanation = explain_bad_head(directory_, damage);
    report_.damage = std::move(damage);
    return false;
}

/// Whole files are missing in front of segment `index`.
bool log_scan::gap_before(std::size_t index, zxid above, std::uint64_t first_missing) {
    log_damage damage;
    damage.file = report_.segments[index].file;
    damage.first_sequence = first_missing;
    damage.next_sequence = report_.segments[index].first_sequence;
    damage.above = above;
    damage.bound = report_.segments[index].base;
    report_.outcome = verdict::missing_segment;
    report_.explanation = explain_missing(directory_, damage);
    report_.damage = std::move(damage);
    return false;
}

/// The file behind the last one that is there is missing.
bool log_scan::gap_behind(std::uint64_t first_missing) {
    log_damage damage;
    damage.file = segment_name(first_missing);
    damage.first_sequence = first_missing;
    damage.above = report_.highest_zxid;
    damage.bound = unknown_bound;
    report_.outcome = verdict::missing_segment;
    report_.explanation = explain_missing_end(directory_, damage, report_.segments.back().file);
    report_.damage = std::move(damage);
    return false;
}

bool log_scan::corrupt(
    std::size_t index, std::uint64_t offset, const tail_evidence& evidence, std::error_code error
) {
    log_damage damage;
    damage.file = report_.segments[index].file;
    damage.offset = offset;
    damage.first_sequence = expected();
    damage.next_sequence = evidence.next_sequence;
    damage.above = report_.highest_zxid;
    damage.bound = evidence.bound;
    // The batch's own header is the better witness when it is the only one that is lost.
    const bool is_only_one = evidence.next_sequence <= expected() + 1;
    if (evidence.own_header && is_only_one) {
        damage.bound = std::max(evidence.own_highest, report_.highest_zxid);
    }
    report_.outcome = verdict::corrupt;
    report_.error = error;
    report_.explanation = explain_corruption(directory_, damage, error);
    report_.damage = std::move(damage);
    return false;
}

/// Case T4, for who would rather look than cut it off.
bool log_scan::ambiguous(std::size_t index, std::uint64_t offset, const tail_evidence& evidence) {
    corrupt(index, offset, evidence, {});
    report_.damage->is_ambiguous = true;
    report_.explanation = explain_ambiguous(directory_, *report_.damage);
    return false;
}

bool log_scan::torn(std::size_t index, std::uint64_t offset, const tail_evidence& evidence) {
    tail_cut cut;
    cut.file = report_.segments[index].file;
    cut.offset = offset;
    cut.end = evidence.dirty_end;
    cut.sequence = expected();
    cut.block_size = report_.end.block_size;
    report_.outcome = verdict::torn_tail;
    report_.explanation = explain_torn_tail(directory_, cut, report_.last_zxid);
    report_.cut = std::move(cut);
    return false;
}

} // namespace

recovery_report recover(
    file_system& files,
    const std::string& directory,
    const recovery_options& options,
    record_visitor visit
) {
    return log_scan{files, directory, options, visit}.run();
}

} // namespace conclave::txnlog
