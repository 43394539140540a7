/// What the replica can be told before it starts. Filled from the configuration by the server's
/// main program.
#pragma once

#include "server/replica/connection_throttle.hpp"
#include "server/replica/membership_text.hpp"
#include "server/tree/preparation.hpp"
#include "server/zab/membership.hpp"

#include <chrono>
#include <optional>
#include <vector>

#include "conclave/types.hpp"

namespace conclave::replica {

struct reaper_settings {
    std::chrono::milliseconds check_interval{60'000};
    std::size_t per_minute_max = 10'000;
    std::chrono::milliseconds container_never_used{
        0}; ///< 0: containers that never had a child stay
};

struct checkpoint_settings {
    std::size_t dirty_size_max = std::size_t{32} << 20U; ///< octets that start a checkpoint
    std::uint64_t transaction_count_max = 100'000;       ///< or so many transactions
    std::chrono::milliseconds interval{30'000};          ///< or this long after the last one
};

struct authentication_settings {
    std::optional<bytes> super_digest; ///< the digest id that is a super user
    bytes digest_algorithm = "SHA1";
    bytes x509_super_user; ///< the holder of a certificate that is a super user; empty: none
    std::vector<bytes> enforced_schemes; ///< empty: nothing is enforced
};

/// Bounds of everything that clients can make grow.
struct limit_settings {
    std::size_t outstanding_max =
        1000; ///< writes in flight before busy connections are no longer read
    std::size_t waiting_per_connection_max = 1000;
    /// Reads that wait behind a write of the same connection.
    std::size_t deferred_per_connection_max = 128;
    std::size_t waiting_content_max = std::size_t{4} << 20U;   ///< octets held for one connection
    std::size_t uncommitted_size_max = std::size_t{64} << 20U; ///< octets of proposals in flight
    std::size_t dirty_backlog_max = std::size_t{256} << 20U;   ///< octets not yet in a checkpoint
    std::chrono::milliseconds handshake_timeout{10'000};
    /// How long connections wait for the next leader when one is lost.
    std::chrono::milliseconds parking_time{3000};
    /// How often a follower tells its leader which sessions live.
    std::chrono::milliseconds touch_interval{500};
    /// Octets of what one request may make of itself. Requests are smaller, but an ACL entry `auth`
    /// stands for all that its client has proved to be. A record must fit in a frame between
    /// servers, and in what the log keeps free for it.
    std::size_t transaction_size_max = (std::size_t{2} << 20U) - 4096;
    /// Octets of paths up to which the end of a session names its ephemerals.
    std::size_t named_ephemerals_size_max = std::size_t{1} << 20U;
    /// Of what one connection has proved to be.
    std::size_t identity_count_max = 100;
    std::size_t identity_size_max = std::size_t{64} << 10U; ///< octets, all of them together
    /// Octets of a multiRead's reply from which on no more is added: it is refused.
    std::size_t multi_read_size_max = std::size_t{16} << 20U;
    /// Octets of replies for one connection from which on requests that waited wait longer, until
    /// these are on their way.
    std::size_t replies_at_once_max = std::size_t{1} << 20U;
    /// The same where nothing may wait, because a write of the connection is under way behind it:
    /// the connection is closed then.
    std::size_t replies_ahead_of_write_max = std::size_t{64} << 20U;
    /// Octets of requests from which on a message to the leader is full.
    std::size_t forward_size_max = std::size_t{1} << 20U;
    std::size_t touch_count_max = 50'000; ///< sessions in one message to the leader
};

struct settings {
    server_id self{1};
    zab::storage_id storage; ///< of the data directory
    /// Who founds the ensemble, this server alone if empty; later its own records say who belongs
    /// to it.
    zab::membership ensemble;
    std::uint64_t boot = 0;      ///< random, unlike that of any earlier start
    secret fresh_password_key{}; ///< random; used if this server founds the ensemble
    std::uint64_t fresh_hash_seed = 0;
    session_id first_session{1}; ///< zookeeper-protocol 2.3
    std::chrono::milliseconds tick{3000};
    std::int32_t session_timeout_ms_min = 6000;
    std::int32_t session_timeout_ms_max = 60'000;
    bool reconfig_enabled = false;
    reconfig_rules reconfiguration;
    bool leader_serves = true;      ///< false: clients connect to the others only
    bool read_only_enabled = false; ///< serve clients that ask for it also without a leader
    /// It has no data because it never had any: it may help to found an ensemble.
    bool may_found = true;
    tree::preparation_settings preparation;
    reaper_settings reaper;
    checkpoint_settings checkpoint;
    authentication_settings authentication;
    limit_settings limits;
    connection_throttle_settings connection_throttle;
    /// A request that takes so long is noted and logged.
    std::chrono::milliseconds slow_request_threshold{1000};
    /// Reads a monotonic clock, the one that `instant` comes from. Only for measuring how long
    /// something took, nothing is decided by it; without one, what happens within one batch of
    /// inputs takes no time.
    std::chrono::nanoseconds (*stopwatch)() = nullptr;
    bool is_audited = false; ///< tell of changes and logins in the outputs
};

} // namespace conclave::replica
