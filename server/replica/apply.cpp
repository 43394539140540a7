/// Committed entries become state, events and replies, in that order.
#include "server/replica/replica.hpp"
#include "server/zab/mutant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "conclave/assert.hpp"
#include "conclave/log_line.hpp"

namespace conclave::replica {

namespace {

bytes session_key(session_id id) {
    bytes key;
    jute::writer{key}(id);
    return key;
}

[[noreturn]] void diverged(zxid at, std::string_view what) {
    throw std::runtime_error{fmt::format(
        "the transaction at zxid 0x{:x} does not fit the state: {}. The data directory holds "
        "something that this "
        "server did not write; restore it from a backup",
        at.value,
        what
    )};
}

transaction decode_or_stop(const zab::entry& committed) {
    std::optional<transaction> what = decode_transaction(committed.body);
    if (!what) {
        diverged(committed.at, "it cannot be decoded");
    }
    return *std::move(what);
}

} // namespace

void replica::apply(const zab::entry& committed) {
    CONCLAVE_ASSERT(committed.at > last_applied_.at);
    last_applied_ = {committed.at, committed.chain};
    last_time_ms_ = committed.time_ms;
    ++applied_since_checkpoint_;
    if (committed.kind == zab::entry_kind::epoch_start) {
        apply_epoch_start(committed);
        return;
    }
    if (committed.kind != zab::entry_kind::application) {
        apply_members(committed);
        note_digest();
        if (core_ != nullptr) {
            core_->applied(committed.at);
            complete_syncs();
        }
        return;
    }
    const tree::apply_context context{committed.at, committed.time_ms};
    if (is_own(committed)) {
        const time_point begun = watch();
        in_flight request = take_own(committed);
        if (!request.is_prepared) {
            take_decision(request, decode_or_stop(committed));
        }
        note_session_end(request.what, committed.at);
        const write_result outcome = apply_action(request.what.what, context);
        preparation_.on_applied(committed.at);
        note_digest();
        audit(request, outcome);
        complete(request, outcome, committed.at);
        note_applied(request, begun, committed.at);
    } else {
        const transaction what = decode_or_stop(committed);
        if (forwarded_count_ > 0) {
            --forwarded_count_;
            forwarded_size_ -= std::min(forwarded_size_, committed.body.size());
        }
        leave_moved_session(what, committed.at);
        note_session_end(what, committed.at);
        static_cast<void>(apply_action(what.what, context));
        preparation_.on_applied(committed.at);
        note_digest();
        if (const auto* close = std::get_if<close_session>(&what.what); close != nullptr) {
            close_connection_of(close->id, {});
        }
    }
    ++counters_.commits;
    if (core_ != nullptr) {
        core_->applied(committed.at);
        complete_syncs();
    }
}

/// It answers a request that was made here.
bool replica::is_own(const zab::entry& committed) const {
    return !in_flight_.empty() && committed.from.sequence != 0 &&
           committed.from.boot == settings_.boot && committed.from.server == settings_.self;
}

replica::in_flight replica::take_own(const zab::entry& committed) {
    CONCLAVE_ASSERT(in_flight_.front().sequence == committed.from.sequence);
    unsent_count_ = std::min(unsent_count_, in_flight_.size() - 1);
    in_flight request = std::move(in_flight_.front());
    in_flight_.pop_front();
    logged_count_ -= logged_count_ != 0 ? 1 : 0;
    in_flight_size_ -= request.size;
    return request;
}

/// Another server did something for a session that is bound here, after it was given to this one:
/// its client is there now. What this server still holds of it must not be asked for again under
/// the next leader, who does not know where the session was.
void replica::leave_moved_session(const transaction& what, zxid at) {
    const auto* const failed = std::get_if<failure>(&what.what);
    if (failed != nullptr && failed->error == errc::session_moved) {
        return; // the other one is late
    }
    connection* here = bound_to(what.session);
    if (here != nullptr && at > here->owned_since && !CONCLAVE_MUTANT(moved_session_asks_again)) {
        close_after_output(*here);
    }
}

/// Another server prepared it: what it decided stands in the entry.
void replica::take_decision(in_flight& request, transaction decided) {
    request.what = std::move(decided);
    const auto* changes = std::get_if<tree_changes>(&request.what.what);
    if (request.request.type == opcode::multi && changes != nullptr) {
        request.operations = multi_result_types(request.request.body, *changes);
    }
}

void replica::apply_epoch_start(const zab::entry& committed) {
    const std::optional<zab::epoch_start> begin = zab::decode_epoch_start(committed.body);
    const std::optional<epoch_start> start =
        begin ? decode_epoch_start(begin->application) : std::nullopt;
    if (!start) {
        diverged(committed.at, "its EpochStart cannot be decoded");
    }
    if (!password_key_) {
        password_key_ = start->password_key;
    }
    apply_members(committed);
    note_digest();
    if (core_ == nullptr) {
        return;
    }
    core_->applied(committed.at);
    complete_syncs();
}

write_result replica::apply_action(const action& what, const tree::apply_context& context) {
    if (const auto* changes = std::get_if<tree_changes>(&what)) {
        return apply_tree_changes(*changes, context);
    }
    if (const auto* open = std::get_if<open_session>(&what)) {
        bytes timeout;
        jute::writer{timeout}(open->timeout_ms);
        rows_.put(tree::table::session, session_key(open->id), timeout);
        sessions_.open(open->id, std::chrono::milliseconds{open->timeout_ms}, now_.monotonic);
        opening_.erase(open->id);
        ++counters_.sessions_opened;
        return {};
    }
    if (const auto* close = std::get_if<close_session>(&what)) {
        tree_.remove_ephemerals(ephemerals_of(*close, tree_), context, *this);
        rows_.erase(tree::table::session, session_key(close->id));
        sessions_.close(close->id);
        owners_.erase(close->id);
        if (!undecided_revalidations_.empty()) {
            answer_undecided_revalidations(close->id);
        }
        return {};
    }
    const failure& failed = std::get<failure>(what);
    return {failed.error, {}, failed.operations};
}

write_result
replica::apply_tree_changes(const tree_changes& what, const tree::apply_context& context) {
    write_result outcome;
    outcome.changes.reserve(what.changes.size());
    for (const tree::change& change : what.changes) {
        result<tree::change_result> applied = tree_.apply(change, context, *this);
        if (!applied) {
            return misfit(context.at, applied.error());
        }
        outcome.changes.push_back(*std::move(applied));
    }
    return outcome;
}

/// What the leader found valid is not valid here: one of the two has diverged. All that have not
/// pass it over alike, and the digests tell who has (zab 6.7). A server alone has nobody to compare
/// itself with.
write_result replica::misfit(zxid at, errc problem) const {
    if (settings_.ensemble.members.size() == 1) {
        diverged(at, name(problem));
    }
    log(log_level::error,
        "the transaction at zxid 0x{:x} does not fit the state: {}. This server or the one that "
        "prepared it has diverged; digests will tell",
        at.value,
        name(problem));
    return {problem, {}, {}};
}

void replica::complete(const in_flight& request, const write_result& outcome, zxid at) {
    if (const auto* close = std::get_if<close_session>(&request.what.what)) {
        close_connection_of(close->id, request.from);
    }
    connection* from = find(request.from);
    if (from == nullptr || from->close_after_output) {
        counters_.replies_without_receiver += request.from != connection_id{} ? 1 : 0;
        return;
    }
    if (from->phase == connection_phase::opening) {
        if (outcome.error != errc::ok) {
            return close_after_output(*from); // its next attempt draws another id
        }
        establish(*from, request.what.session, at);
        return drain(*from);
    }
    if (outcome.error == errc::session_moved) {
        return close_after_output(*from); // the client has gone to another server long ago
    }
    const waiting_request* waiting = from->waiting.find(request.sequence);
    if (waiting == nullptr) {
        return;
    }
    if (waiting != &from->waiting.front()) {
        bytes reply;
        append_write_reply(reply, waiting->header, request.operations, outcome, at);
        return answer_waiting(*from, request.sequence, std::move(reply));
    }
    // Its turn has come: no need for a copy.
    const waiting_request answered = from->waiting.pop();
    --waiting_count_;
    const std::size_t size_before = from->outbox.size();
    append_write_reply(from->outbox, answered.header, request.operations, outcome, at);
    note_reply(*from, answered.header, answered.arrived, from->outbox.size() - size_before);
    drain(*from);
}

/// Expired, or closed from another connection.
void replica::close_connection_of(session_id closed, connection_id except) {
    connection* owner = bound_to(closed);
    if (owner != nullptr && owner->id != except) {
        close_after_output(*owner);
    }
}

/// READ is needed to hear of a change; a one-shot watch is consumed all the same
/// (zookeeper-protocol 8.7).
void replica::on_event(event_type type, bytes_view path, bytes_view acl) {
    watches_.trigger(type, path, [&](session::watcher_id watcher) {
        connection* to = find(watcher);
        if (to == nullptr || to->close_after_output ||
            !tree::is_allowed(acl, permission::read, to->who, settings_.preparation.access)) {
            return;
        }
        const std::size_t size_before = to->outbox.size();
        append_watch_event(to->outbox, last_applied_.at, type, path);
        counters_.watch_bytes += static_cast<std::int64_t>(to->outbox.size() - size_before);
        ++counters_.packets_sent;
        ++counters_.watch_events[static_cast<std::size_t>(type)];
        ++to->statistics.sent;
        mark_output(*to);
    });
}

} // namespace conclave::replica
