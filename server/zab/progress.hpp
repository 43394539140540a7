/// What a leader knows of a server that follows it. Private to this folder.
#pragma once

#include "server/zab/message.hpp"

#include <chrono>
#include <deque>

namespace conclave::zab {

using time_point = std::chrono::nanoseconds; ///< since an arbitrary start, monotonic

/// How entries reach the follower.
enum class feeding : std::uint8_t {
    streaming, ///< from memory, as they come
    reading,   ///< older ones are being read from the log
    snapshot,  ///< the log does not reach back far enough
};

struct progress {
    server_id id;
    attachment number;
    follower_state state; ///< as it told when it attached
    feeding mode = feeding::streaming;
    position sent;          ///< end of what was sent; the chain is zero if it is not at hand
    bool is_probed = false; ///< something was sent since it attached
    zxid matched;           ///< acknowledged in this epoch
    zxid applied;
    zxid told_committed;
    round beat;         ///< newest round that it answered
    time_point moved{}; ///< when it last got on

    struct batch {
        zxid last;
        std::size_t size;
    };

    std::deque<batch> in_flight;
    std::size_t in_flight_size = 0;
    bool is_reading = false; ///< a read of the log or of the snapshot is under way

    base_state snapshot_of;
    std::uint64_t snapshot_sent = 0;
    std::uint64_t snapshot_stored = 0;
    bool snapshot_is_sent = false;
};

} // namespace conclave::zab
