/// An ensemble of replication cores in which nothing happens by itself: a test delivers each
/// message, completes each write and moves each clock, or lets everything run to quiescence.
///
/// After each step it holds the cores to what must always be true: an acknowledgement or a promise
/// that leaves is on disk (I17, I18), one epoch has one leader (I1), everybody applies the same
/// history (I11). Breaking one of them throws, which fails the test.
#pragma once

#include "server/zab/core.hpp"
#include "test/simulation/core/disk.hpp"
#include "test/unit/zab/history_maker.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace conclave::test {

using std::chrono::milliseconds;

/// What is to be done is done within so much time: ten elections (I41).
constexpr milliseconds patience{15'000};

struct ensemble_options {
    zab::core_limits limits;
    /// Leads first: the highest priority decides between equal histories.
    std::uint32_t favourite = 1;
    /// These may not help to found the ensemble.
    std::set<std::uint32_t> joiners;
};

/// Servers are named by their ids, 1 and up.
class ensemble {
public:
    using id = std::uint32_t;

    /// Empty servers, one for each member; none of them runs.
    explicit ensemble(const zab::membership& founding, ensemble_options options = {});
    ~ensemble();

    // ---- servers ----

    /// One more, with an empty disk and this membership in its configuration file.
    void add(id server, const zab::membership& file);

    /// Its links to all running servers come up.
    void start(id server);
    void start_all();

    /// Has priority from its next start on.
    void favour(id server) { options_.favourite = server; }

    /// Elected, serving, everybody even and known by its storage, which all have in a checkpoint:
    /// how most schedules begin.
    void begin();

    /// Power loss: of the records that wait for the disk the first `records_kept` survive. Its
    /// messages on the way are lost, and its peers notice at once.
    void crash(id server, std::size_t records_kept = 0);
    void restart(id server, std::size_t records_kept = 0);

    /// Stopped, its disk replaced by an empty one, and not started again.
    void wipe(id server);

    /// Nothing reaches a paused server: no message, no completion, no time.
    void pause(id server);
    void resume(id server);

    // ---- network ----

    /// The oldest message on its way between the two. @return false if there is none.
    bool deliver(id from, id to);
    bool drop(id from, id to);

    template <class Message>
    [[nodiscard]] bool is_next(id from, id to) const {
        return waiting(from, to) > 0 && std::holds_alternative<Message>(queue(from, to).front());
    }

    /// All up to the oldest one of this type. @return false if there is none, and nothing is
    /// delivered.
    template <class Message>
    bool deliver_next(id from, id to) {
        while (find<Message>(from, to) != nullptr) {
            const bool is_wanted = is_next<Message>(from, to);
            deliver(from, to);
            if (is_wanted) {
                return true;
            }
        }
        return false;
    }

    /// The oldest message will come once more, after those that wait.
    void duplicate(id from, id to);

    [[nodiscard]] std::size_t waiting(id from, id to) const;

    /// The oldest message of this type on its way, without delivering it.
    template <class Message>
    [[nodiscard]] const Message* find(id from, id to) const {
        for (const zab::message& each : queue(from, to)) {
            if (const auto* found = std::get_if<Message>(&each); found != nullptr) {
                return found;
            }
        }
        return nullptr;
    }

    /// Delivers a message that the sender never sent, or sent long ago.
    void forge(id from, id to, zab::message what);

    /// Messages on this link wait until `deliver` or `release`.
    void hold(id from, id to);
    void release(id from, id to);

    /// The link breaks, or comes back; both sides are told, and messages on the way are lost.
    void disconnect(id one, id other, zab::link_loss why = zab::link_loss::silent);
    void connect(id one, id other);

    /// Messages in this direction vanish, and nobody is told.
    void mute(id from, id to);

    /// In both directions, with everybody.
    void isolate(id server);

    /// Links that were mute are dialled anew, as are those that were disconnected.
    void heal();

    // ---- disks ----

    /// The oldest write becomes durable. @return false if there is none.
    bool persist(id server);

    /// The oldest piece of a snapshot that is being received is stored.
    bool store_piece(id server);

    /// The oldest piece, and with it its snapshot, cannot be stored.
    void refuse_piece(id server);
    [[nodiscard]] std::size_t unstored(id server) const;

    /// Writes and pieces wait until `persist`, `store_piece` or `release_disk`.
    void hold_disk(id server);
    void release_disk(id server);
    [[nodiscard]] std::size_t unwritten(id server) const;

    /// Keeps what is applied; then drops all but about the newest `records_kept` of the log that
    /// it covers.
    void checkpoint(id server, std::size_t records_kept = 0);

    // ---- time ----

    void advance(id server, milliseconds by);

    /// Time passes for all, a step at a time, and everything runs to quiescence after each step.
    void run_for(milliseconds duration, const std::function<void()>& each_step = {});

    /// Until `holds`, or `limit` has passed. @return whether it holds.
    bool run_until(const std::function<bool()>& holds, milliseconds limit);

    /// Until somebody serves as leader. @return where everybody stands if ten elections are not
    /// enough for that.
    std::string elect();

    /// Until nobody disagrees. @return `disagreement()` after ten elections.
    std::string agree();

    /// Everything that may move moves, in a fixed order, until nothing does.
    void stabilize();

    /// The same in a random order; messages on one link stay in order.
    void stabilize_in_random_order(std::uint64_t seed);

    /// One message is delivered, or one write completed; all get their turn. @return false if
    /// nothing may move.
    bool step();

    // ---- requests ----

    /// Proposes at this server.
    zxid propose(id server, bytes body);

    /// Proposes at the leader and stabilizes.
    zxid write(bytes body);

    /// Proposes at the leader and stabilizes; `storage` of the members is filled in.
    void change_members(zab::membership next);

    /// Asks for a barrier; `barrier_of` tells what came of it.
    std::uint64_t barrier(id server);
    [[nodiscard]] const zab::barrier_result* barrier_of(std::uint64_t token) const;

    void transfer(id from, id to);

    /// It does not want to lead from now on.
    void impair(id server);

    // ---- what is ----

    [[nodiscard]] const zab::core& operator[](id server) const;
    [[nodiscard]] bool is_running(id server) const;

    /// Who serves as leader of the highest epoch; 0 if nobody does.
    [[nodiscard]] id leader() const;

    /// The bodies of what it has applied, also before its restarts.
    [[nodiscard]] std::vector<bytes> applied(id server) const;

    /// On disk, truncations carried out, without what was purged.
    [[nodiscard]] std::vector<zxid> log(id server) const;

    [[nodiscard]] simulation::disk& drive(id server);

    /// Empty if one leader serves, everybody else that runs follows and has applied the same; else
    /// who does not.
    [[nodiscard]] std::string disagreement() const;

    /// Of all servers since their last start.
    [[nodiscard]] std::uint64_t total(std::uint64_t zab::core_counters::*counter) const;

private:
    struct node;
    using link = std::pair<id, id>;

    [[nodiscard]] node& at(id server) const;
    [[nodiscard]] const std::deque<zab::message>& queue(id from, id to) const;
    void settle(node& of);
    bool carry_out(node& of, zab::core_outputs& wanted);
    bool serve_reads(node& of, zab::core_outputs& wanted);
    void apply(node& of);
    void check_sent(const node& by, const zab::message& what) const;
    void check_records(const node& by, const std::vector<zab::log_record>& records);
    void stop(node& of);
    void set_link(node& one, node& other, bool is_up, zab::link_loss why);
    bool move(std::size_t which);
    [[nodiscard]] std::size_t move_count() const;

    ensemble_options options_;
    zab::membership founding_;
    std::map<id, std::unique_ptr<node>> servers_;
    std::map<link, std::deque<zab::message>> queues_;
    std::set<link> held_;
    std::set<link> mute_;
    std::set<link> broken_;
    std::map<zxid, zab::shared_entry> history_;             ///< everything that anybody applied
    std::map<epoch, std::pair<id, std::uint64_t>> leaders_; ///< and its boot
    std::map<std::uint64_t, zab::barrier_result> barriers_;
    std::uint64_t next_number_ = 1;
    std::size_t next_move_ = 0;
};

} // namespace conclave::test
