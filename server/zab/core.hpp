/// The replication core: elects a leader, makes the logs of its followers copies of its own, and
/// turns proposals into one durable order of entries (zab 2).
///
/// Sans-I/O: it is told what happened (time, messages, what became durable) and says what must be
/// done. What it wants is collected; the owner takes it after each batch of inputs. The order of
/// inputs fully determines what comes out.
///
/// The six rules (zab 2.0) and where they are:
/// 1. one grant per epoch, durable before it is told      core_election.cpp, `on_campaign`
/// 2. granted only to a history that is not older         core_election.cpp, `consider`
/// 3. a leader begins with EpochStart, never truncates    core_leader.cpp, `lead`
/// 4. an acknowledgement certifies the whole prefix       core_follower.cpp, `take_entries`
/// 5. committed: own epoch, and a quorum has it           core_leader.cpp, `advance_commit`
/// 6. handed out: committed and durable here              core.cpp, `deliver`
#pragma once

#include "server/zab/core_counters.hpp"
#include "server/zab/durability.hpp"
#include "server/zab/election_view.hpp"
#include "server/zab/history.hpp"
#include "server/zab/message.hpp"
#include "server/zab/progress.hpp"
#include "server/zab/recovery.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace conclave::zab {

/// zab 9. Independent of the tick that clients see.
struct timing {
    std::chrono::nanoseconds heartbeat = std::chrono::milliseconds{100};
    /// A leader that is not heard for so long is taken for dead; one that does not hear a quorum
    /// for so long steps down.
    std::chrono::nanoseconds lease = std::chrono::milliseconds{1000};
    /// How long the best candidate waits for voters that have not answered.
    std::chrono::nanoseconds gather = std::chrono::milliseconds{50};
    /// A synchronisation without any progress for so long is given up.
    std::chrono::nanoseconds stall = std::chrono::seconds{10};
};

/// Of epochs: a zxid, which is signed, has no room for a greater one.
inline constexpr std::uint32_t epoch_max = 0x7fffffff;

/// Bounds of everything that peers or proposals can make grow.
struct core_limits {
    std::size_t batch_count = 1000;                ///< entries in one message
    std::size_t batch_size = std::size_t{1} << 20; ///< octets, unless one entry is larger
    std::size_t window_count = 64;                 ///< messages not yet acknowledged
    std::size_t window_size = std::size_t{16} << 20;
    std::size_t memory_size = std::size_t{16} << 20; ///< of applied entries kept for followers
    std::size_t memory_count = 50'000;
    std::size_t snapshot_window = std::size_t{4} << 20; ///< octets of a snapshot on the way
    std::uint32_t counter_max = 0xf0000000;             ///< then a new epoch begins (2.10)
    /// Committed entries that a server may lack and still have nearly everything.
    std::size_t lag_count = 10'000;
};

struct core_settings {
    server_id self;
    storage_id storage;
    std::uint64_t boot{};      ///< unlike that of any earlier start
    std::uint64_t seed{};      ///< of the random waits
    std::uint8_t priority = 0; ///< decides between equal histories
    /// Without history it may help to found an ensemble; else it only joins one that exists.
    bool may_found = true;
    timing times;
    core_limits limits;
};

/// Records that must become durable, in order, and the operation that they complete.
struct core_records {
    std::vector<log_record> records;
    operation_id operation; ///< meaningless without records
};

struct outgoing {
    server_id to;
    message what;
};

/// Read entries behind `behind` from the log; answer with `history_read` or `history_gone`.
struct history_request {
    server_id peer;
    attachment number;
    zxid behind;
};

/// Open a snapshot at or behind `at_least`; answer with `snapshot_opened` or `snapshot_failed`.
struct snapshot_request {
    server_id peer;
    attachment number;
    zxid at_least;
};

/// Read on in an open snapshot; answer with `snapshot_read` or `snapshot_failed`.
struct snapshot_read_request {
    server_id peer;
    attachment number;
    std::uint64_t offset{};
};

/// Store a piece of the snapshot `number`; answer with `snapshot_stored` or `snapshot_refused`. The
/// first one (offset 0) drops what was stored of any other; the last one is reported after the
/// whole is verified and durable.
struct snapshot_piece {
    attachment number;
    base_state of;
    std::uint64_t offset{};
    bytes content;
    bool is_last{};
};

