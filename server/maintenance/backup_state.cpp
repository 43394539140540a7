#include "server/maintenance/backup_state.hpp"

#include "server/maintenance/history_archive.hpp"
#include "server/maintenance/snapshot_file.hpp"
#include "server/maintenance/times.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::maintenance {

namespace {

bool is_within(const backup_target& target, zxid at, std::int64_t time_ms) {
    return (!target.at || at <= *target.at) && (!target.time_ms || time_ms <= *target.time_ms);
}

/// The newest series that begins within the target.
const backup_series* choose(const backup_manifest& from, const backup_target& target) {
    const auto found =
        std::find_if(from.series.rbegin(), from.series.rend(), [&](const backup_series& each) {
            return is_within(target, each.snapshot.at.at, each.snapshot.time_ms);
        });
    return found == from.series.rend() ? nullptr : &*found;
}

std::int64_t end_time(const backup_series& of) {
    return of.logs.empty() ? of.snapshot.time_ms : of.logs.back().time_ms;
}

/// Builds the checkpoint that a snapshot holds, and looks whether it is what was taken.
result<void, std::string> load(
    const std::filesystem::path& file,
    const backup_snapshot& taken,
    const std::filesystem::path& checkpoint
) {
    if (auto loaded = load_snapshot(file, checkpoint); !loaded) {
        return loaded;
    }
    const auto proved = prove_checkpoint(checkpoint);
    if (!proved || proved->digest != taken.digest) {
        return unexpected{fmt::format(
            "{}: {}", taken.file, proved ? "it is not the one that was taken" : proved.error()
        )};
    }
    return {};
}

} // namespace

result<void, std::string> holds(const backup_directory& from, const backup_target& target) {
    const backup_series* const series = choose(from.manifest(), target);
    if (series != nullptr && target.at && *target.at > series->end().at) {
        return unexpected{fmt::format(
            "{} ends at zxid 0x{:x}, {}{}: the target 0x{:x} is not in it",
            from.path().string(),
            series->end().at.value,
            iso_time(end_time(*series)),
            series == &from.manifest().series.back() ? "" : ", and goes on with a later snapshot",
            target.at->value
        )};
    }
    if (series != nullptr) {
        return {};
    }
    const backup_snapshot& oldest = from.manifest().series.front().snapshot;
    return unexpected{fmt::format(
        "the oldest snapshot in {} is of zxid 0x{:x}, {}: that is behind the target",
        from.path().string(),
        oldest.at.at.value,
        iso_time(oldest.time_ms)
    )};
}

backup_state::backup_state(std::unique_ptr<checkpoint_builder> opened, replica::history_row begun)
    : opened_(std::move(opened)), replaying_(*opened_, std::move(begun)) {}

result<std::unique_ptr<backup_state>, std::string> backup_state::build(
    const backup_directory& from,
    const backup_target& target,
    const std::filesystem::path& checkpoint
) {
    const backup_series& series = *choose(from.manifest(), target);
    if (auto loaded = load(from.path() / series.snapshot.file, series.snapshot, checkpoint);
        !loaded) {
        return unexpected{loaded.error()};
    }
    auto opened = checkpoint_builder::open(checkpoint);
    if (!opened) {
        return unexpected{opened.error()};
    }
    auto begun = (*opened)->history();
    if (!begun) {
        return unexpected{std::string{"the snapshot does not say which zxid it is of"}};
    }
    std::unique_ptr<backup_state> state{new backup_state{*std::move(opened), *std::move(begun)}};
    state->snapshot_file_ = series.snapshot.file;
    if (auto done = state->replay(from.path(), series, target); !done) {
        return unexpected{done.error()};
    }
    return state;
}

/// Applies the logs as far as the target reaches.
result<void, std::string> backup_state::replay(
    const std::filesystem::path& backup, const backup_series& of, const backup_target& target
) {
    for (const backup_log& each : of.logs) {
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
            if (const auto applied = replaying_.apply(next); !applied) {
                refused = applied.error();
            }
            ++replayed_count_;
            return refused.empty();
        });
        if (!read || !refused.empty()) {
            return unexpected{fmt::format("{}: {}", each.file, read ? refused : read.error())};
        }
        if (is_behind) {
            return {};
        }
    }
    if (target.time_ms && *target.time_ms > end_time(of)) {
        note_ = fmt::format(
            "the backup ends at zxid 0x{:x}, {}, before the target: what was written between them "
            "is not in it\n",
            of.end().at.value,
            iso_time(end_time(of))
        );
    }
    return {};
}

} // namespace conclave::maintenance
