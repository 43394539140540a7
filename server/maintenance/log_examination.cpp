#include "server/maintenance/log_examination.hpp"

#include "server/zab/recovery.hpp"

#include <fmt/format.h>

namespace conclave::maintenance {

namespace {

constexpr auto type_of(zab::record_type type) {
    return static_cast<std::uint8_t>(type);
}

/// Everything that is there, whoever needs it.
void read_whole(txnlog::file_system& files, const log_question& about, log_facts& found) {
    txnlog::recovery_options options;
    options.storage = about.storage;
    const auto look_at = [&](const txnlog::record& record, const txnlog::record_position& at) {
        ++found.record_count;
        if (record.type == type_of(zab::record_type::base)) {
            found.newest_base = zab::decode_base(record.payload);
        }
        if (record.type != type_of(zab::record_type::entry)) {
            return;
        }
        const std::optional<zab::entry> entry = zab::decode_entry(record.payload);
        const bool is_itself = entry && entry->at == record.id;
        if (!is_itself && found.contradiction.empty()) {
            found.contradiction = fmt::format(
                "an entry that cannot be decoded (segment {:016x}, offset {})",
                at.segment,
                at.offset
            );
        }
        ++found.entry_count;
        found.first = found.entry_count == 1 ? record.id : found.first;
        found.last = record.id;
    };
    found.whole = txnlog::recover(files, about.directory, options, look_at);
}

/// As a server does when it starts.
void read_behind_checkpoint(
    txnlog::file_system& files, const log_question& about, log_facts& found
) {
    zab::recovery state{about.checkpoint, about.checkpoint_time_ms};
    const auto take = [&](const zab::log_record& record, std::string_view where) {
        const auto taken = state.on_record(record, [](const zab::entry&) {});
        if (!taken && found.contradiction.empty()) {
            found.contradiction = fmt::format("{} ({})", taken.error(), where);
        }
    };
    txnlog::recovery_options options;
    options.storage = about.storage;
    options.above = about.checkpoint.at.at;
    found.wanted = txnlog::recover(
        files,
        about.directory,
        options,
        [&](const txnlog::record& record, const txnlog::record_position& at) {
            take(
                {static_cast<zab::record_type>(record.type), record.id, bytes{record.payload}, {}},
                fmt::format("segment {:016x}, offset {}", at.segment, at.offset)
            );
        }
    );
    for (const txnlog::segment_info& each : found.wanted.segments) {
        if (!each.head_payload.empty()) {
            take({zab::record_type::promise, {}, each.head_payload, {}}, "head of " + each.file);
        }
    }
    const zab::recovered_state end = std::move(state).finish();
    found.promised = end.promised.to;
    found.uncertain_count = static_cast<std::int64_t>(end.tail.size());
}

} // namespace

log_facts examine_log(txnlog::file_system& files, const log_question& about) {
    log_facts found;
    read_whole(files, about, found);
    found.segment_count = found.whole.segments.size();
    for (const txnlog::segment_info& each : found.whole.segments) {
        found.size_bytes += static_cast<std::int64_t>(each.size);
    }
    read_behind_checkpoint(files, about, found);
    return found;
}

std::optional<zab::base_state>
newest_base(txnlog::file_system& files, const std::string& directory) {
    std::optional<zab::base_state> newest;
    const auto look_at = [&](const txnlog::record& record, const txnlog::record_position&) {
        if (record.type == type_of(zab::record_type::base)) {
            newest = zab::decode_base(record.payload);
        }
    };
    static_cast<void>(txnlog::recover(files, directory, {}, look_at)); // judged by `examine_log`
    return newest;
}

} // namespace conclave::maintenance
