/// The deterministic server: everything between the sockets and the disk.
///
/// Inputs are calls (`on_...`); what they cause is collected and taken with `take_outputs`. No
/// socket, file, thread or clock is touched: time comes with each input, randomness with the
/// settings, so the order of inputs fully determines the outputs and a run can be replayed.
///
/// Order promises (zookeeper-protocol 3.2), all of them visible in one place each:
/// - requests of a connection take effect and are answered in the order they came
/// (`request_queue`);
/// - a watch event stands in the outbox before every reply that shows the state it tells of
/// (`apply`);
/// - a write is answered only after it is durable on a quorum (`zab::core` hands out nothing
/// earlier).
#pragma once

#include "server/replica/connection.hpp"
#include "server/replica/observations.hpp"
#include "server/replica/outputs.hpp"
#include "server/replica/peer_message.hpp"
#include "server/replica/settings.hpp"
#include "server/replica/status.hpp"
#include "server/replica/transaction.hpp"
#include "server/replica/writes.hpp"
#include "server/session/session_table.hpp"
#include "server/session/watch_table.hpp"
#include "server/tree/preparation.hpp"
#include "server/tree/tree.hpp"
#include "server/zab/core.hpp"

#include <conclave/rate_limited_log.hpp>

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "conclave/function_ref.hpp"

namespace conclave::replica {

/// Core thread only.
class replica final : private tree::change_listener {
public:
    /// Opens the state of the checkpoint behind `base`.
    /// @throws tree::corrupt_state if a row of it is damaged, std::runtime_error if it contradicts
    /// itself.
    replica(settings configured, tree::table_reader& base);
    ~replica() override;
    replica(const replica&) = delete;
    replica& operator=(const replica&) = delete;

    // ---- start ----

    /// One record of the log, in order. @return a sentence if it contradicts what came before: do
    /// not start then.
    [[nodiscard]] result<void, std::string> recover(const zab::log_record& record);

    /// All records were given: look for a leader, that is, with a single server, become one.
    /// @throws std::runtime_error with a sentence for the operator if the data are another server's
    void start(instant now);

    // ---- inputs from the network ----

    /// A client connected. Frames of it go to `on_frame`, its end to `on_disconnect`.
    connection_id on_connect(peer_address peer, instant now);

    /// One whole frame, without its length. No effect for a connection that is being closed.
    /// `arrived`: when its octets were read; 0: now.
    void on_frame(connection_id from, bytes_view frame, instant now, time_point arrived = {});

    /// The connection is gone; also to be called after `client_output::close` was carried out.
    void on_disconnect(connection_id gone);

    /// False while no more frames of this connection should be read: too much of it, or of
    /// everybody, is in flight. Ask again after each `take_outputs`.
    [[nodiscard]] bool wants_input(connection_id from) const;

    /// Goes on with requests that waited because enough replies stood before them
    /// (`client_output::has_more`): those replies are on their way.
    void go_on(connection_id with, instant now);

    /// Gives a connection an identity that its owner vouches for. No effect once it is gone.
    void grant(connection_id to, identity proved);

    /// The client has shown a certificate, which was verified, of the holder with that name.
    void on_certificate(connection_id from, bytes subject);

    // ---- inputs from the other servers ----

    void on_link_up(server_id peer, instant now);
    void on_link_down(server_id peer, zab::link_loss why, instant now);

    /// @return false if the frame is no message: the link is not worth keeping.
    [[nodiscard]] bool on_peer_frame(server_id from, bytes_view frame, instant now);

    /// Answers to `outputs::history`.
    void on_history_read(
        server_id peer, zab::attachment number, std::vector<zab::shared_entry> entries, instant now
    );
    void on_history_gone(server_id peer, zab::attachment number, instant now);

    /// Answers to `outputs::snapshots` and `outputs::snapshot_reads`.
    void
    on_snapshot_opened(server_id peer, zab::attachment number, zab::base_state of, instant now);
    void on_snapshot_read(
        server_id peer,
        zab::attachment number,
        std::uint64_t offset,
        bytes content,
        bool is_last,
        instant now
    );
    void on_snapshot_failed(server_id peer, zab::attachment number, instant now);

