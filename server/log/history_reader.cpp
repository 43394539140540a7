#include "server/log/history_reader.hpp"

#include "server/log/segment_list.hpp"
#include "server/log/whole_batch.hpp"

#include <conclave/assert.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace conclave::txnlog {

namespace {

using kind = history_error::kind;

history_error failure(kind of, const std::string& path, std::string_view what) {
    return {of, fmt::format("{} {}", path, what)};
}

history_error file_error(const std::string& path, std::error_code error) {
    return error == std::errc::no_such_file_or_directory
               ? failure(kind::gone, path, "is not there any more")
               : failure(kind::unreadable, path, "cannot be read: " + error.message());
}

} // namespace

history_reader::history_reader(
    file_system& files, std::string directory, segment_pointer first, const batch_place& at
)
    : files_(&files)
    , directory_(std::move(directory))
    , map_(at, first->head.base)
    , learned_(at)
    , learned_in_(std::move(first)) {}

/// Begins with the newest segment before which nothing is wanted, so that all truncations that
/// matter stand behind it. Looks for it from the newest on: what is purged meanwhile is older.
result<history_reader, history_error> history_reader::open(
    file_system& files, std::string directory, zxid after, std::uint64_t durable_sequence
) {
    const io_result<std::vector<std::string>> names = files.list(directory);
    if (!names) {
        return unexpected{file_error(directory, names.error())};
    }
    segment_pointer first;
    for (auto name = names->rbegin(); name != names->rend(); ++name) {
        const std::optional<std::uint64_t> sequence = parse_segment_name(*name);
        if (!sequence) {
            continue;
        }
        result<segment_pointer, history_error> opened = open_file(files, directory, *sequence);
        if (!opened && opened.error().of == kind::gone) {
            break;
        }
        if (!opened) {
            return unexpected{std::move(opened.error())};
        }
        first = *std::move(opened);
        if (first->head.base <= after) {
            break;
        }
    }
    if (first == nullptr) {
        return unexpected{failure(kind::gone, directory, "has no log")};
    }
    const std::uint64_t sequence = first->head.first_sequence;
    history_reader reader{
        files, std::move(directory), std::move(first), {sequence, batches_offset, sequence}};
    if (const auto learned = reader.advance(durable_sequence); !learned) {
        return unexpected{learned.error()};
    }
    if (after < reader.begin()) {
        return unexpected{history_error{
            kind::gone,
            fmt::format(
                "the log in {} begins above zxid 0x{:x}", reader.directory_, reader.begin().value
            )}};
    }
    return reader;
}

result<void, history_error> history_reader::advance(std::uint64_t durable_sequence) {
    std::optional<history_error> contradiction;
    const auto learn = [&](const batch_place& at, const whole_batch& batch) {
        if (!map_.learn(at, batch.header, batch.body)) {
            contradiction = failure(
                kind::damaged,
                join_path(directory_, segment_name(at.segment)),
                fmt::format("has an entry out of order at offset {}", at.offset)
            );
        }
        return !contradiction;
    };
    auto walked = walk(learned_, learned_in_, durable_sequence, learn);
    if (contradiction) {
        return unexpected{*std::move(contradiction)};
    }
    return walked;
}

result<zxid, history_error>
history_reader::read(zxid after, std::size_t size_max, entry_visitor visit) {
    if (after < begin()) {
        return unexpected{failure(kind::gone, directory_, "has no entries so old")};
    }
    zxid last = after;
    zxid done = after; // differs from `last` where a truncation has kept what is no entry
    std::size_t left = size_max;
    bool is_full = false;
    while (const std::optional<history_map::stretch> next = map_.behind(done)) {
        result<segment_pointer, history_error> in = find(next->from.segment);
        if (!in) {
            return unexpected{std::move(in.error())};
        }
        read_in_ = *std::move(in);
        bool is_at_end = false;
        const auto hand_out = [&](const batch_place& at, const whole_batch& batch) {
            std::uint32_t passed_over = at == next->from ? next->record_count : 0;
            for_each_record(batch.body, [&](const record& item) {
                const bool is_before = passed_over != 0;
                passed_over -= is_before ? 1 : 0;
                const bool is_entry = item.type == static_cast<std::uint8_t>(record_type::entry);
                if (is_before || !is_entry || is_at_end || is_full || item.id <= next->above) {
                    return;
                }
                is_at_end = item.id > next->last;
                is_full = last != after && item.payload.size() > left;
                if (is_at_end || is_full) {
                    return;
                }
                visit(item);
                last = item.id;
                left -= std::min(left, item.payload.size());
                is_at_end = item.id == next->last;
            });
            return !is_at_end && !is_full;
        };
        batch_place at = next->from;
        if (const auto walked = walk(at, read_in_, learned_.sequence - 1, hand_out); !walked) {
            return unexpected{walked.error()};
        }
        if (is_full) {
            break;
        }
        CONCLAVE_ASSERT(is_at_end);
        done = next->last;
    }
    return last;
}

