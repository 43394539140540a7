#include "server/maintenance/restore.hpp"

#include "server/maintenance/founding.hpp"
#include "server/maintenance/restore_record.hpp"
#include "server/maintenance/snapshot_file.hpp"
#include "server/maintenance/times.hpp"
#include "server/tree/corrupt_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace conclave::maintenance {

namespace {

/// A place in the history behind everything that was ever told to a client. Derived from the state
/// and the epoch alone: servers that restore the same come to the same.
replica::history_row moved_on(replica::history_row row, const tree::digest& sum, epoch next) {
    zab::entry place;
    place.at = zxid{next, 0};
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

epoch newest_epoch(const backup_manifest& of) {
    epoch newest;
    for (const backup_series& each : of.series) {
        newest = std::max(newest, each.end().at.in_epoch());
    }
    return newest;
}

/// Takes over from the backup's place to the one where the servers go on.
result<restore_report, std::string> move_on(backup_state& state, epoch next) {
    const tree::digest sum = state.nodes().current_digest();
    const replica::history_row row = moved_on(state.reached(), sum, next);
    restore_report report;
    report.snapshot = state.snapshot_file();
    report.replayed_count = state.replayed_count();
    report.restored = state.reached().applied.at.at;
    report.time_ms = state.reached().time_ms;
    report.goes_on_behind = row.applied.at.at;
    report.digest = digest_text(sum.high, sum.low);
    report.node_count = state.nodes().node_count() - 1;
    report.note = state.note();
    if (auto saved = state.save(row); !saved) {
        return unexpected{saved.error()};
    }
    return report;
}

/// Builds the state in a founded directory and finishes that, at a place that is remembered.
class restoration {
public:
    restoration(const backup_directory& from, const data_place& into, const restore_target& target)
        : from_(from), into_(data_directory_name(into.data_directory)), target_(target) {}

    result<restore_report, std::string> run(founding& into) {
        auto report = build(into.checkpoint_path());
        if (!report) {
            return report;
        }
        const zxid behind = report->goes_on_behind;
        if (auto noted = remember(*report); !noted) {
            return unexpected{noted.error()};
        }
        if (auto done = into.finish(behind, behind.in_epoch()); !done) {
            if (record_) {
                record_->take_back();
            }
            return unexpected{done.error()};
        }
        return report;
    }

private:
    /// The state is closed when this returns.
    result<restore_report, std::string> build(const std::filesystem::path& checkpoint) {
        const auto state = backup_state::build(from_, target_, checkpoint);
        if (!state) {
            return unexpected{state.error()};
        }
        const auto next = choose_epoch((*state)->reached().applied.at.at);
        return next ? move_on(**state, *next)
                    : result<restore_report, std::string>{unexpected{next.error()}};
    }

    /// The record stays open, and locked, until the restore is over.
    result<epoch, std::string> choose_epoch(zxid restored) {
        if (auto opened = restore_record::open(from_.path())) {
            record_.emplace(*std::move(opened));
        } else {
            forgotten_ = opened.error();
        }
        if (!record_ && !target_.epochs_passed_over) {
            return unexpected{unremembered()};
        }
        return next_epoch(
            record_ ? record_->all() : std::vector<restored_once>{},
            restored,
            newest_epoch(from_.manifest()),
            into_,
            target_.epochs_passed_over
        );
    }

    result<void, std::string> remember(restore_report& report) {
        if (record_) {
            const auto noted = record_->add(report.restored, report.goes_on_behind, into_);
            forgotten_ = noted ? "" : noted.error();
        }
        if (!forgotten_.empty() && !target_.epochs_passed_over) {
            return unexpected{unremembered()};
        }
        if (!forgotten_.empty()) {
            report.note += fmt::format(
                "{}: the backup does not remember this restore. The next one from it needs a "
                "larger --epochs\n",
                forgotten_
            );
        }
        return {};
    }

    [[nodiscard]] std::string unremembered() const {
        return fmt::format(
            "{}: so a later restore from this backup could not know where this one went on. Make "
            "the directory writable, or say --epochs, the same on all servers: 1048576 for the "
            "first restore from a backup, 2097152 for the second, and so on",
            forgotten_
        );
    }

    const backup_directory& from_;
    const std::string into_;
    const restore_target& target_;
    std::optional<restore_record> record_;
    std::string forgotten_; ///< why there is no record
};

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
    try {
        return restoration{*opened, into, target}.run(**begun);
    } catch (const tree::corrupt_state& problem) {
        return unexpected{std::string{problem.what()}};
    }
}

std::string to_text(const restore_report& report) {
    return fmt::format(
        "restored {} nodes as of zxid 0x{:x}, {}: {} and {} transactions behind it\n"
        "digest {}\n"
        "zxids go on behind 0x{:x}, which every server that is restored with this one has to say\n"
        "{}",
        report.node_count,
        report.restored.value,
        iso_time(report.time_ms),
        report.snapshot,
        report.replayed_count,
        report.digest,
        report.goes_on_behind.value,
        report.note
    );
}

} // namespace conclave::maintenance