    /// Answers to `outputs::pieces`.
    void on_snapshot_stored(zab::attachment number, std::uint64_t offset, instant now);
    void on_snapshot_refused(zab::attachment number, instant now);

    // ---- inputs from the disk ----

    void on_persisted(zab::operation_id operation, instant now);

    /// The checkpoint that was asked for is durable, or (`succeeded` false) it was abandoned and
    /// nothing changed.
    void on_checkpoint(bool succeeded, instant now);

    /// The disk has no room for further log: writes are refused with NotReadOnly until this is
    /// taken back; reads go on.
    void refuse_writes(bool refused);

    /// How fast the log's disk is: told to the other servers, for those who ask whose is slow.
    void report_disk(const disk_message& own, instant now);

    /// Octets that the log can surely take behind what was reported persisted. No more than that is
    /// ever in flight, so that a disk that fills up leaves no accepted write unanswered.
    void limit_log_room(std::uint64_t size) { log_room_ = size; }

    // ---- time ----

    void on_tick(instant now);

    /// When `on_tick` has something to do next.
    [[nodiscard]] time_point next_deadline() const;

    // ---- outputs ----

    void take_outputs(outputs& into, instant now);

    // ---- orderly stop ----

    /// Asks for a checkpoint of everything applied, if there is anything (it appears in the
    /// outputs). A restart then has nothing to replay.
    void request_checkpoint(instant now);

    /// If it leads, hands over to the follower with the newest history; it does not campaign again.
    void resign(instant now);

    // ---- what operators ask for ----

    /// Ends a session as if its client had closed it; a leader alone can. @return false if there is
    /// none, it is ending, or this server does not lead.
    bool end_session(session_id which, instant now);

    /// Hands leadership to that voter. @return false if it does not follow, or this server does not
    /// lead.
    bool hand_over(server_id to, instant now);

    // ---- queries ----

    [[nodiscard]] bool is_leading() const;
    [[nodiscard]] bool is_following() const;

    /// It leads or follows, and has everything that this takes: clients are answered.
    [[nodiscard]] bool is_serving() const;

    /// Clients of the ensemble's sessions are answered here: it serves, and is no leader that is
    /// to be left alone.
    [[nodiscard]] bool serves_clients() const {
        return is_serving() && (settings_.leader_serves || !is_leading() || is_alone());
    }

    /// There is no leader, and clients that ask for it may read what was applied last.
    [[nodiscard]] bool is_read_only() const { return is_read_only_; }

    /// "standalone", "leader", "follower", "observer" or "read-only", as ZooKeeper names
    /// them.
    [[nodiscard]] const char* mode() const;

    /// It was not configured as a member of an ensemble, and nobody can join it.
    [[nodiscard]] bool is_alone() const { return is_alone_; }

    /// Who decides by what stands in the log here, committed or not.
    [[nodiscard]] const zab::membership_state& members() const { return core_->members(); }

    /// What clients see: the membership that was activated last, as far as it is applied here.
    [[nodiscard]] const zab::membership& members_in_force() const { return members_.stable; }

    [[nodiscard]] status current_status(instant now) const;

    [[nodiscard]] const counters& statistics() const { return counters_; }

    void reset_statistics() {
        counters_ = {};
        observations_.reset();
    }

    [[nodiscard]] const observations& observed() const { return observations_; }

    /// What each server last told of its disk, this one included.
    [[nodiscard]] const std::map<server_id, heard_disk>& disks() const { return disks_; }

    /// How it stands with the others while a leader is sought. Empty before `start`.
    [[nodiscard]] zab::election_view election() const {
        return core_ == nullptr ? zab::election_view{} : core_->election();
    }

    void reset_connection_statistics();
    void for_each_connection(function_ref<void(const connection&)> visit) const;

    /// Ascending.
    [[nodiscard]] std::vector<connection_id> connection_ids() const;

    /// Null if it is gone. Valid until the next input.
    [[nodiscard]] const connection* find_connection(connection_id id) const;

    /// The connection that the session is bound to here; null if there is none. Valid as above.
    [[nodiscard]] const connection* connection_of(session_id session) const;

    [[nodiscard]] ensemble_status current_ensemble_status() const;

