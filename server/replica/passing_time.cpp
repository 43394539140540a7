/// What a replica does because time has passed: what is due, and whose silence counts.
#include "server/replica/replica.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

#include "conclave/log_line.hpp"

namespace conclave::replica {

void replica::on_tick(instant now) {
    const time_point due = next_deadline();
    now_ = now;
    complaints_.summarize(std::chrono::steady_clock::time_point{now.monotonic});
    note_lateness(due);
    core_->advance(now.monotonic, now.wall_ms);
    pump();
    close_silent_handshakes();
    close_abandoned_connections();
    enter_read_only_if_due();
    note_deafness();
    expire_local_sessions();
    if (!is_serving()) {
        return;
    }
    spare_unheard_sessions();
    tell_touched();
    adopt_configured_members();
    if (may_propose_own()) {
        expire_sessions();
        reap();
    }
    start_checkpoint_if_due();
}

/// A server that did not run for a while could not hear anybody either, and what clients sent
/// meanwhile is still to be read: nobody is over before it has listened as long as it was away, or
/// for the longest session timeout if that is shorter.
void replica::note_lateness(time_point due) {
    if (ticked_at_ != time_point{}) {
        forbear(now_.monotonic - std::max(due, ticked_at_));
    }
    ticked_at_ = now_.monotonic;
}

/// While too much is in flight nobody is read, not even who comes anew, and nobody's silence counts
/// (zab 4.4.4); nor afterwards, before there was as much time to listen.
void replica::note_deafness() {
    const time_point now = now_.monotonic;
    if (has_too_much_in_flight()) {
        unheard_since_ = unheard_since_.value_or(now);
    } else if (unheard_since_) {
        forbear(now - *unheard_since_);
        unheard_since_.reset();
    }
}

/// Whoever is connected may have shown life all the time.
void replica::spare_unheard_sessions() {
    if (unheard_since_ && now_.monotonic >= unheard_touch_due_) {
        unheard_touch_due_ = now_.monotonic + settings_.limits.touch_interval;
        touch_all_sessions();
    }
}

/// Nobody could be heard for so long.
void replica::forbear(time_point deaf) {
    constexpr std::chrono::milliseconds tolerated{500};
    if (deaf > tolerated) {
        const std::chrono::milliseconds longest{settings_.session_timeout_ms_max};
        no_expiry_before_ =
            std::max(no_expiry_before_, now_.monotonic + std::min<time_point>(deaf, longest));
    }
}

/// Not ahead of a request that waits, such as a change of the membership behind another one: what
/// is in flight here is applied in its order.
bool replica::may_propose_own() const {
    return is_leading() && core_->can_propose() && unsent_count_ == 0 && !writes_refused_ &&
           !lacks_log_room();
}

void replica::expire_sessions() {
    if (unheard_since_ || now_.monotonic < no_expiry_before_) {
        return;
    }
    constexpr std::size_t batch = 1000;
    for (const session_id id : sessions_.due(now_.monotonic, batch)) {
        sessions_.mark_closing(id);
        ++counters_.sessions_expired;
        log(log_level::info, "session expired id=0x{:x}", id.value);
        preparation_.begin(false);
        close_session end =
            prepare_close(preparation_, id, settings_.limits.named_ephemerals_size_max);
        if (CONCLAVE_MUTANT(close_leaves_ephemerals)) {
            end.ephemerals.clear();
        }
        propose_own(std::move(end));
    }
}

namespace {

/// One interval's share of what may go in a minute.
std::size_t reaped_at_once(const reaper_settings& settings) {
    const auto interval = static_cast<std::size_t>(settings.check_interval.count());
    constexpr auto minute = static_cast<std::size_t>(std::chrono::milliseconds{60'000}.count());
    const std::size_t share =
        interval < minute ? settings.per_minute_max * interval / minute : settings.per_minute_max;
    return std::max<std::size_t>(share, 1);
}

} // namespace

void replica::reap() {
    if (now_.monotonic < reap_due_) {
        return;
    }
    reap_due_ = now_.monotonic + settings_.reaper.check_interval;
    const std::int64_t never_used_ms = settings_.reaper.container_never_used.count();
    const std::size_t count_max = reaped_at_once(settings_.reaper);
    for (const bytes& path : tree_.reapable(now_.wall_ms, never_used_ms, count_max)) {
        preparation_.begin(false);
        std::optional<tree::delete_node> removal =
            preparation_.reap(path, now_.wall_ms, never_used_ms);
        if (!removal) {
            preparation_.discard();
            continue;
        }
        log(log_level::info, "container or TTL node removed path={}", path);
        tree_changes what;
        what.changes.emplace_back(*std::move(removal));
        propose_own(std::move(what));
    }
}

time_point replica::next_deadline() const {
    time_point next = core_->next_deadline();
    if (is_serving() && !checkpoint_running_) {
        next = std::min(next, checkpoint_due_);
    }
    if (may_propose_own()) {
        next = std::min(next, reap_due_);
        const std::optional<time_point> session = sessions_.next_deadline();
        if (session && !unheard_since_) {
            next = std::min(next, std::max(*session, no_expiry_before_));
        }
    }
    if (unheard_since_ && is_serving()) {
        next = std::min(next, unheard_touch_due_);
    }
    const std::optional<time_point> local = local_sessions_.next_deadline();
    if (local && !unheard_since_) {
        next = std::min(next, std::max(*local, no_expiry_before_));
    }
    for (const held_handshake& each : held_handshakes_) {
        next = std::min(next, each.until);
    }
    for (const awaited_session& each : awaited_sessions_) {
        next = std::min(next, each.until);
    }
    if (!touched_.empty() && is_following()) {
        next = std::min(next, touch_due_);
    }
    if (leaderless_since_) {
        next = std::min(
            next, std::max(now_.monotonic, *leaderless_since_) + settings_.limits.parking_time
        );
    }
    if (!awaiting_handshake_.empty()) {
        next = std::min(next, awaiting_handshake_.front().first);
    }
    return next;
}

} // namespace conclave::replica
