/// One replica among several: who leads, and whose requests go where (zab 4.5).
#include "server/replica/replica.hpp"
#include "server/zab/mutant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "conclave/assert.hpp"
#include "conclave/log_line.hpp"

namespace conclave::replica {

// ---- inputs from peers ----

void replica::on_link_up(server_id peer, instant now) {
    now_ = now;
    core_->advance(now.monotonic, now.wall_ms);
    core_->link_up(peer);
    if (is_following() && core_->leader() == peer) {
        // What was on its way when the link broke may be lost; the leader knows what it has.
        for (in_flight& each : in_flight_) {
            each.sent_in = {};
            each.at = {};
        }
        logged_count_ = 0;
        unsent_count_ = in_flight_.size();
        send_unsent();
        ask_again_about_sessions();
        touch_all_sessions();
    }
    pump();
}

void replica::on_link_down(server_id peer, zab::link_loss why, instant now) {
    now_ = now;
    core_->advance(now.monotonic, now.wall_ms);
    core_->link_down(peer, why);
    pump();
}

bool replica::on_peer_frame(server_id from, bytes_view frame, instant now) {
    now_ = now;
    std::optional<peer_message> message = decode_peer_message(frame);
    if (!message) {
        return false;
    }
    if (auto* core = std::get_if<zab::message>(&*message)) {
        core_->advance(now.monotonic, now.wall_ms);
        core_->receive(from, std::move(*core));
    } else if (auto* forwarded = std::get_if<forward_message>(&*message)) {
        on_forward(from, std::move(*forwarded));
    } else if (const auto* touched = std::get_if<touch_message>(&*message)) {
        on_touched(from, *touched);
    } else if (const auto* asked = std::get_if<revalidate_message>(&*message)) {
        on_revalidate(from, *asked);
    } else if (const auto* answered = std::get_if<revalidate_answer>(&*message)) {
        if (is_leading()) {
            on_declined(from, *answered);
        } else {
            on_revalidated(*answered);
        }
    } else if (const auto* digests = std::get_if<digests_message>(&*message)) {
        on_digests(from, *digests);
    } else if (const auto* divergence = std::get_if<divergence_message>(&*message)) {
        on_divergence(from, *divergence);
    } else if (const auto* disk = std::get_if<disk_message>(&*message)) {
        on_disk_told(from, *disk);
    }
    pump();
    return true;
}

void replica::send(server_id to, const peer_message& what) {
    to_peers_.push_back({to, encode(what)});
}

// ---- identity ----

std::optional<cluster_id> replica::cluster() const {
    return password_key_ ? std::optional{cluster_id_of(*password_key_)} : std::nullopt;
}

/// A copy of another server's directory knows what that one has promised, and would vote as well.
void replica::check_storage() const {
    const zab::membership_state& all = core_->members();
    for (const server_id id : all.servers()) {
        const bool is_its_own = all.find(id)->storage == settings_.storage;
        if (is_its_own && id != settings_.self && settings_.storage != zab::storage_id{}) {
            throw std::runtime_error{fmt::format(
                "the data directory belongs to server {} of the ensemble, but this server has the "
                "id {}: correct myid, or empty the directory, so that this server fetches the data "
                "from the others",
                id.value,
                settings_.self.value
            )};
        }
    }
}

/// In an ensemble it can wait for the others; alone it would wait for ever.
void replica::check_beginning() const {
    if (settings_.ensemble.members.size() == 1 && !settings_.may_found &&
        core_->last().at == zxid{}) {
        throw std::runtime_error{
            "the data directory is empty, and db.autocreate=false: put the data back, or, if this "
            "server is to begin without any, make a file \"initialize\" in dataLogDir (dataDir, if "
            "there is none)"};
    }
}

// ---- roles ----

bool replica::is_leading() const {
    return core_ != nullptr && core_->current_role() == zab::role::leading;
}

bool replica::is_following() const {
    return core_ != nullptr && core_->current_role() == zab::role::following;
}

bool replica::is_serving() const {
    return is_leading() || is_following();
}

const char* replica::mode() const {
    if (is_read_only_) {
        return "read-only";
    }
    if (is_alone()) {
        return "standalone";
    }
    if (is_leading()) {
        return "leader";
    }
    return core_->members().is_voter(settings_.self) ? "follower" : "observer";
}

/// Looks at what has become of the core; every input ends here.
void replica::follow_role() {
    if (core_->current_role() != seen_role_) {
        seen_role_ = core_->current_role();
        log(log_level::info,
            "role=\"{}\" leader={} promised_epoch={} last_zxid=0x{:x} committed_zxid=0x{:x}",
            name(seen_role_),
            core_->leader().value,
            core_->promised().to.value,
            core_->last().at.value,
            core_->committed().value);
    }
    if (was_leading_ && !is_leading() && core_->current_role() != zab::role::candidate &&
        core_->current_role() != zab::role::leading_syncing) {
        // What is in flight is somebody else's to decide now.
        was_leading_ = false;
        preparation_.clear();
        owners_.clear();
        opening_.clear();
        received_.clear();
        held_forwards_.clear();
        undecided_revalidations_.clear();
        forwarded_count_ = 0;
        forwarded_size_ = 0;
    }
    if (!is_serving()) {
        if (!leaderless_since_) {
            leaderless_since_ = now_.monotonic;
            if (CONCLAVE_MUTANT(clients_dropped_with_leader)) {
                leaderless_since_ = now_.monotonic - settings_.limits.parking_time;
            }
        }
        return;
    }
    const bool is_new = leaderless_since_ || served_epoch_ != core_->current_epoch();
    if (leaderless_since_) {
        note_election();
    }
    leaderless_since_.reset();
    leave_read_only();
    if (is_new) {
        begin_serving();
    }
    if (!held_forwards_.empty() && core_->can_propose() && !lacks_log_room()) {
        for (auto& [from, held] : std::exchange(held_forwards_, {})) {
            on_forward(from, std::move(held));
        }
    }
    if (unsent_count_ > 0) {
        send_unsent();
    }
}

/// The EpochStart is applied, and with it everything of earlier epochs: what of this server's
/// requests is not in the history by now never will be, and may be asked for again (zab 4.5.6).
void replica::begin_serving() {
    const bool is_new_epoch = served_epoch_ != core_->current_epoch();
    served_epoch_ = core_->current_epoch();
    was_leading_ = is_leading();
    log(log_level::info,
        "serving role={} leader={} epoch={} zxid=0x{:x} sessions={} nodes={}",
        is_leading() ? "leader" : "follower",
        core_->leader().value,
        served_epoch_.value,
        last_applied_.at.value,
        sessions_.count(),
        tree_.node_count());
    if (is_new_epoch) {
        // Nobody's silence counts while nobody could be heard (zookeeper-protocol 10.2).
        if (!CONCLAVE_MUTANT(expiry_before_full_timeout)) {
            sessions_.restart_all(now_.monotonic);
        }
        leave_moved_sessions();
        forget_unawaited_proposals();
        // Where sessions were seen and what was received says nothing about a later epoch: origins
        // ask again from the first request that is not in the history.
        owners_.clear();
        opening_.clear();
        received_.clear();
        awaited_sessions_.clear(); // they are asked for again
        forget_digests();
    }
    for (in_flight& each : in_flight_) {
        each.sent_in = {};
        each.at = {};
        each.logged = {};
    }
    logged_count_ = 0;
    unsent_count_ = CONCLAVE_MUTANT(requests_lost_with_leader) ? 0 : in_flight_.size();
    send_unsent();
    for (const auto& [token, connection] : barriers_) {
        if (!confirmed_barriers_.contains(token)) {
            repeated_barriers_.push_back(token);
        }
    }
    std::sort(repeated_barriers_.begin(), repeated_barriers_.end());
    for (const std::uint64_t token : std::exchange(repeated_barriers_, {})) {
        core_->barrier(token);
    }
    if (is_new_epoch) {
        ask_again_about_sessions();
    }
    if (!serves_clients()) {
        close_sessions();
    }
    if (is_following()) {
        touch_all_sessions();
    }
    replay_held_frames();
}

/// What their clients asked for here must not be asked for again: the next leader does not know
/// that they are elsewhere, where it would overtake what they asked for later.
void replica::leave_moved_sessions() {
    const auto is_left_behind = [](const connection& each) {
        return each.is_left_behind;
    };
    for (const connection_id id : connections_that(is_left_behind)) {
        close_after_output(*find(id));
    }
}

/// Nobody waits for them: expiry and reaping are a leader's own idea, and the next one will have it
/// again; a client that has gone may be at another server by now, where it must not be overtaken by
/// what it asked here.
void replica::forget_unawaited_proposals() {
    std::erase_if(in_flight_, [&](const in_flight& each) {
        const connection* const from = find(each.from);
        const bool is_unawaited = from == nullptr || from->close_after_output;
        in_flight_size_ -= is_unawaited ? each.size : 0;
        return is_unawaited;
    });
}

std::vector<connection_id> replica::connections_that(function_ref<bool(const connection&)> match
) const {
    std::vector<connection_id> found;
    for (const auto& [id, each] : connections_) {
        if (match(*each)) {
            found.push_back(id);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

void replica::replay_held_frames() {
    const auto holds = [](const connection& each) {
        return !each.held_frames.empty() && each.phase != connection_phase::catching_up;
    };
    frame_arrived_ = now_.monotonic;
    for (const connection_id id : connections_that(holds)) {
        connection* from = find(id);
        for (const bytes& frame : std::exchange(from->held_frames, {})) {
            if (from->phase != connection_phase::closing) {
                on_request(*from, frame);
            }
        }
    }
}

/// zab 4.4.6: connections outlive a change of leaders, but never longer than a new leader would
/// surely tolerate.
void replica::close_abandoned_connections() {
    if (!leaderless_since_ || now_.monotonic - *leaderless_since_ < settings_.limits.parking_time) {
        return;
    }
    close_sessions();
}

/// Ends every connection that takes part in the ensemble; the sessions live on elsewhere.
void replica::close_sessions() {
    for (const auto& [id, each] : connections_) {
        if (each->phase != connection_phase::awaiting_handshake && !each->is_local) {
            close_after_output(*each);
        }
    }
}

// ---- requests ----

/// Hands what waits to the leader, in order: itself, or in messages.
void replica::send_unsent() {
    if (is_leading()) {
        while (unsent_count_ > 0) {
            in_flight& next = in_flight_[in_flight_.size() - unsent_count_];
            if (!can_take(next.request)) {
                return;
            }
            prepare_own(next, next.request.body);
            --unsent_count_;
        }
        return;
    }
    while (is_following() && unsent_count_ > 0 && may_forward_more()) {
        forward_some();
    }
}

/// More than this does not wait in a link, which would be dropped for it, and again when all is
/// sent anew.
bool replica::may_forward_more() const {
    const std::size_t window = 16 * settings_.limits.forward_size_max;
    if (in_flight_size_ < window) {
        return true;
    }
    std::size_t size = 0;
    for (std::size_t index = 0; index < in_flight_.size() - unsent_count_; ++index) {
        size += in_flight_[index].size;
    }
    return size < window;
}

/// One message's worth. Precondition: something waits.
void replica::forward_some() {
    forward_message message{core_->current_epoch(), settings_.boot, 0, {}};
    if (unsent_count_ < in_flight_.size()) {
        message.behind = in_flight_[in_flight_.size() - unsent_count_ - 1].sequence;
    }
    constexpr std::size_t fixed_size = 64; // of a request
    std::size_t size = 0;
    for (; unsent_count_ > 0 && size < settings_.limits.forward_size_max; --unsent_count_) {
        in_flight& next = in_flight_[in_flight_.size() - unsent_count_];
        next.sent_in = core_->current_epoch();
        next.is_prepared = false;
        size += fixed_size + next.request.body.size() + size_of(next.request.who);
        message.requests.push_back(next.request);
    }
    send(core_->leader(), std::move(message));
}

errc replica::objection_to_session(server_id asker, const forwarded_request& request) {
    // Its client may know that it is open before this server's own disk has it.
    const session::session_state* session = sessions_.find(request.session);
    const bool lives = session != nullptr ? !session->closing : opening_.contains(request.session);
    if (!lives) {
        return errc::session_expired;
    }
    // A client that has moved may still end its session where it was (zookeeper-protocol 2.4).
    const session_place here{asker, request.connection};
    const auto [owner, is_first] = owners_.emplace(request.session, ownership{here, {}});
    const bool is_allowed = owner->second.now == here || request.type == opcode::close_session ||
                            CONCLAVE_MUTANT(moved_session_keeps_its_old_place);
    return is_allowed ? errc::ok : errc::session_moved;
}

write_rules replica::rules() const {
    return {
        settings_.reconfig_enabled,
        settings_.limits.transaction_size_max,
        settings_.limits.named_ephemerals_size_max};
}

/// What the leader decides about a request, wherever it came from.
prepared_write replica::judge(server_id asker, const forwarded_request& request, bytes_view body) {
    preparation_.begin(false);
    if (request.type == opcode::create_session) {
        std::int32_t timeout_ms = 0;
        jute::reader{body}(timeout_ms);
        if (sessions_.find(request.session) != nullptr ||
            !opening_.insert(request.session).second) {
            return {failure{errc::session_expired, {}}, {}};
        }
        owners_[request.session] = {{asker, request.connection}, {}};
        return {open_session{request.session, timeout_ms}, {}};
    }
    if (const errc objection = objection_to_session(asker, request); objection != errc::ok) {
        return {failure{objection, {}}, {}};
    }
    preparation_.discard();
    prepared_write prepared =
        prepare_write(preparation_, request.type, body, {request.session, request.who}, rules());
    if (request.type == opcode::close_session) {
        sessions_.mark_closing(request.session);
    }
    return prepared;
}

/// @return nothing if it is proposed already, as a change of the membership.
std::optional<prepared_write> replica::decide(
    server_id asker, std::uint64_t boot, const forwarded_request& request, bytes_view body
) {
    return changes_members(request) ? propose_reconfig(asker, boot, request, body)
                                    : judge(asker, request, body);
}

/// Precondition: it may propose.
void replica::prepare_own(in_flight& which, bytes_view body) {
    const time_point begun = watch();
    std::optional<prepared_write> prepared =
        decide(settings_.self, settings_.boot, which.request, body);
    which.sent_in = core_->current_epoch();
    which.is_prepared = prepared.has_value();
    if (!prepared) {
        return;
    }
    which.what = {which.request.session, std::move(prepared->what)};
    which.operations = std::move(prepared->operations);
    bytes encoded = encode(which.what);
    const std::size_t size = encoded.size() + size_of(which.request.who);
    in_flight_size_ += size - which.size;
    which.size = size;
    note_proposal(encoded.size());
    const zab::origin origin{settings_.self, settings_.boot, which.sequence};
    which.at = core_->propose(origin, now_.wall_ms, std::move(encoded));
    preparation_.accept(which.at);
    which.preparing = between(begun, watch());
}

void replica::on_forward(server_id from, forward_message what) {
    if (core_->leader() != settings_.self || what.in != core_->current_epoch()) {
        return; // it asks again when it knows the leader
    }
    // A follower may serve before this server's own disk has the EpochStart.
    if (!core_->can_propose() || lacks_log_room() || !held_forwards_.empty()) {
        held_forwards_.emplace_back(from, std::move(what));
        return;
    }
    received_requests& known = received_[from];
    if (known.boot != what.boot) {
        known = {what.boot, 0};
    }
    if (what.behind > known.newest && !CONCLAVE_MUTANT(gap_in_forwards)) {
        return;
    }
    for (auto next = what.requests.begin(); next != what.requests.end(); ++next) {
        const forwarded_request& request = *next;
        if (request.sequence <= known.newest && !CONCLAVE_MUTANT(forwarded_twice)) {
            continue; // sent again after a broken link
        }
        if (!can_take(request)) {
            what.requests.erase(what.requests.begin(), next);
            held_forwards_.emplace_back(from, std::move(what));
            return;
        }
        known.newest = request.sequence;
        std::optional<prepared_write> prepared = decide(from, what.boot, request, request.body);
        if (!prepared) {
            continue;
        }
        bytes body = encode(transaction{request.session, std::move(prepared->what)});
        ++forwarded_count_;
        forwarded_size_ += body.size();
        const zab::origin origin{from, what.boot, request.sequence};
        note_proposal(body.size());
        preparation_.accept(core_->propose(origin, now_.wall_ms, std::move(body)));
    }
}

// ---- an orderly stop ----

void replica::resign(instant now) {
    now_ = now;
    core_->set_impaired(true);
    static_cast<void>(core_->transfer_leadership({}));
}

// ---- what the shell brings for the core ----

void replica::on_history_read(
    server_id peer, zab::attachment number, std::vector<zab::shared_entry> entries, instant now
) {
    now_ = now;
    core_->history_read(peer, number, std::move(entries));
}

void replica::on_history_gone(server_id peer, zab::attachment number, instant now) {
    now_ = now;
    core_->history_gone(peer, number);
}

} // namespace conclave::replica