    /// The node /zookeeper/config, empty if there is none.
    [[nodiscard]] bytes configuration_text() const;

    [[nodiscard]] const checkpoint_point& newest_checkpoint() const { return newest_checkpoint_; }

    [[nodiscard]] const tree::tree& nodes() const { return tree_; }

    [[nodiscard]] const session::session_table& sessions() const { return sessions_; }

    [[nodiscard]] const session::watch_table& watches() const { return watches_; }

    [[nodiscard]] const std::deque<digest_point>& digest_log() const { return digest_log_; }

    /// To which ensemble this server belongs: known once its first EpochStart is applied.
    [[nodiscard]] std::optional<cluster_id> cluster() const;

    [[nodiscard]] zxid last_applied() const { return last_applied_.at; }

    /// True once there is anything in the history, committed or not; while it recovers.
    [[nodiscard]] bool has_history() const {
        return last_applied_.at > zxid{} || recovery_->has_tail();
    }

    /// Nothing here moves any more, and the server must start anew: on the snapshot that is
    /// installed and durable, or, if there is a `quarantine`, without the state that it has.
    [[nodiscard]] bool needs_restart() const {
        return core_->needs_restart() || !quarantine().empty();
    }

    /// Why the state here must not be used any more; empty if it may.
    [[nodiscard]] const std::string& quarantine() const { return core_->quarantine(); }

private:
    /// A write of this server that is proposed and not applied yet. They are applied in the order
    /// of proposal, so this is a queue; keeping the transaction spares decoding it again.
    struct in_flight {
        std::uint64_t sequence{};
        connection_id from; ///< none: the server's own idea, while it leads
        time_point arrived{};
        time_point submitted{};
        time_point logged{}; ///< when it was durable here; 0: not yet, or another server leads
        latency_histogram::duration decoding{};
        latency_histogram::duration preparing{};
        zxid at; ///< once it is proposed here
        std::size_t size{};
        transaction what;               ///< if it was prepared here
        std::vector<opcode> operations; ///< of a multi that was prepared here
        std::vector<audit_event> audited;
        bool is_prepared = false;
        epoch sent_in;             ///< whose leader has it
        forwarded_request request; ///< to ask the next leader again
    };

    /// Of a client that has seen more than this server: it may catch up in a moment.
    struct held_handshake {
        connection_id from;
        zxid needs;
        time_point until{};
    };

    /// Its client has brought a session that the leader knows and this server does not yet.
    struct awaited_session {
        connection_id by;
        zxid owned_since;
        time_point until{};
    };

    /// Where a session lives. A client may come back to a server that still holds requests of the
    /// connection that it left, so the server alone does not tell.
    struct session_place {
        server_id server;
        std::uint64_t connection{};

        friend bool operator==(const session_place&, const session_place&) = default;
    };

    /// What a leader knows of the places of one session.
    struct ownership {
        session_place now;
        session_place before; ///< in case nobody is at that place any more; none: server 0
    };

    /// Of one origin, in this epoch.
    struct received_requests {
        std::uint64_t boot{};
        std::uint64_t newest{};
    };

    /// What a follower receives, or has received and builds on.
    struct outgoing_snapshot {
        zab::attachment number;
        zxid at;
        time_point log_kept_until{}; ///< the log behind it; for as long as it is received, and
                                     ///< then until the follower is up to date
        bool is_open = true;
    };

    // handshake.cpp
    void on_handshake(connection& from, bytes_view frame, bool may_wait = true);
    void open_session_for(connection& from, std::int32_t timeout_ms);
    void
    resume_session_for(connection& from, const connect_request& request, std::int32_t timeout_ms);
    [[nodiscard]] session_id draw_session();
    [[nodiscard]] bool knows_password(const connect_request& request) const;
    [[nodiscard]] bool knows_local_password(const connect_request& request) const;
    bool hold_handshake(connection& from, const connect_request& request, bytes_view frame);
    void resume_held_handshakes();
    void begin_session(connection& with, zxid owned_since);
    void await_session(const connection& by, zxid owned_since);
    void resume_awaited_sessions();
    void establish(connection& with, session_id session, zxid owned_since);
    void replace_connection_of(session_id session);
    void refuse_session(connection& from);
    void close_silent_handshakes();

