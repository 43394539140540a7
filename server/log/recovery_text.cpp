#include "server/log/recovery_text.hpp"

#include <fmt/format.h>

#include <limits>

namespace conclave::txnlog {

namespace {

constexpr std::string_view what_to_do = "the log is left as it is; restore the file from a copy, "
                                        "or move the data directory away and let this server "
                                        "fetch its data from its peers";

std::string batches(const log_damage& damage) {
    return damage.next_sequence == 0
               ? fmt::format("batches from {} on", damage.first_sequence)
               : fmt::format("batches {} to {}", damage.first_sequence, damage.next_sequence - 1);
}

std::string zxids(const log_damage& damage) {
    const std::string above = fmt::format("zxids above 0x{:x}", damage.above.value);
    return damage.bound.value == std::numeric_limits<std::int64_t>::max()
               ? above + " without a known end"
               : fmt::format("{} up to 0x{:x}", above, damage.bound.value);
}

} // namespace

std::string_view name(verdict outcome) {
    switch (outcome) {
    case verdict::clean:
        return "clean";
    case verdict::torn_tail:
        return "torn tail";
    case verdict::corrupt:
        return "corrupt";
    case verdict::missing_segment:
        return "missing segment";
    case verdict::newer_format:
        return "newer format";
    case verdict::foreign:
        return "foreign";
    case verdict::unreadable:
        return "unreadable";
    }
    return "unknown";
}

std::string explain_newer_format(const std::string& path) {
    return fmt::format(
        "{} was written by a newer version of this program (this one reads log format {}); nothing "
        "was changed; "
        "start the newer version",
        path,
        log_format_version
    );
}

std::string explain_foreign(const std::string& path) {
    return fmt::format(
        "{} belongs to another data directory than the one configured; nothing was changed; check "
        "dataDir and "
        "dataLogDir",
        path
    );
}

std::string explain_unreadable(const std::string& path, std::error_code error) {
    return fmt::format("{} cannot be read: {}", path, error.message());
}

std::string explain_bad_head(const std::string& directory, const log_damage& damage) {
    return fmt::format(
        "{} is damaged: neither copy of its head can be read ({}, {}); {}",
        join_path(directory, damage.file),
        batches(damage),
        zxids(damage),
        what_to_do
    );
}

std::string explain_missing(const std::string& directory, const log_damage& damage) {
    return fmt::format(
        "a log file is missing before {} ({}, {}); {}",
        join_path(directory, damage.file),
        batches(damage),
        zxids(damage),
        what_to_do
    );
}

std::string explain_missing_end(
    const std::string& directory, const log_damage& damage, const std::string& file_before
) {
    return fmt::format(
        "the log file {} is missing: {} says that it follows ({}, {}); {}",
        join_path(directory, damage.file),
        file_before,
        batches(damage),
        zxids(damage),
        what_to_do
    );
}

std::string
explain_corruption(const std::string& directory, const log_damage& damage, std::error_code error) {
    return fmt::format(
        "{} is damaged at offset {}{}: {} cannot be read ({}); {}",
        join_path(directory, damage.file),
        damage.offset,
        error ? fmt::format(" ({})", error.message()) : std::string{},
        batches(damage),
        zxids(damage),
        what_to_do
    );
}

std::string explain_ambiguous(const std::string& directory, const log_damage& damage) {
    return fmt::format(
        "{} is damaged at offset {}: the newest batch cannot be read ({}). Nothing tells whether a "
        "power cut tore it before it was durable, or it was acknowledged and has decayed since; "
        "the log is left as it is",
        join_path(directory, damage.file),
        damage.offset,
        zxids(damage)
    );
}

std::string explain_torn_tail(const std::string& directory, const tail_cut& cut, zxid last) {
    return fmt::format(
        "{} ends in an unfinished write at offset {}: batches from {} on never became durable and "
        "are discarded; "
        "the log ends at zxid 0x{:x}",
        join_path(directory, cut.file),
        cut.offset,
        cut.sequence,
        last.value
    );
}

} // namespace conclave::txnlog
