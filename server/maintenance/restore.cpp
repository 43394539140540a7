#include "server/maintenance/restore.hpp"

#include "server/maintenance/backup_directory.hpp"
#include "server/maintenance/founding.hpp"
#include "server/maintenance/history_archive.hpp"
#include "server/maintenance/history_replay.hpp"
#include "server/maintenance/snapshot_file.hpp"
#include "server/maintenance/times.hpp"
#include "server/tree/corrupt_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::maintenance {

namespace {

using outcome = result<void, std::string>;

/// The highest epoch whose zxids are positive.
constexpr std::uint64_t epoch_max = 0x7fffffff;

bool is_within(const restore_target& target, zxid at, std::int64_t time_ms) {
    return (!target.at || at <= *target.at) && (!target.time_ms || time_ms <= *target.time_ms);
}

/// The newest series that begins within the target.
const backup_series* choose(const backup_manifest& from, const restore_target& target) {
    const auto found =
        std::find_if(from.series.rbegin(), from.series.rend(), [&](const backup_series& each) {
            return is_within(target, each.snapshot.at.at, each.snapshot.time_ms);
        });
    return found == from.series.rend() ? nullptr : &*found;
}

/// Applies the logs as far as the target reaches.
outcome replay(
    const std::filesystem::path& backup,
    const backup_series& series,
    const restore_target& target,
    history_replay& into,
    restore_report& report
) {
    for (const backup_log& each : series.logs) {
        auto source = open_source((backup / each.file).string());
        if (!source) {
            return unexpected{source.error()};
        }
        std::string refused;
        bool is_behind = false;
        const auto read = read_history_archive(**source, [&](const zab::entry& next) {
            is_behind = !is_within(target, next.at, next.time_ms);
            if (is_behind) {
                return false;
            }
            const auto applied = into.apply(next);
            refused = applied ? std::string{} : applied.error();
            ++report.replayed_count;
            return refused.empty();
        });
        if (!read || !refused.empty()) {
            return unexpected{fmt::format("{}: {}", each.file, read ? refused : read.error())};
        }
        if (is_behind) {
            break;
        }
    }
    return {};
}

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

class restoration {
public:
    restoration(
        const std::filesystem::path& backup,
        const backup_series& series,
        const restore_target& target
    )
        : backup_(backup), series_(series), target_(target) {}

    outcome build(const std::filesystem::path& checkpoint) {
        if (auto loaded = load_snapshot(backup_ / series_.snapshot.file, checkpoint); !loaded) {
            return loaded;
        }
        const auto proved = prove_checkpoint(checkpoint);
        if (!proved || proved->digest != series_.snapshot.digest) {
            return unexpected{fmt::format(
                "{}: {}",
                series_.snapshot.file,
                proved ? "it is not the one that was taken" : proved.error()
            )};
        }
        report_.snapshot = series_.snapshot.file;
        try {
            return replay_into(checkpoint);
        } catch (const tree::corrupt_state& problem) {
            return unexpected{std::string{problem.what()}};
        }
    }

    [[nodiscard]] const restore_report& report() const { return report_; }

private:
    outcome replay_into(const std::filesystem::path& checkpoint) {
        auto opened = checkpoint_builder::open(checkpoint);
        if (!opened) {
            return unexpected{opened.error()};
        }
        checkpoint_builder& state = **opened;
        auto begun = state.history();
        if (!begun) {
            return unexpected{std::string{"the snapshot does not say which zxid it is of"}};
        }
        history_replay replaying{state, std::move(*begun)};
        if (auto done = replay(backup_, series_, target_, replaying, report_); !done) {
            return done;
        }
        const tree::digest sum = replaying.nodes().current_digest();
        const auto row = moved_on(replaying.reached(), sum, target_.epochs_passed_over);
        if (!row) {
            return unexpected{row.error()};
        }
        report_.restored = replaying.reached().applied.at.at;
        report_.time_ms = replaying.reached().time_ms;
        report_.goes_on_behind = row->applied.at.at;
        report_.digest = digest_text(sum.high, sum.low);
        report_.node_count = replaying.nodes().node_count() - 1;
        return replaying.save(*row);
    }

    const std::filesystem::path& backup_;
    const backup_series& series_;
    const restore_target& target_;
    restore_report report_;
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
    const backup_series* const series = choose(opened->manifest(), target);
    if (series == nullptr) {
        const backup_snapshot& oldest = opened->manifest().series.front().snapshot;
        return unexpected{fmt::format(
            "the oldest snapshot in {} is of zxid 0x{:x}, {}: that is behind the target",
            backup.string(),
            oldest.at.at.value,
            iso_time(oldest.time_ms)
        )};
    }
    auto begun = founding::begin(files, into);
    if (!begun) {
        return unexpected{begun.error()};
    }
    restoration work{backup, *series, target};
    if (auto built = work.build((*begun)->checkpoint_path()); !built) {
        return unexpected{built.error()};
    }
    const zxid behind = work.report().goes_on_behind;
    if (auto done = (*begun)->finish(behind, behind.in_epoch()); !done) {
        return unexpected{done.error()};
    }
    return work.report();
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
