/// How a connection gets its session (zookeeper-protocol 2).
#include "server/replica/replica.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

#include "conclave/log_line.hpp"

namespace conclave::replica {

namespace {

/// A session that was opened by another system: its client knows the password that it was given
/// there (docs/formats/checkpoint.md).
bool is_imported_password(const std::optional<bytes_view>& session_row, bytes_view given) {
    std::int32_t timeout_ms = 0;
    bytes_view password;
    jute::reader in{session_row.value_or(bytes_view{})};
    in(timeout_ms, password);
    return in.ok() && password.size() == session_password_size &&
           equal_in_constant_time(password, given);
}

/// How long a client waits for this server's log to reach what it has seen elsewhere.
constexpr std::chrono::milliseconds patience{500};

/// Of a session that one server keeps to itself (read-only mode), so that every server tells by the
/// password what kind of session a client brings. Its key is the password of an id that no session
/// has.
bytes local_session_password(const secret& key, session_id id) {
    const bytes derived = session_password(key, session_id{-1});
    secret own{};
    std::copy_n(derived.begin(), own.size(), own.begin());
    return session_password(own, id);
}

} // namespace

void replica::on_handshake(connection& from, bytes_view frame, bool may_wait) {
    const std::optional<connect_request> request = decode_connect_request(frame);
    const bool is_answered =
        serves_clients() || (is_read_only_ && request && request->read_only.value_or(false));
    if (!request || !is_answered) {
        return close_after_output(from);
    }
    if (may_wait && hold_handshake(from, *request, frame)) {
        return;
    }
    if (!throttle_.admit(request->session != session_id{}, now_.monotonic)) {
        ++counters_.connections_throttled;
        return close_after_output(from);
    }
    from.is_old_client = !request->read_only.has_value();
    if (request->last_zxid_seen > last_applied_.at && !CONCLAVE_MUTANT(newer_client_admitted)) {
        complain(
            "client refused because it has seen a newer state peer={}:{} client_zxid=0x{:x} "
            "server_zxid=0x{:x}",
            from.peer.ip,
            from.peer.port,
            request->last_zxid_seen.value,
            last_applied_.at.value
        );
        return close_after_output(from);
    }
    const std::int32_t timeout_ms = std::clamp(
        request->timeout_ms, settings_.session_timeout_ms_min, settings_.session_timeout_ms_max
    );
    const bool is_new = request->session == session_id{};
    if (is_read_only_) {
        is_new ? open_local_session(from, timeout_ms)
               : resume_local_session(from, *request, timeout_ms);
    } else {
        is_new ? open_session_for(from, timeout_ms)
               : resume_session_for(from, *request, timeout_ms);
    }
}

/// zab 4.2: who moves from a server that is a moment ahead need not look for another one.
/// @return true if the frame will be looked at again.
bool replica::hold_handshake(connection& from, const connect_request& request, bytes_view frame) {
    const bool is_behind = request.last_zxid_seen > last_applied_.at;
    if (!is_behind || is_alone() || is_read_only_) {
        return false;
    }
    from.phase = connection_phase::catching_up;
    from.held_frames.emplace_back(frame);
    held_handshakes_.push_back({from.id, request.last_zxid_seen, now_.monotonic + patience});
    return true;
}

/// Those that have waited for what is applied by now, and those that have waited long enough.
void replica::resume_held_handshakes() {
    if (held_handshakes_.empty()) {
        return;
    }
    const auto is_due = [&](const held_handshake& each) {
        return each.needs <= last_applied_.at || each.until <= now_.monotonic;
    };
    const auto due = std::stable_partition(
        held_handshakes_.begin(),
        held_handshakes_.end(),
        [&](const held_handshake& each) { return !is_due(each); }
    );
    const std::vector<held_handshake> resumed{due, held_handshakes_.end()};
    held_handshakes_.erase(due, held_handshakes_.end());
    frame_arrived_ = now_.monotonic;
    for (const held_handshake& each : resumed) {
        connection* const from = find(each.from);
        if (from == nullptr || from->phase != connection_phase::catching_up) {
            continue;
        }
        const std::vector<bytes> frames = std::exchange(from->held_frames, {});
        from->phase = connection_phase::awaiting_handshake;
        on_handshake(*from, frames.front(), false);
        for (std::size_t next = 1; next < frames.size(); ++next) {
            if (from->phase != connection_phase::closing) {
                on_request(*from, frames[next]);
            }
        }
    }
}

session_id replica::draw_session() {
    // A clock that was set back between two starts may offer ids that still live.
    while (sessions_.find(next_session_) != nullptr) {
        next_session_ = session_id{next_session_.value + 1};
    }
    const session_id drawn = next_session_;
    next_session_ = session_id{drawn.value + 1};
    return drawn;
}

bool replica::knows_password(const connect_request& request) const {
    const bytes_view given = request.password.value_or(bytes_view{});
    if (equal_in_constant_time(session_password(*password_key_, request.session), given)) {
        return true;
    }
    bytes key;
    jute::writer{key}(request.session);
    return is_imported_password(rows_.get(tree::table::session, key), given);
}

bool replica::knows_local_password(const connect_request& request) const {
    const bytes expected = local_session_password(*password_key_, request.session);
    return equal_in_constant_time(expected, request.password.value_or(bytes_view{}));
}

void replica::open_session_for(connection& from, std::int32_t timeout_ms) {
    if (writes_refused_) {
        return close_after_output(from);
    }
    from.phase = connection_phase::opening;
    from.statistics.last_xid = xid{0}; // what ZooKeeper numbers a createSession with
    from.session = draw_session();
    from.timeout_ms = timeout_ms;
    bytes timeout;
    jute::writer{timeout}(timeout_ms);
    const turn at{frame_arrived_, between(frame_arrived_, now_.monotonic), false};
    static_cast<void>(submit(from, opcode::create_session, timeout, at));
}

void replica::resume_session_for(
    connection& from, const connect_request& request, std::int32_t timeout_ms
) {
    // The password first, so that a stranger cannot disturb the rightful owner
    // (zookeeper-protocol 2.2 [DIV]).
    if (!knows_password(request)) {
        return refuse_session(from);
    }
    from.timeout_ms = timeout_ms;
    if (CONCLAVE_MUTANT(unknown_session_is_over) && sessions_.find(request.session) == nullptr) {
        return refuse_session(from);
    }
    // Only the leader knows which sessions live: one that was opened a moment ago may not be
    // applied here.
    if (is_following()) {
        from.phase = connection_phase::revalidating;
        from.session = request.session;
        return ask_leader_about_session(from);
    }
    const session::session_state* known = sessions_.find(request.session);
    if (known == nullptr && !opening_.contains(request.session)) {
        from.phase = connection_phase::revalidating;
        from.session = request.session;
        return doubt_session(
            settings_.self,
            {core_->current_epoch(), request.session, from.id.value, from.timeout_ms}
        );
    }
    if (known == nullptr || known->closing) {
        return close_after_output(from); // not decided yet, or not here: it comes again
    }
    take_session(request.session, {settings_.self, from.id.value}, timeout_ms);
    replace_connection_of(request.session);
    establish(from, request.session, core_->last().at);
}

void replica::replace_connection_of(session_id session) {
    if (connection* previous = bound_to(session); previous != nullptr) {
        close_after_output(*previous);
    }
}

void replica::ask_leader_about_session(const connection& from) {
    const epoch in = core_->current_epoch();
    send(core_->leader(), revalidate_message{in, from.session, from.id.value, from.timeout_ms});
}

/// The leader has given the session to this connection.
void replica::begin_session(connection& with, zxid owned_since) {
    const std::chrono::milliseconds timeout{with.timeout_ms};
    sessions_.renegotiate(with.session, timeout, now_.monotonic);
    replace_connection_of(with.session);
    establish(with, with.session, owned_since);
    drain(with);
}

/// The leader knows the session and this server does not, so what opened it is on its way here.
void replica::await_session(const connection& by, zxid owned_since) {
    awaited_sessions_.push_back({by.id, owned_since, now_.monotonic + patience});
}

void replica::resume_awaited_sessions() {
    std::erase_if(awaited_sessions_, [&](const awaited_session& each) {
        connection* const by = find(each.by);
        if (by == nullptr || by->phase != connection_phase::revalidating) {
            return true;
        }
        if (is_following() && sessions_.find(by->session) != nullptr) {
            begin_session(*by, each.owned_since);
            return true;
        }
        if (each.until <= now_.monotonic) {
            close_after_output(*by); // the client comes again
            return true;
        }
        return false;
    });
}

void replica::establish(connection& with, session_id session, zxid owned_since) {
    with.phase = connection_phase::established;
    with.session = session;
    with.owned_since = owned_since;
    with.statistics.last_operation = opcode::create_session;
    bound_[session] = with.id;
    const bytes password = with.is_local ? local_session_password(*password_key_, session)
                                         : session_password(*password_key_, session);
    append_connect_response(
        with.outbox,
        {with.timeout_ms,
         session,
         password,
         with.is_old_client ? std::nullopt : std::optional{with.is_local}}
    );
    ++counters_.packets_sent;
    ++with.statistics.sent;
    mark_output(with);
}

/// How a client learns that its session is over (zookeeper-protocol 2.2, refusal).
void replica::refuse_session(connection& from) {
    const bytes no_password(session_password_size, '\0');
    append_connect_response(
        from.outbox,
        {0,
         session_id{},
         no_password,
         from.is_old_client ? std::nullopt : std::optional{is_read_only_}}
    );
    ++counters_.packets_sent;
    close_after_output(from);
}

void replica::close_silent_handshakes() {
    while (!awaiting_handshake_.empty() && awaiting_handshake_.front().first <= now_.monotonic) {
        connection* silent = find(awaiting_handshake_.front().second);
        awaiting_handshake_.pop_front();
        const bool is_stuck =
            silent != nullptr && (silent->phase == connection_phase::awaiting_handshake ||
                                  silent->phase == connection_phase::revalidating);
        if (is_stuck) {
            ++counters_.handshakes_timed_out;
            close_after_output(*silent);
        }
    }
}

} // namespace conclave::replica