struct core_outputs {
    core_records disk;
    std::vector<outgoing> messages;
    std::vector<history_request> history;
    std::vector<snapshot_request> snapshots;
    std::vector<snapshot_read_request> snapshot_reads;
    std::vector<snapshot_piece> pieces;
};

/// A barrier that is over. If confirmed, serve it once everything up to `at` is applied.
struct barrier_result {
    std::uint64_t token{};
    bool is_confirmed{};
    zxid at;
};

enum class link_loss : std::uint8_t {
    refused, ///< or reset: the process is gone
    silent,  ///< it may still be there
};

/// Invariants: `committed` never decreases; only entries that are committed and durable here are
/// handed out; an acknowledgement or promise leaves only when what it says is durable.
/// Owner: the replica; core thread only.
class core {
public:
    core(core_settings settings, recovered_state recovered);

    /// Starts looking for a leader. `epoch_start_body` goes into every EpochStart of this server.
    void start(time_point now, std::int64_t wall_ms, bytes epoch_start_body);

    // ---- inputs ----

    void advance(time_point now, std::int64_t wall_ms);
    void link_up(server_id peer);
    void link_down(server_id peer, link_loss why);
    void receive(server_id from, message what);

    /// The records of this and all earlier operations are durable.
    void persisted(operation_id operation);

    /// The state machine applied everything up to `at`.
    void applied(zxid at);

    void history_read(server_id peer, attachment number, std::vector<shared_entry> entries);
    void history_gone(server_id peer, attachment number);
    void snapshot_opened(server_id peer, attachment number, base_state of);
    void snapshot_read(
        server_id peer, attachment number, std::uint64_t offset, bytes content, bool is_last
    );
    void snapshot_failed(server_id peer, attachment number);

    /// Everything of the snapshot `number` up to `offset` is stored.
    void snapshot_stored(attachment number, std::uint64_t offset);

    /// The snapshot `number` cannot be stored: no room, or it is not what it should be. Another
    /// attempt begins when the leader gives this one up.
    void snapshot_refused(attachment number);

    /// Its disk fails, or it is about to stop: it does not campaign while this is so.
    void set_impaired(bool impaired) { is_impaired_ = impaired; }

    /// Its state is not what it should be: it takes part in nothing any more.
    void withdraw(std::string why) { stop(std::move(why)); }

    // ---- requests ----

    /// False: `propose` must not be called now; keep the request.
    [[nodiscard]] bool can_propose() const;

    /// Gives the entry its place in the history. Precondition: `can_propose()`.
    zxid propose(const origin& from, std::int64_t wall_ms, bytes body);

    /// True if a change of the membership may be proposed: none is under way (I35).
    [[nodiscard]] bool can_change_membership() const;

    /// Proposes a membership; the activation follows by itself once it is committed. Precondition:
    /// `can_change_membership()`.
    zxid propose_membership(const origin& from, membership next);

    /// The server follows and has nearly everything: it may become a voter.
    [[nodiscard]] bool is_caught_up(server_id peer) const;

    /// A quorum of this membership follows and has nearly everything, with the storages that it
    /// names.
    [[nodiscard]] bool could_decide(const membership& next) const;

    /// The same members, each voter known by the storage that has its vote already, or else by the
    /// one that follows under its id now. Without either it has no vote until one is admitted.
    [[nodiscard]] membership with_storages(membership next) const;

    /// A change is under way that nobody asked for: a storage is being admitted.
    [[nodiscard]] bool is_admitting() const;

    /// Asks to be told (`take_barriers`) once leadership is confirmed by a quorum later than now.
    /// Tokens must grow.
    void barrier(std::uint64_t token);

    /// Hands leadership to a voter that follows, the one with the newest history if `to` is 0.
    /// @return false if there is none, or this server does not lead.
    bool transfer_leadership(server_id to);

    // ---- outputs ----

    void take_outputs(core_outputs& into);

    /// True if `take_committed` or `take_barriers` has something to give.
    [[nodiscard]] bool has_events() const {
        return !committed_entries_.empty() || !completed_barriers_.empty();
    }

    /// Entries that are committed and durable here, in order; apply them, then call `applied`.
    [[nodiscard]] std::deque<shared_entry> take_committed();
    [[nodiscard]] std::vector<barrier_result> take_barriers();

    /// When `advance` has something to do next.
    [[nodiscard]] time_point next_deadline() const;

    // ---- queries ----

    [[nodiscard]] const storage_id& storage() const { return settings_.storage; }

    [[nodiscard]] role current_role() const { return role_; }

