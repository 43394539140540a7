/// The replication core: turns proposals into a durable, agreed order of entries (zab 2).
///
/// Sans-I/O: it is told what became durable and says what must be written. What it wants is
/// collected, and the owner takes it after each batch of inputs. The order of inputs fully
/// determines what comes out.
#pragma once

#include "server/zab/entry.hpp"
#include "server/zab/quorum.hpp"
#include "server/zab/recovery.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace conclave::zab {

/// A request to make records durable, completed in the order of submission.
using operation_id = strong_integer<struct operation_id_tag, std::uint64_t>;

/// Where a server stands (zab 2.3).
enum class role {
    looking,         ///< no leader is known
    candidate,       ///< its own promise is on the way to disk, or waits for a quorum of promises
    leading_syncing, ///< its EpochStart is not committed yet
    leading,         ///< serves
};

struct core_settings {
    server_id self;
    std::uint64_t boot{}; ///< unlike that of any earlier start
    majority voters;
};

/// Records that must become durable, in order, and the operation that they complete.
struct core_records {
    std::vector<log_record> records;
    operation_id operation; ///< meaningless without records
};

/// Invariants: `durable` and `committed` never decrease; only entries that are committed and
/// durable here are handed out; the first entry of an epoch is its EpochStart, and nothing is
/// proposed before that is committed (I21). Owner: the replica; core thread only.
class core {
public:
    core(core_settings settings, recovered_state recovered);

    /// Starts looking for a leader. `epoch_start_body` goes into the EpochStart record if this
    /// server comes to lead.
    void start(std::int64_t time_ms, bytes epoch_start_body);

    /// The records of this and all earlier operations are durable.
    void persisted(operation_id operation, std::int64_t time_ms);

    /// Gives the entry its place in the history. Precondition: role is leading.
    zxid propose(const origin& from, std::int64_t time_ms, bytes body);

    /// Asks to be told (`take_barriers`) once leadership is confirmed by a quorum later than now
    /// and everything that was committed by then is handed out. Precondition: role is leading.
    void barrier(std::uint64_t token);

    /// The state machine applied everything up to `at`.
    void applied(zxid at);

    /// True if `take_committed` or `take_barriers` has something to give.
    [[nodiscard]] bool has_events() const {
        return !committed_entries_.empty() || !completed_barriers_.empty();
    }

    /// Entries that are committed and durable here, in order; apply them, then call `applied`.
    [[nodiscard]] std::deque<entry> take_committed();

    /// Tokens of completed barriers.
    [[nodiscard]] std::vector<std::uint64_t> take_barriers();

    /// Records to write; then report `persisted`.
    [[nodiscard]] core_records take_records();

    [[nodiscard]] role current_role() const { return role_; }

    [[nodiscard]] epoch current_epoch() const { return promised_.to; }

    [[nodiscard]] const position& last() const { return last_; }

    [[nodiscard]] zxid committed() const { return committed_; }

    /// Time of the newest entry; a new one is never older.
    [[nodiscard]] std::int64_t last_time_ms() const { return last_time_ms_; }

private:
    void campaign();
    void lead();
    void append(entry_kind kind, const origin& from, std::int64_t time_ms, bytes body);
    void write(log_record record);
    void advance_commit();

    core_settings settings_;
    role role_ = role::looking;
    promise promised_;
    position last_;
    zxid durable_;
    zxid committed_;
    zxid hinted_; ///< newest commit that a hint in the log tells
    std::int64_t last_time_ms_ = 0;
    bytes epoch_start_body_;
    std::int64_t start_time_ms_ = 0;

    std::deque<entry> uncommitted_;
    std::set<server_id> promised_to_us_;
    std::map<server_id, zxid> acknowledged_; ///< per voter, durable in this epoch

    /// What an operation makes durable when it completes.
    struct operation_effect {
        operation_id id;
        bool own_promise = false;
        zxid last_entry;
    };

    std::deque<operation_effect> operations_;
    operation_id next_operation_{1};
    operation_effect filling_;
    std::vector<log_record> records_;
    std::deque<entry> committed_entries_;
    std::vector<std::uint64_t> completed_barriers_;
};

} // namespace conclave::zab
