/// What the replica notes for those who ask later: who asks what, what was slow, whose sessions
/// ended and why, how elections went. Nothing in here decides anything, and everything is bounded.
#pragma once

#include "server/replica/connection.hpp"
#include "server/replica/top_talkers.hpp"
#include "server/replica/write_stages.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace conclave::replica {

/// A request that took longer than the threshold.
struct slow_request {
    std::int64_t wall_ms = 0; ///< when it was applied, or answered
    session_id session;
    bytes peer; ///< "ip:port"
    opcode type{};
    bytes path; ///< shortened if it is long; of a multi the first one
    xid id;
    zxid at; ///< of a write
    latency_histogram::duration total{};
    stage_times stages{}; ///< of a read: decode and queue alone
};

enum class session_end { closed, expired };

struct ended_session {
    session_id id;
    session_end how{};
    std::int64_t wall_ms = 0;
    zxid at;
    std::chrono::milliseconds timeout{};
    std::chrono::milliseconds silent{};    ///< at least so long; exact to a tick at the leader
    bytes peer;                            ///< where its client was, if that was here; else empty
    std::int64_t disconnected_wall_ms = 0; ///< 0: it was connected to the end, or elsewhere
    std::size_t ephemeral_count = 0;
    std::vector<bytes> ephemerals; ///< the first of them
};

struct election_note {
    std::int64_t wall_ms = 0; ///< when it was over
    std::chrono::milliseconds took{};
    server_id leader;
    epoch in;
};

struct operation_count {
    opcode type{};
    std::uint64_t count = 0;
    std::uint64_t octets = 0; ///< of requests
};

/// Core thread only.
class observations {
public:
    static constexpr std::size_t slow_kept = 128;
    static constexpr std::size_t ended_kept = 256;
    static constexpr std::size_t ephemerals_kept = 16; ///< of each
    static constexpr std::size_t departed_kept = 4096;
    static constexpr std::size_t elections_kept = 32;
    static constexpr std::size_t path_size_max = 256;

    explicit observations(std::chrono::milliseconds slow_threshold)
        : slow_threshold_(slow_threshold) {}

    void note_request(opcode type, bytes_view body, bool is_write);

    [[nodiscard]] bool is_slow(latency_histogram::duration took) const {
        return took >= slow_threshold_;
    }

    /// A line in the log besides, unless there were many within a second.
    void note_slow(slow_request what);

    /// The newest slow request has been handed to the network.
    void complete_slow(std::uint64_t number, latency_histogram::duration reply);

    /// The number of the newest.
    [[nodiscard]] std::uint64_t slow_count() const { return slow_count_; }

    void note_departure(const connection& gone, std::int64_t wall_ms);

    /// `connected` is its connection here; null if there is none.
    void note_end(ended_session what, const connection* connected);

    void note_election(election_note what);

    /// What is counted since a reset.
    void reset() {
        operations_ = {};
        talkers_ = {};
    }

    // ---- queries ----

    [[nodiscard]] std::vector<operation_count> operations() const;

    [[nodiscard]] const top_talkers& talkers() const { return talkers_; }

    [[nodiscard]] const std::deque<slow_request>& slow() const { return slow_; }

    [[nodiscard]] std::chrono::milliseconds slow_threshold() const { return slow_threshold_; }

    [[nodiscard]] const std::deque<ended_session>& ended() const { return ended_; }

    [[nodiscard]] const std::deque<election_note>& elections() const { return elections_; }

private:
    static constexpr std::int32_t opcode_min = -16;
    static constexpr std::size_t opcode_count = 128; ///< those from opcode_min on

    struct counted {
        std::uint64_t count = 0;
        std::uint64_t octets = 0;
    };

    struct departed {
        bytes peer;
        std::int64_t wall_ms = 0;
        std::uint64_t number = 0;
    };

    std::chrono::milliseconds slow_threshold_;
    std::array<counted, opcode_count> operations_{};
    top_talkers talkers_;
    std::deque<slow_request> slow_; ///< the newest at the end
    std::uint64_t slow_count_ = 0;
    std::int64_t line_second_ = 0; ///< in which `line_count_` lines were logged
    int line_count_ = 0;
    std::deque<ended_session> ended_;
    std::unordered_map<session_id, departed> departed_;
    std::deque<std::pair<session_id, std::uint64_t>> departures_;
    std::uint64_t departure_count_ = 0;
    std::deque<election_note> elections_;
};

[[nodiscard]] bytes text_of(const peer_address& peer);

} // namespace conclave::replica
