/// Where the time of a write goes.
#pragma once

#include "server/replica/latency_histogram.hpp"
#include "server/session/session_table.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "conclave/types.hpp"

namespace conclave::replica {

using session::time_point;

/// In the order in which a write passes through them. At a follower, what the leader does is all
/// `replicate`.
enum class stage {
    decode,    ///< its octets were read, until the core looks at it
    queue,     ///< until it may be proposed, or is sent to the leader
    prepare,   ///< it is judged and becomes a transaction
    log,       ///< proposed, until it is durable here
    replicate, ///< until it is committed
    apply,     ///< the tree changes, events and the reply are written
    reply,     ///< until the reply is handed to the network
};

inline constexpr std::size_t stage_count = 7;

inline constexpr std::array<bytes_view, stage_count> stage_names{
    "decode", "queue", "prepare", "log", "replicate", "apply", "reply"};

/// A duration for each stage.
using stage_times = std::array<latency_histogram::duration, stage_count>;

/// How long all writes took in each stage.
using stage_histograms = std::array<latency_histogram, stage_count>;

[[nodiscard]] inline std::size_t index_of(stage which) {
    return static_cast<std::size_t>(which);
}

[[nodiscard]] inline latency_histogram::duration between(time_point begin, time_point end) {
    return std::chrono::duration_cast<latency_histogram::duration>(
        end > begin ? end - begin : time_point{}
    );
}

} // namespace conclave::replica