    /// Of the leader that it leads or follows; 0 without one.
    [[nodiscard]] epoch current_epoch() const { return epoch_; }

    /// Itself, if it leads; 0 without one.
    [[nodiscard]] server_id leader() const { return leader_; }

    [[nodiscard]] const promise& promised() const { return promised_; }

    [[nodiscard]] const position& last() const { return history_.last(); }

    [[nodiscard]] zxid committed() const { return committed_; }

    [[nodiscard]] zxid durable() const { return durability_.covered(); }

    [[nodiscard]] epoch durable_promise() const { return durability_.promised(); }

    [[nodiscard]] const membership_state& members() const { return history_.members(); }

    [[nodiscard]] const history& entries() const { return history_; }

    /// What a checkpoint at `at`, the newest applied place, must keep.
    [[nodiscard]] base_state state_at(const position& at) const { return history_.state_at(at); }

    [[nodiscard]] const std::map<server_id, progress>& followers() const { return followers_; }

    /// A snapshot is installed and its base record durable: the server must start anew from it.
    [[nodiscard]] bool needs_restart() const { return needs_restart_; }

    /// Why this server takes part in nothing any more; empty if it does.
    [[nodiscard]] const std::string& quarantine() const { return quarantine_; }

    [[nodiscard]] const core_counters& statistics() const { return counters_; }

    /// How it stands with the others, as far as they have said so.
    [[nodiscard]] election_view election() const;

private:
    // core.cpp
    void send(server_id to, message what) { messages_.push_back({to, std::move(what)}); }

    void write(log_record record);
    void append_here(shared_entry next);
    void deliver();
    void serve_if_ready();
    void raise_commit(zxid to);
    void stop(std::string why);
    [[nodiscard]] time_point random_wait(std::chrono::nanoseconds below);

    [[nodiscard]] bool is_linked(server_id peer) const { return links_.contains(peer); }

    [[nodiscard]] bool
    counts(const member& as, const storage_id& storage, const membership& in) const;
    [[nodiscard]] follower_state own_state() const;

    // core_election.cpp
    void look();
    void forget_leader();
    void broadcast_status();
    void send_status(server_id to, bool wants_answer);
    void on(server_id from, const status_message& what);
    void on(server_id from, const campaign_message& what);
    void on(server_id from, const promise_message& what);
    void on(server_id from, const hint_message& what);
    void on(server_id from, const transfer_message& what);
    void on(server_id from, const reject_message& what);
    void advance_election();
    bool follow_living_leader();
    void campaign(bool is_transfer);
    void note_seen(epoch promised);
    void announce_candidacy();
    void lose_election();
    void count_grants();
    [[nodiscard]] bool may_campaign();
    [[nodiscard]] bool stands_aside() const;
    [[nodiscard]] bool may_lead(server_id candidate) const;
    [[nodiscard]] bool may_vote_for(const campaign_message& what) const;
    [[nodiscard]] denial consider(server_id from, const campaign_message& what) const;
    void note(denial reason);
    void tell_promise();

    // core_follower.cpp
    void ask_to_follow(server_id leader);
    void on(server_id from, const welcome_message& what);
    void on(server_id from, const append_message& what);
    void on(server_id from, const snapshot_message& what);
    [[nodiscard]] bool is_from_leader(server_id from, epoch in, attachment number);
    [[nodiscard]] bool take_entries(const append_message& what);
    [[nodiscard]] std::optional<position> anchor_of(const append_message& what);
    bool take_entry(position& cursor, const shared_entry& next);
    void note_gap();
    void attach_anew();
    void acknowledge();
    void advance_following();

    // core_leader.cpp
    void lead();
    zxid append_new(entry_kind kind, const origin& from, bytes body);
    void begin_round();
    void advance_leading();
    void advance_commit();
    [[nodiscard]] zxid agreed_under(const membership_state& members) const;
    void after_commit(zxid before);
    [[nodiscard]] bool has_quorum_of(function_ref<bool(server_id)> holds) const;
    [[nodiscard]] bool holds_quorum(time_point since) const;

    // core_feeding.cpp
    void on(server_id from, const follow_message& what);
    void on(server_id from, const acknowledge_message& what);
    void welcome(server_id peer, attachment number, const follower_state& state);
    void replicate();
    void feed(progress& peer);
    void send_batch(progress& peer, std::vector<shared_entry> entries);
    void send_beat(progress& peer);
    void drop_stalled();
    [[nodiscard]] progress* find(server_id peer, attachment number);
    [[nodiscard]] zxid feed_limit(const progress& peer) const;

