/// Which sessions live, and at which server: what followers and their leader tell each other of
/// that (zab 4.4).
#include "server/replica/replica.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

namespace conclave::replica {

/// A session is touched once per interval at most, however busy it is.
void replica::note_activity(connection& at) {
    if (at.is_local) {
        return local_sessions_.touch(at.session, now_.monotonic);
    }
    sessions_.touch(at.session, now_.monotonic);
    if (!at.is_touched && is_following()) {
        at.is_touched = true;
        touched_.push_back({at.session, at.timeout_ms});
        touched_connections_.push_back(at.id);
    }
}

void replica::tell_touched() {
    if (now_.monotonic < touch_due_ || touched_.empty() || !is_following()) {
        return;
    }
    touch_due_ = now_.monotonic + settings_.limits.touch_interval;
    const std::vector<touched_session> all = std::exchange(touched_, {});
    const auto count_max = static_cast<std::ptrdiff_t>(settings_.limits.touch_count_max);
    for (auto next = all.begin(); next != all.end();) {
        const auto end = next + std::min(count_max, all.end() - next);
        send(core_->leader(), touch_message{{next, end}});
        next = end;
    }
    for (const connection_id id : std::exchange(touched_connections_, {})) {
        if (connection* at = find(id); at != nullptr) {
            at->is_touched = false;
        }
    }
}

/// What a server says of a session that lives elsewhere by now is old news, apart from the life.
void replica::on_touched(server_id from, const touch_message& what) {
    if (CONCLAVE_MUTANT(touch_dropped)) {
        return;
    }
    for (const touched_session& each : what.sessions) {
        sessions_.touch(each.id, now_.monotonic);
        const session::session_state* const known = sessions_.find(each.id);
        const std::chrono::milliseconds timeout{each.timeout_ms};
        if (known == nullptr || known->timeout == timeout || each.timeout_ms <= 0) {
            continue;
        }
        const auto owner = owners_.find(each.id);
        if (owner == owners_.end() || owner->second.now.server == from) {
            sessions_.renegotiate(each.id, timeout, now_.monotonic);
        }
    }
}

void replica::on_revalidate(server_id from, const revalidate_message& what) {
    if (!is_leading() || what.in != core_->current_epoch()) {
        return;
    }
    const session::session_state* known = sessions_.find(what.session);
    if (known != nullptr && known->closing && !CONCLAVE_MUTANT(closing_session_is_over)) {
        undecided_revalidations_.emplace_back(from, what);
        return;
    }
    if (known == nullptr && !opening_.contains(what.session)) {
        return doubt_session(from, what);
    }
    const bool is_valid = known == nullptr || !known->closing;
    if (is_valid) {
        take_session(what.session, {from, what.connection}, what.timeout_ms);
        if (connection* const left = bound_to(what.session); left != nullptr) {
            left->is_left_behind = true;
        }
    }
    const zxid newest = core_->last().at;
    send(from, revalidate_answer{what.in, what.session, what.connection, is_valid, newest});
}

/// Nothing here knows the session. It is over only if this server leads and does not merely believe
/// to: under a newer leader it may have been opened.
void replica::doubt_session(server_id asker, const revalidate_message& what) {
    const std::uint64_t token = next_sequence_++;
    doubts_.emplace(token, std::pair{asker, what});
    core_->barrier(token);
}

/// Whoever is not answered asks the next leader.
void replica::settle_doubt(const zab::barrier_result& result) {
    const auto [asker, what] = doubts_.extract(result.token).mapped();
    if (!result.is_confirmed || !is_leading() || what.in != core_->current_epoch()) {
        return;
    }
    if (asker != settings_.self) {
        return send(asker, revalidate_answer{what.in, what.session, what.connection, false, {}});
    }
    connection* const from = find(connection_id{what.connection});
    if (from != nullptr && from->phase == connection_phase::revalidating) {
        refuse_session(*from);
    }
}

/// Who came back while the session was being closed is told so once that is decided (zab 4.4.5).
void replica::answer_undecided_revalidations(session_id closed) {
    std::erase_if(undecided_revalidations_, [&](const auto& each) {
        if (each.second.session != closed) {
            return false;
        }
        const auto& [in, session, connection, timeout_ms] = each.second;
        send(each.first, revalidate_answer{in, session, connection, false, {}});
        return true;
    });
}

/// The leader's word on where a session lives now.
void replica::take_session(session_id session, session_place by, std::int32_t timeout_ms) {
    if (ownership& known = owners_[session]; known.now != by) {
        known = {by, known.now};
    }
    ++counters_.sessions_revalidated;
    sessions_.renegotiate(session, std::chrono::milliseconds{timeout_ms}, now_.monotonic);
}

void replica::on_revalidated(const revalidate_answer& what) {
    if (!is_following() || what.in != core_->current_epoch()) {
        return; // of an earlier leader
    }
    connection* at = find(connection_id{what.connection});
    if (at == nullptr || (at->phase == connection_phase::closing && bound_to(what.session) != at)) {
        if (what.is_valid) { // its client has gone, perhaps to where the session was before
            send(
                core_->leader(), revalidate_answer{what.in, what.session, what.connection, {}, {}}
            );
        }
        return;
    }
    if (at->phase != connection_phase::revalidating || at->session != what.session) {
        return; // it was answered already
    }
    if (!what.is_valid) {
        return refuse_session(*at);
    }
    sessions_.find(what.session) == nullptr ? await_session(*at, what.newest)
                                            : begin_session(*at, what.newest);
}

/// Nobody is at the place that a session was given to: it had come from somewhere, and its client
/// may be there.
void replica::on_declined(server_id from, const revalidate_answer& what) {
    const auto owner = owners_.find(what.session);
    if (what.is_valid || what.in != core_->current_epoch() || owner == owners_.end()) {
        return;
    }
    const session_place gone{from, what.connection};
    ownership& known = owner->second;
    if (known.before == gone) {
        known.before = {};
    }
    if (known.now != gone) {
        return;
    }
    known = {known.before, {}};
    if (known.now.server == server_id{}) {
        owners_.erase(owner);
    } else if (connection* const back = find(connection_id{known.now.connection});
               back != nullptr && known.now.server == settings_.self) {
        back->is_left_behind = false;
    }
}

/// What this server told of its clients the last leader, or on a connection that broke, has told
/// this one nothing.
void replica::touch_all_sessions() {
    const auto is_established = [](const connection& each) {
        return each.phase == connection_phase::established && !each.is_local;
    };
    for (const connection_id id : connections_that(is_established)) {
        note_activity(*find(id));
    }
    touch_due_ = {}; // at once: their time may be nearly over
}

/// What the leader of an earlier epoch answers does not count: the present one has to know where
/// the session is.
void replica::ask_again_about_sessions() {
    const auto waits = [](const connection& each) {
        return each.phase == connection_phase::revalidating;
    };
    for (const connection_id id : connections_that(waits)) {
        connection* const at = find(id);
        is_following() ? ask_leader_about_session(*at) : close_after_output(*at);
    }
}

} // namespace conclave::replica
