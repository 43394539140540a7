/// What a server knows of an election, for those who ask why there is no leader.
#pragma once

#include "server/zab/message.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace conclave::zab {

/// What another member last said of itself.
struct told_status {
    role in{};
    server_id leader; ///< 0: it knows none
    epoch promised;
    zxid last;
    bool is_impaired{}; ///< it must not lead: its disk fails, or it is about to stop
    std::chrono::nanoseconds age{};
};

/// What it last answered when it was asked for its vote.
struct told_vote {
    epoch asked;
    denial answer{}; ///< none: it has granted
    std::chrono::nanoseconds age{};
};

struct peer_view {
    server_id id;
    bool is_linked{};
    std::optional<told_status> status;
    std::optional<told_vote> vote;
};

struct election_view {
    promise own_vote;    ///< the newest: to whom, for which epoch
    bool is_impaired{};  ///< this server must not lead now
    bool stands_aside{}; ///< it has no data and may not take that for a beginning
    bool is_electable{};
    std::vector<peer_view> peers; ///< the other members
};

} // namespace conclave::zab
