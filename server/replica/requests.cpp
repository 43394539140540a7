/// What happens to a request of an established connection: at once, or when its turn comes.
#include "server/replica/reads.hpp"
#include "server/replica/replica.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::replica {

namespace {

constexpr std::size_t header_size = 8;

} // namespace

void replica::on_request(connection& from, bytes_view frame) {
    if (frame.size() < header_size) {
        return close_after_output(from);
    }
    request_header header;
    jute::reader in{frame};
    in(header);
    const bool has_session = from.phase == connection_phase::established;
    const turn at{frame_arrived_, between(frame_arrived_, now_.monotonic), false};
    if (is_authentication(header.type) && has_session) { // no sign of life (9.2)
        return authenticate(from, header, in.rest(), at);
    }
    if (has_session) {
        note_activity(from);
    }
    // A write that will be refused is refused in its turn: its reply must not tell of an earlier
    // state than those before it.
    const bool may_join_writes = is_write(header.type) && !writes_refused_ &&
                                 !from.waiting.holds_back_writes() && !from.is_held_back;
    const bool overtakes = CONCLAVE_MUTANT(read_overtakes_write) && is_read(header.type);
    const bool must_wait =
        !has_session || (!from.waiting.empty() && !may_join_writes && !overtakes);
    if (must_wait) {
        using state = waiting_request::state;
        return enqueue(
            from, {state::deferred, header, at.arrived, bytes{frame}, 0, at.decoding}, at
        );
    }
    perform(from, header, in.rest(), at);
}

void replica::perform(connection& from, const request_header& header, bytes_view body, turn at) {
    observations_.note_request(header.type, body, is_write(header.type));
    if (is_authentication(header.type)) {
        authenticate(from, header, body, at);
    } else if (!satisfies_enforced_authentication(from)) {
        answer(from, header, at, {header.id, zxid{}, errc::session_closed_require_auth});
        close_after_output(from);
    } else if (is_read(header.type)) {
        answer_read(from, header, body, at);
    } else if (from.is_local) {
        refuse_to_write(from, header, at);
    } else if (is_write(header.type)) {
        submit_write(from, header, body, at);
    } else if (header.type == opcode::sync) {
        submit_sync(from, header, body, at);
    } else {
        answer(from, header, at, {header.id, zxid{-1}, errc::unimplemented});
        close_after_output(from);
    }
}

/// Precondition: nothing of this connection waits before the request, so the reply goes straight to
/// the outbox.
void replica::answer_read(
    connection& from, const request_header& header, bytes_view body, turn at
) {
    const xid answered_as = header.type == opcode::ping ? ping_xid : header.id;
    bytes& out = from.outbox;
    bytes events;
    const std::size_t start = out.size();
    const read_context context{
        tree_, watches_, settings_.preparation.access, settings_.limits.multi_read_size_max};
    errc outcome = errc::ok;
    {
        const jute::frame_scope frame{out};
        jute::writer{out}(reply_header{answered_as, last_applied_.at, errc::ok});
        outcome = execute_read(context, from, header.type, body, out, events);
    }
    if (outcome != errc::ok) {
        out.resize(start);
        append_reply(out, {answered_as, last_applied_.at, outcome});
    }
    const std::size_t size = out.size() - start;
    if (!events.empty()) {
        out.insert(start, events);
    }
    note_reply(from, header, at.arrived, size);
    note_read(from, header, body, at);
}

void replica::submit_write(
    connection& from, const request_header& header, bytes_view body, turn at
) {
    if (writes_refused_) {
        return answer(from, header, at, {header.id, last_applied_.at, errc::not_read_only});
    }
    const std::uint64_t sequence = submit(from, header.type, body, at);
    using state = waiting_request::state;
    enqueue(from, {state::in_flight, header, at.arrived, {}, sequence, at.decoding}, at);
    if (header.type == opcode::close_session) {
        close_when_answered(from); // what comes behind it is dropped (10.3)
    }
}

/// On its way to the leader, which may be this server. The outcome comes back in `complete`.
std::uint64_t replica::submit(connection& from, opcode type, bytes_view body, turn at) {
    in_flight& added = in_flight_.emplace_back();
    added.sequence = next_sequence_++;
    added.from = from.id;
    added.arrived = at.arrived;
    added.decoding = at.decoding;
    added.submitted = now_.monotonic;
    added.request.sequence = added.sequence;
    added.request.session = from.session;
    added.request.connection = from.id.value;
    added.request.type = type;
    added.request.who = from.who;
    if (settings_.is_audited) {
        added.audited = audit_of_request(type, body);
    }
    // Alone, it will never have to ask anybody again.
    const bool goes_at_once =
        is_leading() && has_begun() && unsent_count_ == 0 && can_take(added.request);
    if (!goes_at_once || !is_alone()) {
        added.request.body = body;
        added.size = body.size() + size_of(added.request.who);
        in_flight_size_ += added.size;
    }
    if (goes_at_once) {
        prepare_own(added, body);
    } else {
        ++unsent_count_;
    }
    return added.sequence;
}

