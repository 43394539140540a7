/// What the replication cores of an ensemble say to each other (zab 2.4 to 2.10, 4.1).
///
/// Safety depends on what the messages say, never on their order: each one of an epoch names it,
/// and what is counted carries the number of the attachment that it belongs to.
#pragma once

#include "server/zab/entry.hpp"

#include <variant>
#include <vector>

namespace conclave::zab {

/// Numbers the attempts of one start of a server to follow somebody.
using attachment = strong_integer<struct attachment_tag, std::uint64_t>;

/// Numbers a leader's rounds of heartbeats: an answer to round n was sent after round n began.
using round = strong_integer<struct round_tag, std::uint64_t>;

/// Where a server stands (zab 2.3).
enum class role : std::uint8_t {
    looking,           ///< no leader is known
    candidate,         ///< its own promise is on the way to disk, or waits for a quorum of promises
    leading_syncing,   ///< its EpochStart is not committed and applied yet
    leading,           ///< serves
    following_syncing, ///< the leader's EpochStart is not applied here yet
    following,         ///< serves
    stopped,           ///< waits for its restart after a snapshot, or is quarantined
};

[[nodiscard]] constexpr bool is_leading(role in) {
    return in == role::leading || in == role::leading_syncing;
}

[[nodiscard]] constexpr bool is_following(role in) {
    return in == role::following || in == role::following_syncing;
}

/// What a server holds durably, told when it wants to follow.
struct follower_state {
    storage_id storage;
    std::uint64_t boot{};
    epoch promised;
    position last;
    std::vector<position> epochs;
    zxid committed;
    zxid applied;

    static void fields(auto& archive, auto& record) {
        archive(
            record.storage,
            record.boot,
            record.promised,
            record.last,
            record.epochs,
            record.committed,
            record.applied
        );
    }

    friend bool operator==(const follower_state&, const follower_state&) = default;
};

/// Not binding: who is where. Answered in kind if `wants_answer`.
struct status_message {
    role in{};
    storage_id storage;
    epoch promised;
    position last;                     ///< durable
    epoch epoch_led;                   ///< of `leader`
    server_id leader;                  ///< 0: none is known
    std::uint32_t leader_silence_ms{}; ///< since it was last heard; 0 from the leader itself
    zxid members_version;
    std::uint8_t priority{};
    bool is_impaired{}; ///< must not lead now: its disk fails, or it is about to stop
    bool wants_answer{};

    static void fields(auto& archive, auto& record) {
        auto in = static_cast<std::uint8_t>(record.in);
        archive(
            in,
            record.storage,
            record.promised,
            record.last,
            record.epoch_led,
            record.leader,
            record.leader_silence_ms,
            record.members_version,
            record.priority,
            record.is_impaired,
            record.wants_answer
        );
        if constexpr (!std::is_const_v<std::remove_reference_t<decltype(record)>>) {
            record.in = static_cast<role>(in);
        }
    }

    friend bool operator==(const status_message&, const status_message&) = default;
};

struct campaign_message {
    promise asked;
    position last;
    zxid members_version;
    storage_id voter_storage; ///< by which the candidate knows the receiver
    bool is_transfer{};       ///< with the consent of the leader: it need not be dead

    static void fields(auto& archive, auto& record) {
        archive(
            record.asked,
            record.last,
            record.members_version,
            record.voter_storage,
            record.is_transfer
        );
    }

    friend bool operator==(const campaign_message&, const campaign_message&) = default;
};

enum class denial : std::uint8_t {
    none,
    leader_alive,
    stale_epoch,
    fresher,    ///< the voter's history is newer
    membership, ///< the candidate is no voter that is known here
    no_vote,    ///< the voter itself may not vote: new storage (2.4.4), or not a voter
};

/// The answer to a campaign. A grant is also the first request to follow (2.5).
struct promise_message {
    promise asked;
    denial reason{};
    attachment number;
    follower_state state;

    static void fields(auto& archive, auto& record) {
        auto reason = static_cast<std::uint8_t>(record.reason);
        archive(record.asked, reason, record.number, record.state);
        if constexpr (!std::is_const_v<std::remove_reference_t<decltype(record)>>) {
            record.reason = static_cast<denial>(reason);
        }
    }

