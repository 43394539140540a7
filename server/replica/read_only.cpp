/// Read-only mode: without a leader, clients that ask for it may read the last applied state
/// (zookeeper-protocol 2.5). Their sessions are this server's alone and end with the mode.
#include "server/replica/reads.hpp"
#include "server/replica/replica.hpp"
#include "server/replica/writes.hpp"

#include <algorithm>

#include "conclave/log_line.hpp"

namespace conclave::replica {

namespace {

constexpr std::chrono::milliseconds entry_delay_min{2000};

} // namespace

/// A server without history has nothing to show, and one in quarantine nothing to be trusted: it
/// does not go on, either.
void replica::enter_read_only_if_due() {
    const bool is_possible = settings_.read_only_enabled && password_key_.has_value() &&
                             core_->current_role() != zab::role::stopped;
    if (!is_possible) {
        return leave_read_only();
    }
    if (is_read_only_ || !leaderless_since_ ||
        now_.monotonic - *leaderless_since_ < std::max(entry_delay_min, settings_.tick)) {
        return;
    }
    is_read_only_ = true;
    log(log_level::warning,
        "no leader is in sight: clients that ask for read-only mode are served zxid=0x{:x}",
        last_applied_.at.value);
}

/// Its clients are sent away, so that they look for a server that takes writes: this one, too.
void replica::leave_read_only() {
    if (!is_read_only_) {
        return;
    }
    is_read_only_ = false;
    log(log_level::info, "read-only mode is over sessions={}", local_sessions_.count());
    for (const auto& [id, each] : connections_) {
        if (each->is_local) {
            close_after_output(*each);
        }
    }
    local_sessions_ = session::session_table{{settings_.tick}};
}

void replica::open_local_session(connection& from, std::int32_t timeout_ms) {
    const session_id opened = draw_session();
    local_sessions_.open(opened, std::chrono::milliseconds{timeout_ms}, now_.monotonic);
    from.timeout_ms = timeout_ms;
    from.is_local = true;
    establish(from, opened, zxid{});
}

/// A session of the ensemble is not ended by what this server cannot decide, and it may have been
/// opened behind what is applied here: its client is to look elsewhere.
void replica::resume_local_session(
    connection& from, const connect_request& request, std::int32_t timeout_ms
) {
    if (knows_password(request)) {
        return close_after_output(from);
    }
    if (local_sessions_.find(request.session) == nullptr || !knows_local_password(request)) {
        return refuse_session(from);
    }
    local_sessions_.renegotiate(
        request.session, std::chrono::milliseconds{timeout_ms}, now_.monotonic
    );
    from.timeout_ms = timeout_ms;
    from.is_local = true;
    replace_connection_of(request.session);
    establish(from, request.session, zxid{});
}

/// What is no read cannot be done without a leader.
void replica::refuse_to_write(connection& from, const request_header& header, turn at) {
    const bool is_known = is_write(header.type) || header.type == opcode::sync;
    if (!is_known) {
        answer(from, header, at, {header.id, zxid{-1}, errc::unimplemented});
        return close_after_output(from);
    }
    if (header.type != opcode::close_session) {
        return answer(from, header, at, {header.id, last_applied_.at, errc::not_read_only});
    }
    local_sessions_.close(from.session);
    answer(from, header, at, {header.id, last_applied_.at, errc::ok});
    close_after_output(from);
}

void replica::expire_local_sessions() {
    constexpr std::size_t batch = 1000;
    if (unheard_since_ || now_.monotonic < no_expiry_before_) {
        return;
    }
    for (const session_id id : local_sessions_.due(now_.monotonic, batch)) {
        local_sessions_.close(id);
        if (connection* const owner = bound_to(id)) {
            close_after_output(*owner);
        }
    }
}

} // namespace conclave::replica