/// The path is echoed; the barrier says when. Precondition: nothing of this connection waits before
/// the request.
void replica::submit_sync(
    connection& from, const request_header& header, bytes_view body, turn at
) {
    jute::reader in{body};
    optional_path_request request;
    in(request);
    if (!in.ok()) {
        return answer(from, header, at, {header.id, last_applied_.at, errc::marshalling_error});
    }
    bytes echo;
    jute::writer{echo}(request.path);
    const std::uint64_t token = next_sequence_++;
    using state = waiting_request::state;
    enqueue(from, {state::barrier, header, at.arrived, std::move(echo), token, at.decoding}, at);
    barriers_.emplace(token, from.id);
    if (CONCLAVE_MUTANT(sync_without_barrier)) {
        return complete_sync(token);
    }
    core_->barrier(token);
}

/// A barrier that failed is asked for again under the next leader; nobody has been told anything.
void replica::on_barrier(const zab::barrier_result& result) {
    if (doubts_.contains(result.token)) {
        return settle_doubt(result);
    }
    if (!barriers_.contains(result.token)) {
        return; // its connection is gone
    }
    if (result.is_confirmed && result.at > last_applied_.at) {
        confirmed_barriers_[result.token] = result.at;
    } else if (result.is_confirmed) {
        complete_sync(result.token);
    } else if (is_serving()) {
        core_->barrier(result.token);
    }
}

/// Barriers whose place is applied by now.
void replica::complete_syncs() {
    for (auto at = confirmed_barriers_.begin(); at != confirmed_barriers_.end();) {
        if (at->second > last_applied_.at) {
            return; // later ones were confirmed later
        }
        const std::uint64_t token = at->first;
        at = confirmed_barriers_.erase(at);
        complete_sync(token);
    }
}

void replica::complete_sync(std::uint64_t token) {
    const auto asked = barriers_.extract(token);
    connection* from = asked.empty() ? nullptr : find(asked.mapped());
    if (from == nullptr) {
        return;
    }
    const waiting_request* request = from->waiting.find(token);
    CONCLAVE_ASSERT(request != nullptr);
    bytes reply;
    {
        const jute::frame_scope frame{reply};
        jute::writer{reply}(reply_header{request->header.id, last_applied_.at, errc::ok});
        reply += request->content;
    }
    answer_waiting(*from, token, std::move(reply));
}

/// The leader's own idea, which nobody waits for.
void replica::propose_own(action what, session_id on_behalf_of) {
    in_flight& added = in_flight_.emplace_back();
    added.sequence = next_sequence_++;
    added.what = {on_behalf_of, std::move(what)};
    added.is_prepared = true;
    added.sent_in = core_->current_epoch();
    bytes body = encode(added.what);
    added.size = body.size();
    in_flight_size_ += added.size;
    const zab::origin origin{settings_.self, settings_.boot, added.sequence};
    note_proposal(body.size());
    added.at = core_->propose(origin, now_.wall_ms, std::move(body));
    preparation_.accept(added.at);
}

void replica::note_proposal(std::size_t size) {
    counters& all = counters_;
    ++all.proposals;
    all.proposal_size_last = static_cast<std::int64_t>(size);
    all.proposal_size_min = all.proposal_size_min < 0
                                ? all.proposal_size_last
                                : std::min(all.proposal_size_min, all.proposal_size_last);
    all.proposal_size_max = std::max(all.proposal_size_max, all.proposal_size_last);
}

void replica::enqueue(connection& of, waiting_request request, turn at) {
    ++waiting_count_;
    if (at.is_first) {
        of.waiting.put_back(std::move(request));
    } else {
        of.waiting.push(std::move(request));
    }
}

/// A reply that is a header alone.
void replica::answer(
    connection& to, const request_header& header, turn at, const reply_header& reply
) {
    bytes frame;
    append_reply(frame, reply);
    answer_in_turn(to, header, at, std::move(frame));
}