    /// Where a request stands when it is carried out.
    struct turn {
        time_point arrived{};
        latency_histogram::duration decoding{}; ///< from there until the core looked at it
        bool is_first = false;                  ///< it waited, and everything before it is answered
    };

    /// A reply that has not been handed to the network.
    struct written_reply {
        time_point at{};
        std::uint64_t slow_number = 0; ///< if it is that of a slow request
    };

    // requests.cpp
    void on_request(connection& from, bytes_view frame);
    void perform(connection& from, const request_header& header, bytes_view body, turn at);
    void answer_read(connection& from, const request_header& header, bytes_view body, turn at);
    void submit_write(connection& from, const request_header& header, bytes_view body, turn at);
    void submit_sync(connection& from, const request_header& header, bytes_view body, turn at);
    void on_barrier(const zab::barrier_result& result);
    void complete_syncs();
    void complete_sync(std::uint64_t token);
    std::uint64_t submit(connection& from, opcode type, bytes_view body, turn at);
    void propose_own(action what, session_id on_behalf_of = {});
    void enqueue(connection& of, waiting_request request, turn at);
    void answer(connection& to, const request_header& header, turn at, const reply_header& reply);
    void answer_in_turn(connection& to, const request_header& header, turn at, bytes reply);
    void answer_waiting(connection& to, std::uint64_t sequence, bytes reply);
    void drain(connection& of);
    void drop_waiting(connection& of, std::size_t kept);
    void
    note_reply(connection& to, const request_header& header, time_point arrived, std::size_t size);

    // measuring.cpp
    [[nodiscard]] time_point watch() const;
    void note_durable();
    void note_applied(const in_flight& request, time_point begun, zxid at);
    void note_read(const connection& from, const request_header& header, bytes_view body, turn at);
    void note_handed_over();
    void note_election();
    void note_session_end(const transaction& what, zxid at);
    void on_disk_told(server_id from, const disk_message& what);
    void audit(in_flight& request, const write_result& outcome);
    void audit_login(const connection& by, bool succeeded);

    // ensemble.cpp
    void send(server_id to, const peer_message& what);
    void follow_role();
    void begin_serving();

    /// What waited for this epoch has been asked for: nothing new gets ahead of it any more.
    [[nodiscard]] bool has_begun() const { return served_epoch_ == core_->current_epoch(); }

    void forget_unawaited_proposals();
    void forward_some();
    [[nodiscard]] bool may_forward_more() const;
    void ask_leader_about_session(const connection& from);
    void ask_again_about_sessions();
    void touch_all_sessions();
    void leave_moved_sessions();
    [[nodiscard]] std::vector<connection_id>
    connections_that(function_ref<bool(const connection&)> match) const;
    void replay_held_frames();
    void close_abandoned_connections();
    void close_sessions();
    void send_unsent();
    [[nodiscard]] errc objection_to_session(server_id asker, const forwarded_request& request);
    [[nodiscard]] prepared_write
    judge(server_id asker, const forwarded_request& request, bytes_view body);
    [[nodiscard]] std::optional<prepared_write>
    decide(server_id asker, std::uint64_t boot, const forwarded_request& request, bytes_view body);
    void prepare_own(in_flight& which, bytes_view body);
    void on_forward(server_id from, forward_message what);
    void note_activity(connection& at);
    void tell_touched();
    void on_touched(server_id from, const touch_message& what);
    void on_revalidate(server_id from, const revalidate_message& what);
    void answer_undecided_revalidations(session_id closed);
    void doubt_session(server_id asker, const revalidate_message& what);
    void settle_doubt(const zab::barrier_result& result);
    void on_revalidated(const revalidate_answer& what);
    void on_declined(server_id from, const revalidate_answer& what);
    void take_session(session_id session, session_place by, std::int32_t timeout_ms);
    void check_storage() const;
    void check_beginning() const;

    // snapshots.cpp
    void open_wanted_snapshots(outputs& into);
    void end_abandoned_snapshots(outputs& into);
    [[nodiscard]] bool receives_snapshot(server_id peer, zab::attachment number) const;
    [[nodiscard]] zxid log_kept_above(zxid checkpoint) const;

