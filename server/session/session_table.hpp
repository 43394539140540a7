/// The sessions of the ensemble and when each would expire (zookeeper-protocol 10, zab 4.4).
#pragma once

#include <conclave/types.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace conclave::session {

/// Monotonic time since an arbitrary start. Given by the caller, never read here, so a test can
/// live a year in a millisecond.
using time_point = std::chrono::nanoseconds;

struct session_settings {
    std::chrono::milliseconds tick{3000};
};

struct session_state {
    std::chrono::milliseconds timeout{};
    time_point deadline{}; ///< the bucket it stands in (stood in, if closing)
    bool closing = false;  ///< a close is in flight: later requests of the session are refused
};

/// Deadlines stand in buckets: (floor((now + timeout) / tick) + 1) * tick, so a touch that stays in
/// its bucket costs a comparison.
///
/// Invariant: a session that is not closing is in exactly one bucket, the one that its `deadline`
/// names; a closing one is in none, since its fate is decided and nobody waits for its deadline.
/// Owner: the replica; core thread only. Knows no socket, no watch, no znode. Decides nothing:
/// expiry is a transaction that the replica proposes for a session that is due.
class session_table {
public:
    /// `settings.tick` must be positive.
    explicit session_table(session_settings settings);

    /// Adds a session that a committed transaction opened (or that the checkpoint held). No effect
    /// if it exists.
    void open(session_id id, std::chrono::milliseconds timeout, time_point now);

    /// Removes it; false if there is none.
    bool close(session_id id);

    /// Null if there is none. Valid until that session is closed.
    [[nodiscard]] const session_state* find(session_id id) const;

    /// The session showed life at `now`. No effect on one that is closing or gone, nor if a later
    /// sign of life is known already: a touch never brings the deadline nearer.
    void touch(session_id id, time_point now);

    /// A resume negotiated a new timeout, which counts from `now`. No effect on a session that is
    /// closing or gone.
    void renegotiate(session_id id, std::chrono::milliseconds timeout, time_point now);

    /// A close was proposed: later requests are refused, touches have no effect. False if it is
    /// closing or gone.
    bool mark_closing(session_id id);

    /// Every session gets its full timeout from `now` (a leader starts to serve), and no close is
    /// in flight.
    void restart_all(time_point now);

    /// Sessions that are due at `now` and not closing, in order of deadline, then id; at most
    /// `limit`.
    [[nodiscard]] std::vector<session_id> due(time_point now, std::size_t limit) const;

    /// When the next bucket is due; nothing without sessions that could expire.
    [[nodiscard]] std::optional<time_point> next_deadline() const;

    [[nodiscard]] std::size_t count() const;

    /// Deadline -> ids, ascending, no bucket empty, for `dump`.
    [[nodiscard]] const std::map<time_point, std::set<session_id>>& buckets() const;

private:
    using bucket_map = std::map<time_point, std::set<session_id>>;

    [[nodiscard]] time_point
    deadline_after(time_point now, std::chrono::milliseconds timeout) const;
    void move(session_id id, session_state& session, time_point deadline);
    void leave_bucket(session_id id, const session_state& session);

    session_settings settings_;
    std::unordered_map<session_id, session_state> sessions_;
    bucket_map buckets_;
};

} // namespace conclave::session