/// A reply to a request that never waited: at once, or behind those that still wait.
void replica::answer_in_turn(connection& to, const request_header& header, turn at, bytes reply) {
    if (at.is_first || to.waiting.empty()) {
        to.outbox += reply;
        return note_reply(to, header, at.arrived, reply.size());
    }
    using state = waiting_request::state;
    enqueue(to, {state::answered, header, at.arrived, std::move(reply), 0, at.decoding}, at);
}

void replica::answer_waiting(connection& to, std::uint64_t sequence, bytes reply) {
    to.waiting.answer(sequence, std::move(reply));
    drain(to);
}

/// Sends every answer whose turn has come and carries out requests that waited for their turn,
/// until there are replies enough: a request of forty octets may ask for a megabyte.
void replica::drain(connection& of) {
    using state = waiting_request::state;
    while (!of.waiting.empty() && !of.close_after_output) {
        const state front = of.waiting.front().is;
        if (front != state::answered && front != state::deferred) {
            return;
        }
        // A write that is under way must not be applied before what was asked ahead of it.
        const bool may_wait = of.waiting.size() == of.waiting.deferred_count();
        if (front == state::deferred && !may_wait &&
            of.outbox.size() >= settings_.limits.replies_ahead_of_write_max) {
            return close_after_output(of);
        }
        if (front == state::deferred && may_wait &&
            of.outbox.size() >= settings_.limits.replies_at_once_max) {
            of.is_held_back = true;
            mark_output(of);
        }
        if (front == state::deferred && of.is_held_back) {
            return;
        }
        if (front == state::deferred && is_write(of.waiting.front().header.type) &&
            lacks_log_room()) {
            stalled_.push_back(of.id);
            return;
        }
        const waiting_request request = of.waiting.pop();
        --waiting_count_;
        if (front == state::answered) {
            of.outbox += request.content;
            note_reply(of, request.header, request.arrived, request.content.size());
        } else {
            const bytes_view body = bytes_view{request.content}.substr(header_size);
            const bool was_ending = of.close_when_answered;
            perform(of, request.header, body, {request.arrived, request.decoding, true});
            if (of.close_when_answered && !was_ending) {
                // A failed login, or the end of the session: what came behind it is dropped.
                drop_waiting(of, request.header.type == opcode::close_session ? 1 : 0);
            }
        }
    }
    if (of.close_when_answered && of.waiting.empty()) {
        close_after_output(of);
    }
}

/// All but the first `kept`.
void replica::drop_waiting(connection& of, std::size_t kept) {
    const std::size_t count_before = of.waiting.size();
    of.waiting.keep_first(kept);
    waiting_count_ -= static_cast<std::int64_t>(count_before - of.waiting.size());
}

void replica::go_on(connection_id with, instant now) {
    now_ = now;
    connection* const held = find(with);
    if (held != nullptr && std::exchange(held->is_held_back, false)) {
        drain(*held);
        pump();
    }
}

namespace {

void note_latency(
    std::int64_t latency_ms,
    std::int64_t& count,
    std::int64_t& least,
    std::int64_t& most,
    std::int64_t& sum
) {
    least = count == 0 ? latency_ms : std::min(least, latency_ms);
    most = std::max(most, latency_ms);
    sum += latency_ms;
    ++count;
}

} // namespace

void replica::note_reply(
    connection& to, const request_header& header, time_point arrived, std::size_t size
) {
    const std::int64_t latency_ms = (now_.monotonic - arrived) / std::chrono::milliseconds{1};
    connection_statistics& own = to.statistics;
    ++own.sent;
    own.last_operation = header.type;
    if (header.id >= xid{}) { // pings and the like do not show in `cons`
        own.last_xid = header.id;
    }
    own.last_zxid = last_applied_.at;
    own.last_response_ms = now_.monotonic / std::chrono::milliseconds{1};
    own.latency_ms_last = latency_ms;
    note_latency(
        latency_ms, own.latency_count, own.latency_ms_min, own.latency_ms_max, own.latency_ms_sum
    );
    counters& all = counters_;
    note_latency(
        latency_ms, all.latency_count, all.latency_ms_min, all.latency_ms_max, all.latency_ms_sum
    );
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(now_.monotonic - arrived);
    (is_write(header.type) ? all.update_latency : all.read_latency).add(took);
    const auto reply_size = static_cast<std::int64_t>(size);
    ++all.packets_sent;
    all.response_bytes += reply_size;
    all.response_size_last = reply_size;
    all.response_size_min =
        all.response_size_min < 0 ? reply_size : std::min(all.response_size_min, reply_size);
    all.response_size_max = std::max(all.response_size_max, reply_size);
    mark_output(to);
}

} // namespace conclave::replica