    // read_only.cpp
    void enter_read_only_if_due();
    void leave_read_only();
    void open_local_session(connection& from, std::int32_t timeout_ms);
    void
    resume_local_session(connection& from, const connect_request& request, std::int32_t timeout_ms);
    void refuse_to_write(connection& from, const request_header& header, turn at);
    void expire_local_sessions();

    // reconfiguration.cpp
    [[nodiscard]] bool changes_members(const forwarded_request& request) const;
    [[nodiscard]] bool can_take(const forwarded_request& request) const;
    [[nodiscard]] result<zab::membership>
    judge_reconfig(server_id asker, const forwarded_request& request, bytes_view body);
    [[nodiscard]] std::optional<prepared_write> propose_reconfig(
        server_id asker, std::uint64_t boot, const forwarded_request& request, bytes_view body
    );
    void apply_members(const zab::entry& committed);
    void publish_members(const tree::apply_context& context);
    void adopt_configured_members();
    void answer_reconfig(in_flight request);

    // authentication.cpp
    void authenticate(connection& from, const request_header& header, bytes_view body, turn at);
    [[nodiscard]] bool add_identity(connection& to, const auth_request& request);
    [[nodiscard]] bool satisfies_enforced_authentication(const connection& from) const;

    // apply.cpp
    void apply(const zab::entry& committed);
    [[nodiscard]] write_result apply_action(const action& what, const tree::apply_context& context);
    [[nodiscard]] write_result
    apply_tree_changes(const tree_changes& what, const tree::apply_context& context);
    void apply_epoch_start(const zab::entry& committed);
    [[nodiscard]] bool is_own(const zab::entry& committed) const;
    [[nodiscard]] in_flight take_own(const zab::entry& committed);
    void leave_moved_session(const transaction& what, zxid at);
    static void take_decision(in_flight& request, transaction decided);
    void complete(const in_flight& request, const write_result& outcome, zxid at);
    void close_connection_of(session_id closed, connection_id except);
    void on_event(event_type type, bytes_view path, bytes_view acl) override;
    [[nodiscard]] write_result misfit(zxid at, errc problem) const;

    // digests.cpp
    void note_digest();
    void compare_digests();
    void on_digests(server_id from, const digests_message& what);
    void judge_digests();
    void judge_digests_at(zxid at);
    void part_from_minority(zxid at, const tree::digest& right);
    void withdraw_if_not(zxid at, const tree::digest& right);
    void complain_of_digests(zxid at);
    void on_divergence(server_id from, const divergence_message& what);
    void stop_if_undecided();
    void forget_digests();

    // replica.cpp
    void pump();
    [[nodiscard]] bool may_propose_own() const;
    void note_lateness(time_point due);
    void note_deafness();
    void spare_unheard_sessions();
    void forbear(time_point deaf);
    void expire_sessions();
    void reap();
    void start_checkpoint_if_due();
    void start_checkpoint();
    void load_history();
    void save_history();
    void load_sessions();
    connection* find(connection_id id);
    connection* bound_to(session_id session);
    void mark_output(connection& to);
    void close_when_answered(connection& which);
    void close_after_output(connection& which);
    [[nodiscard]] bool has_too_much_in_flight() const;
    [[nodiscard]] bool lacks_log_room() const;
    void resume_stalled();
    void note_proposal(std::size_t size);
    [[nodiscard]] write_rules rules() const;

    template <class... Arguments>
    void complain(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        complaints_.line(
            std::chrono::steady_clock::time_point{now_.monotonic},
            log_level::info,
            format,
            std::forward<Arguments>(arguments)...
        );
    }

    settings settings_;
    bool is_alone_;
    tree::write_buffer rows_;
    tree::tree tree_;
    tree::preparation preparation_;
    session::session_table sessions_;
    session::session_table local_sessions_; ///< of read-only mode
    session::watch_table watches_;
    std::optional<zab::recovery> recovery_; ///< until `start`
    std::unique_ptr<zab::core> core_;       ///< from `start` on

    connection_throttle throttle_;

