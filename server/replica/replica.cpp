#include "server/replica/replica.hpp"

#include "server/replica/history_row.hpp"
#include "server/tree/corrupt_state.hpp"
#include "server/zab/mutant.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "conclave/assert.hpp"
#include "conclave/log_line.hpp"

namespace conclave::replica {

replica::replica(settings configured, tree::table_reader& base)
    : settings_(std::move(configured))
    , is_alone_(settings_.ensemble.members.empty())
    , rows_(base, settings_.fresh_hash_seed)
    , tree_(rows_, settings_.fresh_hash_seed)
    , preparation_(tree_, settings_.preparation)
    , sessions_({settings_.tick})
    , local_sessions_({settings_.tick})
    , throttle_(settings_.connection_throttle, settings_.boot)
    , next_session_(settings_.first_session)
    , observations_(settings_.slow_request_threshold) {
    if (is_alone_) {
        settings_.ensemble.members.emplace_back().id = settings_.self;
    }
    load_history();
    load_sessions();
}

replica::~replica() = default;

void replica::load_history() {
    const std::optional<bytes_view> row = rows_.get(tree::table::meta, history_key);
    if (!row) {
        zab::base_state empty;
        empty.members.stable = settings_.ensemble;
        members_ = empty.members;
        recovery_.emplace(std::move(empty), 0);
        return;
    }
    std::optional<history_row> read = decode_history_row(*row);
    if (!read) {
        throw tree::corrupt_state{tree::table::meta, history_key, "the row is damaged"};
    }
    history_row& history = *read;
    last_applied_ = history.applied.at;
    newest_checkpoint_.at = last_applied_.at;
    last_time_ms_ = history.time_ms;
    if (!history.password_key.empty()) {
        password_key_.emplace();
        std::copy(history.password_key.begin(), history.password_key.end(), password_key_->begin());
    }
    // Until the ensemble has written down its members, the configuration names them.
    zab::membership_state& members = history.applied.members;
    if (!members.is_joint && members.stable.version == zxid{}) {
        members.stable = settings_.ensemble;
    }
    members_ = members;
    recovery_.emplace(std::move(history.applied), history.time_ms);
}

void replica::save_history() {
    history_row history{core_->state_at(last_applied_), last_time_ms_, {}};
    if (password_key_) {
        history.password_key.assign(password_key_->begin(), password_key_->end());
    }
    bytes row;
    jute::writer{row}(history);
    rows_.put(tree::table::meta, history_key, std::move(row));
}

void replica::load_sessions() {
    rows_.scan(tree::table::session, {}, [&](bytes_view key, bytes_view value) {
        session_id id;
        std::int32_t timeout_ms = 0;
        jute::reader{key}(id);
        jute::reader{value}(timeout_ms);
        sessions_.open(id, std::chrono::milliseconds{timeout_ms}, now_.monotonic);
        return true;
    });
}

result<void, std::string> replica::recover(const zab::log_record& record) {
    CONCLAVE_ASSERT(recovery_.has_value());
    return recovery_->on_record(record, [&](const zab::entry& committed) { apply(committed); });
}

void replica::start(instant now) {
    CONCLAVE_ASSERT(recovery_.has_value());
    now_ = now;
    started_ = now;
    newest_checkpoint_.wall_ms = now.wall_ms;
    leaderless_since_ = now.monotonic;
    checkpoint_due_ = now.monotonic + settings_.checkpoint.interval;
    reap_due_ = now.monotonic + settings_.reaper.check_interval;
    zab::core_settings core;
    core.self = settings_.self;
    core.storage = settings_.storage;
    core.boot = settings_.boot;
    core.seed = settings_.boot;
    core.may_found = settings_.may_found;
    core_ = std::make_unique<zab::core>(std::move(core), std::move(*recovery_).finish());
    recovery_.reset();
    check_storage();
    check_beginning();
    core_->start(
        now.monotonic,
        now.wall_ms,
        encode(epoch_start{settings_.fresh_password_key, settings_.boot, settings_.self})
    );
}

connection_id replica::on_connect(peer_address peer, instant now) {
    now_ = now;
    ++counters_.connections_opened;
    const connection_id id = next_connection_;
    next_connection_ = connection_id{id.value + 1};
    auto added = std::make_unique<connection>();
    added->id = id;
    added->who.push_back({"ip", peer.ip});
    added->peer = std::move(peer);
    added->statistics.established_wall_ms = now.wall_ms;
    connections_.emplace(id, std::move(added));
    awaiting_handshake_.emplace_back(now.monotonic + settings_.limits.handshake_timeout, id);
    return id;
}

void replica::on_disconnect(connection_id gone) {
    const auto at = connections_.find(gone);
    if (at == connections_.end()) {
        return;
    }
    const connection& closed = *at->second;
    waiting_count_ -= static_cast<std::int64_t>(closed.waiting.size());
    watches_.drop(gone);
    if (const auto bound = bound_.find(closed.session);
        bound != bound_.end() && bound->second == gone) {
        bound_.erase(bound);
        observations_.note_departure(closed, now_.wall_ms);
    }
    connections_.erase(at);
}

void replica::on_frame(connection_id from, bytes_view frame, instant now, time_point arrived) {
    now_ = now;
    frame_arrived_ = arrived == time_point{} ? now.monotonic : std::min(arrived, now.monotonic);
    connection* sender = find(from);
    if (sender == nullptr || sender->phase == connection_phase::closing) {
        return;
    }
    ++counters_.packets_received;
    counters_.request_bytes += static_cast<std::int64_t>(frame.size());
    ++sender->statistics.received;
    if (sender->phase == connection_phase::awaiting_handshake) {
        on_handshake(*sender, frame);
    } else if (sender->phase == connection_phase::catching_up || (!is_serving() && !sender->is_local)) {
        sender->held_frames.emplace_back(frame);
    } else {
        on_request(*sender, frame);
    }
    pump();
}

bool replica::has_too_much_in_flight() const {
    return in_flight_size_ > settings_.limits.uncommitted_size_max ||
           rows_.active_size() > settings_.limits.dirty_backlog_max || lacks_log_room();
}

/// True if the writes in flight may take all the room that the log has for certain: beside its
/// body, a write has its own header, and perhaps the header and the padding of a batch and the
/// floor behind it. A write that is refused anyway needs none.
bool replica::lacks_log_room() const {
    constexpr std::uint64_t overhead = 2048;
    const std::uint64_t count = in_flight_.size() + forwarded_count_;
    return !writes_refused_ && in_flight_size_ + forwarded_size_ + count * overhead >= log_room_;
}

/// Goes on with the connections whose next request was a write that had to wait for room.
void replica::resume_stalled() {
    if (lacks_log_room()) {
        return;
    }
    for (const connection_id id : std::exchange(stalled_, {})) {
        if (connection* waiting = find(id)) {
            drain(*waiting);
        }
    }
}

bool replica::wants_input(connection_id from) const {
    const auto at = connections_.find(from);
    if (at == connections_.end()) {
        return true;
    }
    const connection& sender = *at->second;
    const bool is_parked =
        !is_serving() && !sender.is_local && sender.phase != connection_phase::awaiting_handshake;
    if (is_parked || sender.phase == connection_phase::catching_up) {
        return false;
    }
    const request_queue& waiting = sender.waiting;
    if (waiting.empty()) {
        return !has_too_much_in_flight();
    }
    return waiting.size() < settings_.limits.waiting_per_connection_max &&
           waiting.deferred_count() < settings_.limits.deferred_per_connection_max &&
           waiting.content_size() < settings_.limits.waiting_content_max &&
           in_flight_.size() <= settings_.limits.outstanding_max && !has_too_much_in_flight();
}

void replica::on_persisted(zab::operation_id operation, instant now) {
    now_ = now;
    core_->persisted(operation);
    note_durable();
    pump();
    start_checkpoint_if_due();
}

void replica::refuse_writes(bool refused) {
    writes_refused_ = refused;
    if (core_ == nullptr) {
        return;
    }
    const bool others_vote = core_->members().voter_count() > 1;
    core_->set_impaired(refused && others_vote);
    static_cast<void>(
        refused && others_vote && core_->transfer_leadership({})
    ); // they may have room
}

/// Carries out what the replication core has decided, until it has nothing more to say.
void replica::pump() {
    while (core_->has_events()) {
        const std::deque<zab::shared_entry> committed = core_->take_committed();
        const std::vector<zab::barrier_result> barriers = core_->take_barriers();
        for (const zab::shared_entry& next : committed) {
            apply(*next);
        }
        for (const zab::barrier_result& each : barriers) {
            on_barrier(each);
        }
    }
    resume_awaited_sessions();
    follow_role();
    resume_held_handshakes();
}

bool replica::end_session(session_id which, instant now) {
    now_ = now;
    if (!may_propose_own() || !sessions_.mark_closing(which)) {
        return false;
    }
    log(log_level::info, "session ended by an operator id=0x{:x}", which.value);
    preparation_.begin(false);
    propose_own(
        prepare_close(preparation_, which, settings_.limits.named_ephemerals_size_max), which
    );
    pump();
    return true;
}

bool replica::hand_over(server_id to, instant now) {
    now_ = now;
    const bool is_begun = is_leading() && to != settings_.self && core_->transfer_leadership(to);
    if (is_begun) {
        log(log_level::info, "leadership handed over by an operator to={}", to.value);
        pump();
    }
    return is_begun;
}

void replica::start_checkpoint_if_due() {
    const bool due = checkpoint_wanted_ ||
                     rows_.active_size() >= settings_.checkpoint.dirty_size_max ||
                     applied_since_checkpoint_ >= settings_.checkpoint.transaction_count_max ||
                     now_.monotonic >= checkpoint_due_;
    if (due && !checkpoint_running_) {
        start_checkpoint();
    }
}

void replica::start_checkpoint() {
    checkpoint_wanted_ = false;
    checkpoint_due_ = now_.monotonic + settings_.checkpoint.interval;
    if (last_applied_.at == checkpoint_at_) {
        return;
    }
    applied_since_checkpoint_ = 0;
    tree_.save_counters();
    save_history();
    checkpoint_at_ = last_applied_.at;
    checkpoint_ = rows_.freeze();
    checkpoint_running_ = true;
}

void replica::request_checkpoint(instant now) {
    now_ = now;
    checkpoint_wanted_ = true;
    start_checkpoint_if_due();
}

void replica::on_checkpoint(bool succeeded, instant now) {
    now_ = now;
    CONCLAVE_ASSERT(checkpoint_running_);
    checkpoint_running_ = false;
    if (succeeded) {
        ++counters_.checkpoints;
        newest_checkpoint_ = {checkpoint_at_, now.wall_ms};
        written_ = rows_.release_frozen();
        log_needed_from_ = log_kept_above(checkpoint_at_);
        start_checkpoint_if_due();
    } else {
        // The log still holds everything; the next interval tries again with what has come since.
        rows_.restore_frozen();
        checkpoint_at_ = {};
    }
}

void replica::take_outputs(outputs& into, instant now) {
    now_ = now;
    note_deafness();
    stop_if_undecided();
    compare_digests();
    resume_stalled();
    note_handed_over();
    for (const connection_id id : with_output_) {
        connection* to = find(id);
        if (to == nullptr) {
            continue;
        }
        to->has_output_pending = false;
        into.clients.push_back(
            {id, std::exchange(to->outbox, {}), to->close_after_output, to->is_held_back}
        );
    }
    with_output_.clear();
    zab::core_outputs wanted;
    core_->take_outputs(wanted);
    if (!wanted.disk.records.empty()) {
        into.operation = wanted.disk.operation;
        std::move(
            wanted.disk.records.begin(), wanted.disk.records.end(), std::back_inserter(into.records)
        );
    }
    for (zab::outgoing& each : wanted.messages) {
        into.peers.push_back({each.to, encode(peer_message{std::move(each.what)})});
    }
    std::move(to_peers_.begin(), to_peers_.end(), std::back_inserter(into.peers));
    to_peers_.clear();
    into.history = std::move(wanted.history);
    std::move(audited_.begin(), audited_.end(), std::back_inserter(into.audit));
    audited_.clear();
    into.members = std::exchange(members_text_, std::nullopt);
    std::move(
        wanted.snapshots.begin(), wanted.snapshots.end(), std::back_inserter(wanted_snapshots_)
    );
    open_wanted_snapshots(into);
    end_abandoned_snapshots(into);
    into.snapshot_reads = std::move(wanted.snapshot_reads);
    into.pieces = std::move(wanted.pieces);
    if (checkpoint_ != nullptr) {
        into.checkpoint = std::exchange(checkpoint_, nullptr);
    }
    into.written = std::exchange(written_, nullptr);
    if (log_needed_from_) {
        into.log_needed_from = std::exchange(log_needed_from_, std::nullopt);
    }
}

connection* replica::find(connection_id id) {
    const auto at = connections_.find(id);
    return at == connections_.end() ? nullptr : at->second.get();
}

connection* replica::bound_to(session_id session) {
    const auto at = bound_.find(session);
    return at == bound_.end() ? nullptr : find(at->second);
}

void replica::mark_output(connection& to) {
    if (!to.has_output_pending) {
        to.has_output_pending = true;
        with_output_.push_back(to.id);
    }
}

/// Nothing more is read from it; what it asked so far is still answered.
void replica::close_when_answered(connection& which) {
    which.phase = connection_phase::closing;
    which.close_when_answered = true;
    if (which.waiting.empty()) {
        close_after_output(which);
    }
}

void replica::close_after_output(connection& which) {
    which.phase = connection_phase::closing;
    which.close_after_output = true;
    mark_output(which);
}

void replica::for_each_connection(function_ref<void(const connection&)> visit) const {
    std::vector<const connection*> ordered;
    ordered.reserve(connections_.size());
    for (const auto& [id, each] : connections_) {
        ordered.push_back(each.get());
    }
    std::sort(ordered.begin(), ordered.end(), [](const connection* left, const connection* right) {
        return left->id < right->id;
    });
    for (const connection* each : ordered) {
        visit(*each);
    }
}

void replica::reset_connection_statistics() {
    for (const auto& [id, each] : connections_) {
        const std::int64_t established = each->statistics.established_wall_ms;
        each->statistics = {};
        each->statistics.established_wall_ms = established;
    }
}

status replica::current_status(instant now) const {
    status current;
    current.serving = is_serving();
    current.writes_refused = writes_refused_;
    current.last_applied = last_applied_.at;
    current.uptime_ms = (now.monotonic - started_.monotonic) / std::chrono::milliseconds{1};
    current.node_count = tree_.node_count();
    current.ephemeral_count = tree_.ephemeral_count();
    current.data_size = tree_.data_size();
    current.watch_count = static_cast<std::int64_t>(watches_.watch_count());
    current.watched_path_count = static_cast<std::int64_t>(watches_.path_count());
    current.watcher_count = static_cast<std::int64_t>(watches_.watcher_count());
    current.session_count = static_cast<std::int64_t>(sessions_.count());
    current.connection_count = static_cast<std::int64_t>(connections_.size());
    current.outstanding = waiting_count_;
    return current;
}

} // namespace conclave::replica