    friend bool operator==(const promise_message&, const promise_message&) = default;
};

/// "Your history is newer than mine: campaign."
struct hint_message {
    static void fields(auto&, auto&) {}

    friend bool operator==(const hint_message&, const hint_message&) = default;
};

struct follow_message {
    attachment number;
    follower_state state;

    static void fields(auto& archive, auto& record) { archive(record.number, record.state); }

    friend bool operator==(const follow_message&, const follow_message&) = default;
};

/// The leader accepts: entries, or a snapshot and then entries, follow.
struct welcome_message {
    promise leader;
    attachment number;
    zxid common;         ///< newest place that both histories share
    bool is_divergent{}; ///< the follower holds, as committed, what this history does not have

    static void fields(auto& archive, auto& record) {
        archive(record.leader, record.number, record.common, record.is_divergent);
    }

    friend bool operator==(const welcome_message&, const welcome_message&) = default;
};

/// Entries behind `previous`, and what else the leader has to tell. Without entries it is a
/// heartbeat, or news of a commit.
struct append_message {
    epoch in;
    attachment number;
    position previous; ///< chain of zeros: not at hand; the chain of the first entry proves it
    std::vector<shared_entry> entries;
    zxid committed;
    round beat;
    bool is_bare{}; ///< says nothing about places: the follower gets older history first

    friend bool operator==(const append_message& left, const append_message& right);
};

/// The whole durable history up to `durable` is the leader's.
struct acknowledge_message {
    epoch in;
    attachment number;
    zxid durable; ///< 0: nothing is known to match yet
    zxid applied;
    round beat; ///< newest heard

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.number, record.durable, record.applied, record.beat);
    }

    friend bool operator==(const acknowledge_message&, const acknowledge_message&) = default;
};

/// To a leader, or somebody who believes to be: a higher epoch is promised here.
struct reject_message {
    epoch promised;

    static void fields(auto& archive, auto& record) { archive(record.promised); }

    friend bool operator==(const reject_message&, const reject_message&) = default;
};

/// The leader hands over: campaign at once (2.10).
struct transfer_message {
    epoch in;

    static void fields(auto& archive, auto& record) { archive(record.in); }

    friend bool operator==(const transfer_message&, const transfer_message&) = default;
};

/// All barriers that wait at one server share one message.
struct barrier_message {
    epoch in;
    std::uint64_t number{};

    static void fields(auto& archive, auto& record) { archive(record.in, record.number); }

    friend bool operator==(const barrier_message&, const barrier_message&) = default;
};

/// Leadership was confirmed after the barrier was asked for; serve it once `at` is applied.
struct barrier_answer {
    epoch in;
    std::uint64_t number{};
    zxid at;

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.number, record.at);
    }

    friend bool operator==(const barrier_answer&, const barrier_answer&) = default;
};

/// A piece of a snapshot. The first one (`offset` 0) tells what it is of.
struct snapshot_message {
    epoch in;
    attachment number;
    base_state of;
    std::uint64_t offset{};
    bytes content;
    bool is_last{};

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.number, record.of, record.offset, record.content, record.is_last);
    }

    friend bool operator==(const snapshot_message&, const snapshot_message&) = default;
};

/// Everything before `offset` is stored.
struct snapshot_answer {
    epoch in;
    attachment number;
    std::uint64_t offset{};

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.number, record.offset);
    }

    friend bool operator==(const snapshot_answer&, const snapshot_answer&) = default;
};

/// The order is the type's number on the wire: new ones go to the end.
using message = std::variant<
    status_message,
    campaign_message,
    promise_message,
    hint_message,
    follow_message,
    welcome_message,
    append_message,
    acknowledge_message,
    reject_message,
    transfer_message,
    barrier_message,
    barrier_answer,
    snapshot_message,
    snapshot_answer>;

void encode(const message& from, bytes& to);

/// @return nothing if `frame` is not a whole message of a known type.
[[nodiscard]] std::optional<message> decode_message(bytes_view frame);

} // namespace conclave::zab