    zab::position last_applied_;
    zab::membership_state members_;     ///< as of there
    std::optional<bytes> members_text_; ///< if it is new
    std::int64_t last_time_ms_ = 0;
    std::optional<secret> password_key_;

    instant now_; ///< of the input that is being worked on
    instant started_;
    std::unordered_map<connection_id, std::unique_ptr<connection>> connections_;
    std::unordered_map<session_id, connection_id> bound_;
    std::deque<std::pair<time_point, connection_id>> awaiting_handshake_;
    std::vector<held_handshake> held_handshakes_;
    std::vector<awaited_session> awaited_sessions_;
    /// By the barrier that tells: somebody asked for a session that is not known here.
    std::map<std::uint64_t, std::pair<server_id, revalidate_message>> doubts_;
    std::vector<connection_id> with_output_;
    connection_id next_connection_{1};
    session_id next_session_;

    std::deque<in_flight> in_flight_;
    std::optional<in_flight> awaiting_activation_; ///< a reconfig that is applied but not in force
    std::size_t in_flight_size_ = 0;
    std::size_t unsent_count_ = 0; ///< the newest of them: no leader has them yet
    std::uint64_t next_sequence_ = 1;
    std::map<std::uint64_t, zxid> confirmed_barriers_; ///< to be answered once that is applied
    std::vector<std::uint64_t> repeated_barriers_;

    std::vector<peer_output> to_peers_;
    std::optional<time_point> leaderless_since_ = time_point{};
    epoch served_epoch_;
    zab::role seen_role_ = zab::role::looking;
    bool was_leading_ = false;
    bool is_read_only_ = false;
    std::vector<touched_session> touched_;
    std::vector<connection_id> touched_connections_;
    time_point touch_due_{};
    time_point ticked_at_{};
    time_point no_expiry_before_{};
    std::optional<time_point> unheard_since_; ///< connections are not read: too much is in flight
    time_point unheard_touch_due_{};

    // As leader, of this epoch.
    std::unordered_map<session_id, ownership> owners_; ///< where each session was seen last
    std::unordered_set<session_id> opening_;           ///< proposed, not applied yet
    std::map<server_id, received_requests> received_;
    std::vector<std::pair<server_id, forward_message>> held_forwards_;
    std::vector<std::pair<server_id, revalidate_message>> undecided_revalidations_;
    std::size_t forwarded_count_ = 0; ///< proposed for others, not applied yet
    std::size_t forwarded_size_ = 0;
    std::vector<zab::snapshot_request> wanted_snapshots_; ///< not opened yet
    std::map<server_id, outgoing_snapshot> outgoing_snapshots_;

    std::unordered_map<std::uint64_t, connection_id> barriers_;
    std::int64_t waiting_count_ = 0;

    bool writes_refused_ = false;
    std::uint64_t log_room_ = std::numeric_limits<std::uint64_t>::max();
    std::vector<connection_id> stalled_; ///< the write whose turn it is waits for room in the log
    bool checkpoint_wanted_ = false;
    std::shared_ptr<const tree::change_set> checkpoint_;
    std::shared_ptr<const tree::change_set> written_;
    bool checkpoint_running_ = false;
    zxid checkpoint_at_;
    checkpoint_point newest_checkpoint_; ///< of the durable ones
    std::uint64_t applied_since_checkpoint_ = 0;
    std::optional<zxid> log_needed_from_;
    time_point checkpoint_due_{};
    time_point reap_due_{};

    counters counters_;
    observations observations_;
    time_point frame_arrived_{};   ///< of the frame that is being worked on
    std::size_t logged_count_ = 0; ///< the oldest of `in_flight_` that are durable here
    std::vector<written_reply> unsent_replies_;
    std::map<server_id, heard_disk> disks_;
    std::vector<audit_event> audited_;
    std::deque<digest_point> digest_log_;
    bool has_new_digest_ = false;
    zxid told_digest_;                                           ///< to the leader that it follows
    std::map<server_id, std::deque<digest_point>> told_digests_; ///< as leader: by its followers
    time_point digest_complaint_due_{};
    std::optional<zxid> is_undecided_at_;
    bool may_stop_undecided_ = false;
    rate_limited_log complaints_; ///< lines that clients can cause as often as they like
};

} // namespace conclave::replica
