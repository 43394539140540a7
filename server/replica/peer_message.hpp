/// What the replicas of an ensemble say to each other, beside what their replication cores do
/// (zab 4.4, 4.5): requests on their way to the leader, and who is alive where.
#pragma once

#include "server/replica/digest_point.hpp"
#include "server/zab/message.hpp"

#include <optional>
#include <variant>
#include <vector>

#include "conclave/identity.hpp"
#include "conclave/protocol.hpp"

namespace conclave::replica {

/// A write as a client asked for it, with everything that the leader needs to judge it.
struct forwarded_request {
    std::uint64_t sequence{}; ///< of the origin; ascending
    session_id session;
    std::uint64_t connection{}; ///< of the origin
    opcode type{};
    identities who;
    bytes body; ///< as the client sent it; for createSession the timeout

    static void fields(auto& archive, auto& record) {
        auto type = static_cast<std::int32_t>(record.type);
        archive(record.sequence, record.session, record.connection, type, record.who, record.body);
        if constexpr (!std::is_const_v<std::remove_reference_t<decltype(record)>>) {
            record.type = static_cast<opcode>(type);
        }
    }

    friend bool operator==(const forwarded_request&, const forwarded_request&) = default;
};

/// To the leader of that epoch, and nobody else: once a later epoch has begun, the origin may ask
/// its leader anew.
struct forward_message {
    epoch in;
    std::uint64_t boot{};
    /// Of the request before them that is not answered yet, 0: none. A leader that does not know it
    /// has missed a message when the link broke, and waits for all of them to be sent again.
    std::uint64_t behind{};
    std::vector<forwarded_request> requests;

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.boot, record.behind, record.requests);
    }

    friend bool operator==(const forward_message&, const forward_message&) = default;
};

struct touched_session {
    session_id id;
    std::int32_t timeout_ms{}; ///< as its client has negotiated it last

    static void fields(auto& archive, auto& record) { archive(record.id, record.timeout_ms); }

    friend bool operator==(const touched_session&, const touched_session&) = default;
};

/// Sessions that have shown life at the sender since its last message of this kind. A new leader
/// hears by it which timeouts were negotiated while another one led (zab 4.4.3).
struct touch_message {
    std::vector<touched_session> sessions;

    static void fields(auto& archive, auto& record) { archive(record.sessions); }

    friend bool operator==(const touch_message&, const touch_message&) = default;
};

/// A client has come to the sender with this session: does it live?
struct revalidate_message {
    epoch in;
    session_id session;
    std::uint64_t connection{}; ///< of the sender
    std::int32_t timeout_ms{};

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.session, record.connection, record.timeout_ms);
    }

    friend bool operator==(const revalidate_message&, const revalidate_message&) = default;
};

/// If valid, the session belongs to that connection from now on. To the leader, not valid: the
/// sender has no such connection any more, so the session belongs to where it was before.
struct revalidate_answer {
    epoch in; ///< a later leader does not know what an earlier one has answered
    session_id session;
    std::uint64_t connection{};
    bool is_valid{};
    zxid newest; ///< of the leader's history: what other servers did for the session is not behind
                 ///< it

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.session, record.connection, record.is_valid, record.newest);
    }

    friend bool operator==(const revalidate_answer&, const revalidate_answer&) = default;
};

/// To the leader: what the sender's state was at these points, ascending.
struct digests_message {
    epoch in;
    std::vector<digest_point> points;

    static void fields(auto& archive, auto& record) { archive(record.in, record.points); }

    friend bool operator==(const digests_message&, const digests_message&) = default;
};

/// From the leader: the state of a majority at a point, which is not that of the addressee; or, if
/// undecided, no majority agrees there.
struct divergence_message {
    epoch in;
    digest_point right;
    bool is_undecided{};

    static void fields(auto& archive, auto& record) {
        archive(record.in, record.right, record.is_undecided);
    }

    friend bool operator==(const divergence_message&, const divergence_message&) = default;
};

/// To all members, every few seconds: how long the sender's log took to be durable, over all syncs
/// since its start and over those since its last message. Microseconds.
struct disk_message {
    std::uint64_t count{};
    std::uint64_t p50{};
    std::uint64_t p99{};
    std::uint64_t most{};
    std::uint64_t recent_count{};
    std::uint64_t recent_mean{};

    static void fields(auto& archive, auto& record) {
        archive(
            record.count,
            record.p50,
            record.p99,
            record.most,
            record.recent_count,
            record.recent_mean
        );
    }

    friend bool operator==(const disk_message&, const disk_message&) = default;
};

/// The order is part of the type's number on the wire: new ones go to the end.
using peer_message = std::variant<
    zab::message,
    forward_message,
    touch_message,
    revalidate_message,
    revalidate_answer,
    digests_message,
    divergence_message,
    disk_message>;

[[nodiscard]] bytes encode(const peer_message& from);

/// @return nothing if `frame` is not a whole message of a known type.
[[nodiscard]] std::optional<peer_message> decode_peer_message(bytes_view frame);

} // namespace conclave::replica
