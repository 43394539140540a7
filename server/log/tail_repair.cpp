#include "server/log/recovery.hpp"

#include <conclave/assert.hpp>

#include <algorithm>

namespace conclave::txnlog {

namespace {

constexpr std::uint64_t zeros_at_once = std::uint64_t{256} << 10;

std::error_code clear(file& target, std::uint64_t from, std::uint64_t end) {
    const bytes zeros(static_cast<std::size_t>(std::min(zeros_at_once, end - from)), '\0');
    for (std::uint64_t offset = from; offset < end;) {
        const std::uint64_t part = std::min<std::uint64_t>(zeros.size(), end - offset);
        if (const std::error_code error =
                target.write_at(offset, bytes_view{zeros}.substr(0, part))) {
            return error;
        }
        offset += part;
    }
    return target.sync_data();
}

} // namespace

std::error_code
repair_tail(file_system& files, const std::string& directory, recovery_report& report) {
    CONCLAVE_ASSERT(report.outcome == verdict::clean || report.outcome == verdict::torn_tail);
    if (report.outcome == verdict::clean) {
        return {};
    }
    const tail_cut cut = *report.cut;
    io_result<std::unique_ptr<file>> target =
        files.open(join_path(directory, cut.file), open_mode::read_write);
    if (!target) {
        return target.error();
    }
    // The header of the first discarded batch goes first, durably: whatever a crash leaves of the
    // rest, the next scan stops at the same place and finds no reason to believe that anything
    // behind it was durable.
    const std::uint64_t first_block_end = std::min(cut.end, cut.offset + cut.block_size);
    if (const std::error_code error = clear(**target, cut.offset, first_block_end)) {
        return error;
    }
    if (first_block_end < cut.end) {
        if (const std::error_code error = clear(**target, first_block_end, cut.end)) {
            return error;
        }
    }
    report.outcome = verdict::clean;
    report.cut.reset();
    report.error.clear();
    return {};
}

} // namespace conclave::txnlog
