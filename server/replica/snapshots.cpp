/// Snapshots between servers: which one is opened when, and how long the log behind it is kept
/// (zab 2.6.4, 6.4).
#include "server/replica/history_row.hpp"
#include "server/replica/replica.hpp"

#include <algorithm>
#include <utility>

#include "conclave/log_line.hpp"

namespace conclave::replica {

namespace {

/// How long a follower that has installed a snapshot may take to be back and to catch up.
constexpr std::chrono::minutes catch_up_time_max{5};

} // namespace

std::optional<history_row> decode_history_row(bytes_view octets) {
    history_row row;
    jute::reader in{octets};
    in(row);
    const bool is_whole =
        in.ok() && (row.password_key.empty() || row.password_key.size() == sizeof(secret));
    return is_whole ? std::optional{std::move(row)} : std::nullopt;
}

// ---- leading ----

/// The newest checkpoint is the snapshot; one that is older than what the follower knows to be
/// committed would take something back, so a newer one is made first.
void replica::open_wanted_snapshots(outputs& into) {
    if (checkpoint_running_ || wanted_snapshots_.empty()) {
        return;
    }
    const bool needs_newer = std::any_of(
        wanted_snapshots_.begin(),
        wanted_snapshots_.end(),
        [&](const zab::snapshot_request& each) { return each.at_least >= newest_checkpoint_.at; }
    );
    if (needs_newer && last_applied_.at > newest_checkpoint_.at) {
        checkpoint_wanted_ = true;
        return start_checkpoint_if_due();
    }
    for (const zab::snapshot_request& each : std::exchange(wanted_snapshots_, {})) {
        if (!receives_snapshot(each.peer, each.number)) {
            continue; // it is gone, or has asked anew
        }
        if (each.at_least >= newest_checkpoint_.at) { // it would bring nothing
            core_->snapshot_failed(each.peer, each.number);
            continue;
        }
        log(log_level::info,
            "snapshot begun follower={} zxid=0x{:x}",
            each.peer.value,
            newest_checkpoint_.at.value);
        outgoing_snapshots_[each.peer] = {
            each.number, newest_checkpoint_.at, now_.monotonic + catch_up_time_max};
        into.snapshots.push_back(each);
    }
}

bool replica::receives_snapshot(server_id peer, zab::attachment number) const {
    const auto at = core_->followers().find(peer);
    return at != core_->followers().end() && at->second.number == number &&
           at->second.mode == zab::feeding::snapshot;
}

/// A stream that nobody reads holds old pages of the checkpoint: it ends with its receiver.
void replica::end_abandoned_snapshots(outputs& into) {
    for (auto& [peer, each] : outgoing_snapshots_) {
        const bool is_received = receives_snapshot(peer, each.number);
        if (each.is_open && !is_received) {
            each.is_open = false;
            into.ended_snapshots.push_back(peer);
        }
        if (is_received) {
            each.log_kept_until = now_.monotonic + catch_up_time_max;
        }
    }
    std::erase_if(outgoing_snapshots_, [&](const auto& each) {
        return !each.second.is_open &&
               (core_->is_caught_up(each.first) || now_.monotonic >= each.second.log_kept_until);
    });
}

/// Whoever receives a snapshot needs the log behind it next.
zxid replica::log_kept_above(zxid checkpoint) const {
    for (const auto& [peer, each] : outgoing_snapshots_) {
        checkpoint = std::min(checkpoint, each.at);
    }
    return checkpoint;
}

void replica::on_snapshot_opened(
    server_id peer, zab::attachment number, zab::base_state of, instant now
) {
    now_ = now;
    core_->snapshot_opened(peer, number, std::move(of));
}

void replica::on_snapshot_read(
    server_id peer,
    zab::attachment number,
    std::uint64_t offset,
    bytes content,
    bool is_last,
    instant now
) {
    now_ = now;
    core_->snapshot_read(peer, number, offset, std::move(content), is_last);
}

void replica::on_snapshot_failed(server_id peer, zab::attachment number, instant now) {
    now_ = now;
    core_->snapshot_failed(peer, number);
}

// ---- following ----

void replica::on_snapshot_stored(zab::attachment number, std::uint64_t offset, instant now) {
    now_ = now;
    core_->snapshot_stored(number, offset);
    pump();
}

void replica::on_snapshot_refused(zab::attachment number, instant now) {
    now_ = now;
    core_->snapshot_refused(number);
}

} // namespace conclave::replica