/// Visits the batches from `at`, which is in `in`, up to `last_sequence`, or until the visitor says
/// false. Both are left at the batch behind the last one that was visited.
result<void, history_error> history_reader::walk(
    batch_place& at, segment_pointer& in, std::uint64_t last_sequence, batch_visitor visit
) {
    // Not kept from walk to walk: it may have seen a part of the file before it was written.
    std::optional<file_window> window;
    bool goes_on = true;
    while (goes_on && at.sequence <= last_sequence) {
        if (!window) {
            window.emplace(*in->source, in->head.segment_size);
        }
        const std::optional<whole_batch> batch =
            read_whole_batch(in->head, *window, at.offset, at.sequence);
        if (batch) {
            goes_on = visit(at, *batch);
            at.offset += padded_batch_size(batch->header.body_size, in->head.block_size);
            ++at.sequence;
        } else if (window->error()) {
            return unexpected{
                file_error(join_path(directory_, segment_name(at.segment)), window->error())};
        } else {
            if (const auto moved = go_on_in_next(at, in); !moved) {
                return unexpected{moved.error()};
            }
            window.reset();
        }
    }
    return {};
}

/// A durable batch that does not stand behind the one before is the first of the next segment,
/// which bears its number.
result<void, history_error>
history_reader::go_on_in_next(batch_place& at, segment_pointer& in) const {
    if (at.sequence == at.segment) {
        return unexpected{missing_behind(at)};
    }
    result<segment_pointer, history_error> next = find(at.sequence);
    if (!next) {
        return unexpected{
            next.error().of == kind::gone ? missing_behind(at) : std::move(next.error())};
    }
    in = *std::move(next);
    at = {at.sequence, batches_offset, at.sequence};
    return {};
}

/// Segments are removed from the oldest on: while this one is there, so must be the next.
history_error history_reader::missing_behind(const batch_place& at) const {
    const std::string path = join_path(directory_, segment_name(at.segment));
    if (const auto still_there = files_->open(path, open_mode::read); !still_there) {
        return file_error(path, still_there.error());
    }
    return failure(
        kind::damaged,
        path,
        fmt::format("is damaged at offset {}: batch {} cannot be read", at.offset, at.sequence)
    );
}

result<history_reader::segment_pointer, history_error>
history_reader::find(std::uint64_t first_sequence) const {
    for (const segment_pointer& known : {read_in_, learned_in_}) {
        if (known != nullptr && known->head.first_sequence == first_sequence) {
            return known;
        }
    }
    return open_file(*files_, directory_, first_sequence);
}

result<history_reader::segment_pointer, history_error> history_reader::open_file(
    file_system& files, const std::string& directory, std::uint64_t first_sequence
) {
    const std::string path = join_path(directory, segment_name(first_sequence));
    io_result<std::unique_ptr<file>> source = files.open(path, open_mode::read);
    if (!source) {
        return unexpected{file_error(path, source.error())};
    }
    segment_head head;
    for (std::uint64_t copy = 0; copy < segment_head_copies; ++copy) {
        if (read_head_copy(**source, copy, first_sequence, head) == head_state::valid) {
            return std::make_shared<const open_segment>(open_segment{
                std::move(head), std::move(*source)});
        }
    }
    return unexpected{
        failure(kind::damaged, path, "is damaged: neither copy of its head can be read")};
}

} // namespace conclave::txnlog
