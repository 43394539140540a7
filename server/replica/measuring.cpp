/// What the replica notes of its own doings. Nothing here changes what it does.
#include "server/replica/replica.hpp"
#include "server/replica/request_path.hpp"

#include <utility>

namespace conclave::replica {

namespace {

bytes path_of_change(const tree::change& what) {
    return std::visit(
        [](const auto& each) {
            if constexpr (requires { each.path; }) {
                return each.path;
            } else {
                return bytes{};
            }
        },
        what
    );
}

/// Of a failed write there is the request, unless this server is alone.
bytes path_of(const action& what, const forwarded_request& request) {
    const auto* const changes = std::get_if<tree_changes>(&what);
    return changes != nullptr && !changes->changes.empty()
               ? path_of_change(changes->changes.front())
               : bytes{path_of_request(request.type, request.body)};
}

} // namespace

time_point replica::watch() const {
    return settings_.stopwatch == nullptr ? now_.monotonic : settings_.stopwatch();
}

/// Those of the own writes that have become durable here since the last call.
void replica::note_durable() {
    const zxid durable = core_->durable();
    while (logged_count_ < in_flight_.size()) {
        in_flight& next = in_flight_[logged_count_];
        if (next.at == zxid{} || next.at > durable) {
            return;
        }
        next.logged = now_.monotonic;
        ++logged_count_;
    }
}

void replica::note_applied(const in_flight& request, time_point begun, zxid at) {
    if (request.from == connection_id{}) {
        return;
    }
    const time_point ended = watch();
    const time_point logged = std::max(request.logged, request.submitted);
    stage_times took{};
    took[index_of(stage::decode)] = request.decoding;
    took[index_of(stage::queue)] = between(request.arrived + request.decoding, request.submitted);
    took[index_of(stage::prepare)] = request.preparing;
    took[index_of(stage::log)] = between(request.submitted + request.preparing, logged);
    took[index_of(stage::replicate)] = between(logged, begun);
    took[index_of(stage::apply)] = between(begun, ended);
    for (std::size_t index = 0; index < index_of(stage::reply); ++index) {
        counters_.stages[index].add(took[index]);
    }
    counters_.commit_time.add(between(request.submitted, begun));
    written_reply reply{ended, 0};
    const auto total = between(request.arrived, ended);
    if (observations_.is_slow(total)) {
        const connection* const from = find(request.from);
        observations_.note_slow(
            {now_.wall_ms,
             request.request.session,
             from == nullptr ? bytes{} : text_of(from->peer),
             request.request.type,
             path_of(request.what.what, request.request),
             xid{},
             at,
             total,
             took}
        );
        reply.slow_number = observations_.slow_count();
    }
    unsent_replies_.push_back(reply);
}

void replica::note_read(
    const connection& from, const request_header& header, bytes_view body, turn at
) {
    const auto total = between(at.arrived, now_.monotonic);
    if (!observations_.is_slow(total)) {
        return;
    }
    stage_times took{};
    took[index_of(stage::decode)] = at.decoding;
    took[index_of(stage::queue)] = total - at.decoding;
    observations_.note_slow(
        {now_.wall_ms,
         from.session,
         text_of(from.peer),
         header.type,
         bytes{path_of_request(header.type, body)},
         header.id,
         zxid{},
         total,
         took}
    );
}

/// The replies of a batch leave together.
void replica::note_handed_over() {
    if (unsent_replies_.empty()) {
        return;
    }
    const time_point now = watch();
    for (const written_reply& each : unsent_replies_) {
        const auto took = between(each.at, now);
        counters_.stages[index_of(stage::reply)].add(took);
        if (each.slow_number != 0) {
            observations_.complete_slow(each.slow_number, took);
        }
    }
    unsent_replies_.clear();
}

/// Before it is applied: what the session owns is gone then.
void replica::note_session_end(const transaction& what, zxid at) {
    const auto* const close = std::get_if<close_session>(&what.what);
    const session::session_state* const state =
        close == nullptr ? nullptr : sessions_.find(close->id);
    if (state == nullptr || core_ == nullptr) {
        return;
    }
    ended_session ended;
    ended.id = close->id;
    ended.how = what.session == session_id{} ? session_end::expired : session_end::closed;
    ended.wall_ms = now_.wall_ms;
    ended.at = at;
    ended.timeout = state->timeout;
    ended.silent = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(time_point{}, now_.monotonic - (state->deadline - state->timeout))
    );
    const std::vector<bytes> ephemerals = ephemerals_of(*close, tree_);
    ended.ephemeral_count = ephemerals.size();
    for (const bytes& path : ephemerals) {
        if (ended.ephemerals.size() == observations::ephemerals_kept) {
            break;
        }
        ended.ephemerals.push_back(path.substr(0, observations::path_size_max));
    }
    observations_.note_end(std::move(ended), bound_to(close->id));
    if (settings_.is_audited) {
        for (const bytes& path : ephemerals) {
            audit_event& removed = audited_.emplace_back();
            removed.operation = "ephemeralZNodeDeletionOnSessionCloseOrExpire";
            removed.session = close->id;
            removed.path = path;
        }
    }
}

void replica::audit(in_flight& request, const write_result& outcome) {
    for (audit_event& each :
         audit_of_outcome(std::move(request.audited), request.request.type, outcome)) {
        each.session = request.request.session;
        each.who = request.request.who;
        audited_.push_back(std::move(each));
    }
}

void replica::audit_login(const connection& by, bool succeeded) {
    if (settings_.is_audited) {
        audit_event& login = audited_.emplace_back();
        login.operation = "addAuth";
        login.session = by.session;
        login.who = by.who;
        login.succeeded = succeeded;
    }
}

void replica::note_election() {
    const time_point took = std::max(time_point{}, now_.monotonic - *leaderless_since_);
    counters_.election_time.add(between(time_point{}, took));
    observations_.note_election(
        {now_.wall_ms,
         std::chrono::duration_cast<std::chrono::milliseconds>(took),
         core_->leader(),
         core_->current_epoch()}
    );
}

void replica::report_disk(const disk_message& own, instant now) {
    now_ = now;
    disks_[settings_.self] = {own, now.wall_ms};
    for (const server_id id : core_->members().servers()) {
        if (id != settings_.self) {
            send(id, own);
        }
    }
}

void replica::on_disk_told(server_id from, const disk_message& what) {
    if (core_->members().find(from) != nullptr) {
        disks_[from] = {what, now_.wall_ms};
    }
}

} // namespace conclave::replica
