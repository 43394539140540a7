#include "server/maintenance/restore.hpp"

#include "server/maintenance/founding.hpp"
#include "server/maintenance/snapshot_file.hpp"
#include "server/maintenance/times.hpp"
#include "server/tree/corrupt_state.hpp"

#include <fmt/format.h>

namespace conclave::maintenance {

namespace {

/// The highest epoch whose zxids are positive.
constexpr std::uint64_t epoch_max = 0x7fffffff;

/// A place in the history behind everything that was ever told to a client. Derived from the state
/// alone: servers that restore the same come to the same.
result<replica::history_row, std::string>
moved_on(replica::history_row row, const tree::digest& sum, std::uint32_t epochs) {
    const std::uint64_t next = std::uint64_t{row.applied.at.at.in_epoch().value} + epochs;
    if (next >= epoch_max) {
        return unexpected{fmt::format(
            "there are no {} epochs left behind {}", epochs, row.applied.at.at.in_epoch().value
        )};
    }
    zab::entry place;
    place.at = zxid{epoch{static_cast<std::uint32_t>(next)}, 0};
    place.previous = row.applied.at.at;
    place.time_ms = row.time_ms;
    jute::writer{place.body}(sum.high, sum.low);
    place.chain = zab::chain_after(row.applied.at.chain, place);
    row.applied.at = place.where();
    row.applied.epochs = {place.where()};
    row.applied.epochs_are_cut = true;
    // The disks that the members were known by are gone: the servers that start with this found
    // their ensemble anew, as their configuration names it.
    row.applied.members = {};
    return row;
}

/// Takes over from the backup's place to the one where the servers go on.
result<restore_report, std::string> move_on(backup_state& state, const restore_target& target) {
    const tree::digest sum = state.nodes().current_digest();
    const auto row = moved_on(state.reached(), sum, target.epochs_passed_over);
    if (!row) {
        return unexpected{row.error()};
    }
    restore_report report;
    report.snapshot = state.snapshot_file();
    report.replayed_count = state.replayed_count();
    report.restored = state.reached().applied.at.at;
    report.time_ms = state.reached().time_ms;
    report.goes_on_behind = row->applied.at.at;
    report.digest = digest_text(sum.high, sum.low);
    report.node_count = state.nodes().node_count() - 1;
    if (auto saved = state.save(*row); !saved) {
        return unexpected{saved.error()};
    }
    return report;
}

result<restore_report, std::string> build(
    const backup_directory& from, const restore_target& target, const std::filesystem::path& into
) {
    try {
        const auto state = backup_state::build(from, target, into);
        return state ? move_on(**state, target)
                     : result<restore_report, std::string>{unexpected{state.error()}};
    } catch (const tree::corrupt_state& problem) {
        return unexpected{std::string{problem.what()}};
    }
}

} // namespace

result<restore_report, std::string> restore_backup(
    txnlog::file_system& files,
    const std::filesystem::path& backup,
    const data_place& into,
    const restore_target& target
) {
    const auto opened = backup_directory::open(backup, backup_directory::purpose::reading);
    if (!opened) {
        return unexpected{opened.error()};
    }
    if (const auto held = holds(*opened, target); !held) {
        return unexpected{held.error()};
    }
    auto begun = founding::begin(files, into);
    if (!begun) {
        return unexpected{begun.error()};
    }
    auto built = build(*opened, target, (*begun)->checkpoint_path());
    if (!built) {
        return unexpected{built.error()};
    }
    const zxid behind = built->goes_on_behind;
    if (auto done = (*begun)->finish(behind, behind.in_epoch()); !done) {
        return unexpected{done.error()};
    }
    return built;
}

std::string to_text(const restore_report& report) {
    return fmt::format(
        "restored {} nodes as of zxid 0x{:x}, {}: {} and {} transactions behind it\n"
        "digest {}\n"
        "zxids go on behind 0x{:x}\n",
        report.node_count,
        report.restored.value,
        iso_time(report.time_ms),
        report.snapshot,
        report.replayed_count,
        report.digest,
        report.goes_on_behind.value
    );
}

} // namespace conclave::maintenance
