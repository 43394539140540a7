/// What the replica keeps about one client connection.
#pragma once

#include "server/session/session_table.hpp"
#include "server/session/watch_table.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

#include "conclave/identity.hpp"
#include "conclave/protocol.hpp"

namespace conclave::replica {

/// Drawn by the replica, ascending, never reused. Watches belong to connections, so it is the
/// watcher's id too.
using connection_id = session::watcher_id;

using session::time_point;

/// Both clocks, read by the caller once per batch of inputs.
struct instant {
    time_point monotonic{}; ///< for everything that waits
    std::int64_t wall_ms{}; ///< for the times of znodes only
};

struct peer_address {
    bytes ip; ///< as text
    std::uint16_t port{};
};

enum class connection_phase {
    awaiting_handshake,
    catching_up,  ///< its client has seen more than this server, which may have it soon
    opening,      ///< its createSession is in flight
    revalidating, ///< the leader is asked whether its session lives
    established,
    closing, ///< nothing that it still sends is looked at
};

/// A request that has not been answered yet. Answers leave in the order of requests, always.
struct waiting_request {
    enum class state {
        in_flight, ///< a write that was proposed
        barrier,   ///< a sync that waits for its barrier
        deferred,  ///< not looked at yet: an earlier request must take effect first
        answered,  ///< the reply is ready and waits for its turn
    };

    state is{};
    request_header header;
    time_point arrived{};
    bytes content;            ///< deferred: the request frame; answered: the reply frame
    std::uint64_t sequence{}; ///< in_flight, barrier: by which it is found again
    std::chrono::microseconds decoding{}; ///< from its arrival until the core first looked at it
};

/// The counters that `cons` and `stat` show.
struct connection_statistics {
    std::int64_t received = 0;
    std::int64_t sent = 0;
    std::int64_t latency_ms_last = 0;
    std::int64_t latency_ms_min = 0;
    std::int64_t latency_ms_max = 0;
    std::int64_t latency_ms_sum = 0;
    std::int64_t latency_count = 0;
    std::int64_t established_wall_ms = 0;
    std::int64_t last_response_ms = 0;
    zxid last_zxid;
    xid last_xid{-1};
    opcode last_operation = opcode::notification;
};

/// True for requests that must not overtake each other on their way to the leader.
[[nodiscard]] bool is_ordered_by_leader(opcode type);

/// True for packets that change who the client is.
[[nodiscard]] bool is_authentication(opcode type);

/// The requests of one connection that are not answered yet, first in, first out. Holds no memory
/// while it is empty: most connections are idle.
class request_queue {
public:
    [[nodiscard]] bool empty() const { return head_ == requests_.size(); }

    [[nodiscard]] std::size_t size() const { return requests_.size() - head_; }

    [[nodiscard]] const waiting_request& front() const { return requests_[head_]; }

    void push(waiting_request request);

    waiting_request pop();

    /// Puts a request that was taken with `pop` back in its place, in its new state.
    void put_back(waiting_request request);

    /// Gives the request of that sequence number its reply. Precondition: `find` finds it.
    void answer(std::uint64_t sequence, bytes reply);

    /// Removes all but the first `count`.
    void keep_first(std::size_t count);

    /// The request that waits under that sequence number, or null.
    [[nodiscard]] const waiting_request* find(std::uint64_t sequence) const;

    /// Octets of held requests and replies.
    [[nodiscard]] std::size_t content_size() const { return content_size_; }

    /// Requests that were not looked at yet: each may turn into a reply as large as a node.
    [[nodiscard]] std::size_t deferred_count() const { return deferred_count_; }

    /// True when a later write must not be proposed yet, because it would overtake a sync or
    /// another write.
    [[nodiscard]] bool holds_back_writes() const { return holding_count_ != 0; }

private:
    std::vector<waiting_request> requests_;
    std::size_t head_ = 0;
    std::size_t content_size_ = 0;
    std::size_t holding_count_ = 0;
    std::size_t deferred_count_ = 0;

    void count(const waiting_request& request, bool is_added);
};

/// Octets of schemes and ids.
[[nodiscard]] std::size_t size_of(const identities& all);

struct connection {
    connection_id id;
    connection_phase phase = connection_phase::awaiting_handshake;
    bool is_old_client = false;       ///< its ConnectRequest had no readOnly field
    bool is_local = false;            ///< its session is this server's alone (read-only mode)
    bool close_when_answered = false; ///< after the replies that are still owed
    bool close_after_output = false; ///< after what stands in the outbox; nothing is added any more
    bool has_output_pending = false; ///< is on the list of connections to flush
    peer_address peer;
    session_id session;
    zxid owned_since; ///< what other servers did for the session stands before this place
    std::int32_t timeout_ms = 0;
    identities who;
    request_queue waiting;
    std::vector<bytes> held_frames; ///< came while no leader was known, or it was catching up
    bool is_left_behind = false; ///< this server, as leader, has given its session to another one
    bool is_held_back = false;   ///< what waits is carried out when the replies so far have left
    bool is_touched = false;     ///< its session goes with the next message to the leader
    bytes outbox;                ///< whole frames, in the order in which they must leave
    connection_statistics statistics;
};

} // namespace conclave::replica