    // core_membership.cpp
    [[nodiscard]] epoch_start epoch_start_of_this() const;
    void admit_storages();
    void retire_if_removed();

    // core_barrier.cpp
    void on(server_id from, const barrier_message& what);
    void on(server_id from, const barrier_answer& what);
    void confirm_barriers();
    void forward_barriers();
    void fail_barriers();

    // core_transfer.cpp
    void hand_over_if_impaired();
    void advance_transfer();
    void abandon_transfer();

    // core_snapshot.cpp
    void feed_snapshot(progress& peer);
    void on(server_id from, const snapshot_answer& what);

    core_settings settings_;
    std::mt19937_64 random_;
    time_point now_{};
    std::int64_t wall_ms_ = 0;
    bytes epoch_start_body_;
    bool is_impaired_ = false;
    std::set<server_id> links_;

    role role_ = role::looking;
    epoch epoch_;      ///< led or followed
    server_id leader_; ///< of that epoch
    promise promised_;
    history history_;
    durability durability_;
    zxid committed_;
    zxid delivered_; ///< handed out to be applied
    zxid applied_;
    zxid hinted_; ///< newest commit that a hint in the log tells
    std::int64_t last_time_ms_ = 0;
    std::string quarantine_;
    bool needs_restart_ = false;

    // looking
    struct heard_status {
        status_message what;
        time_point at;
    };

    struct heard_vote {
        epoch asked;
        denial answer{};
        time_point at;
    };

    std::map<server_id, heard_status> statuses_;
    time_point status_interval_{};
    time_point next_status_{};
    std::optional<time_point> quorum_seen_;
    time_point campaign_wait_{};
    epoch highest_seen_;
    server_id asked_leader_; ///< FOLLOW was sent there
    time_point asked_until_{};
    std::map<server_id, time_point> distrusted_; ///< did not answer FOLLOW

    // candidate, or leading: who granted
    std::map<server_id, promise_message> grants_;
    std::set<server_id> denials_;
    time_point next_campaign_{}; ///< after one that was lost
    bool candidacy_is_transfer_ = false;
    bool is_announced_ = false;
    time_point announced_at_{};
    time_point campaign_deadline_{};

    // granted to somebody, not told yet
    std::optional<promise_message> untold_promise_;

    // following
    attachment attachment_;
    std::optional<position> matched_;
    round heard_beat_;
    round answered_beat_;
    zxid acknowledged_;
    bool acknowledge_is_due_ = false;
    time_point leader_contact_{};
    time_point attached_at_{};
    bool leader_is_lost_ = false;
    std::optional<base_state> incoming_; ///< snapshot that is being received
    attachment incoming_number_;         ///< by which it was asked for
    std::uint64_t incoming_size_ = 0;
    std::uint64_t incoming_stored_ = 0;
    bool incoming_is_whole_ = false;
    std::optional<base_state> base_written_;
    std::uint64_t barrier_number_ = 0; ///< newest token forwarded
    bool barrier_is_forwarded_ = false;

    // leading
    std::map<server_id, progress> followers_;
    std::map<server_id, time_point> contacts_; ///< when the newest round began that each answered
    round round_;
    std::deque<std::pair<round, time_point>> rounds_;
    time_point next_beat_{};
    bool round_is_wanted_ = false;
    server_id transfer_target_;
    bool transfer_is_told_ = false;
    time_point transfer_deadline_{};
    time_point next_hand_over_{}; ///< of an impaired leader

    struct waiting_barrier {
        server_id from; ///< itself, or who asked
        std::uint64_t number;
        zxid at;
        round needs; ///< answered by a quorum
    };

    std::deque<waiting_barrier> barriers_;   ///< leading: of everybody; else: not used
    std::deque<std::uint64_t> own_barriers_; ///< following: tokens that wait

    std::vector<log_record> records_;
    std::vector<outgoing> messages_;
    std::vector<history_request> history_requests_;
    std::vector<snapshot_request> snapshot_requests_;
    std::vector<snapshot_read_request> snapshot_reads_;
    std::vector<snapshot_piece> pieces_;
    std::deque<shared_entry> committed_entries_;
    std::vector<barrier_result> completed_barriers_;
    core_counters counters_;
    std::map<server_id, heard_status> last_statuses_; ///< of members; for `election` alone
    std::map<server_id, heard_vote> last_votes_;      ///< as above
};

} // namespace conclave::zab
