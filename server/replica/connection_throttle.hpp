/// Limits how fast clients may open and resume sessions (keys connection_throttle_*,
/// zookeeper-protocol 12.3).
#pragma once

#include "server/session/session_table.hpp"

#include <chrono>
#include <cstdint>
#include <random>

namespace conclave::replica {

struct connection_throttle_settings {
    std::uint32_t tokens_max = 0; ///< size of the bucket; 0: no throttle
    std::chrono::milliseconds fill_time{1};
    std::uint32_t fill_count = 1; ///< tokens added each `fill_time`
    std::chrono::milliseconds freeze_time{
        -1}; ///< how often the drop probability may change; -1: never drop by chance
    double drop_increase = 0.02;
    double drop_decrease = 0.002;
    double decrease_ratio = 0; ///< share of used tokens below which the probability falls
    bool has_weights = false;  ///< else every handshake costs one token
    std::uint32_t weight_open = 3;
    std::uint32_t weight_resume = 2;
};

/// A token bucket, and in front of it, if asked for, a probability of refusal that rises while the
/// bucket is empty and falls while it is full (the BLUE algorithm), so that a storm of reconnects
/// is thinned out before it empties the bucket.
///
/// Core thread only. Chance comes from the seed alone.
class connection_throttle {
public:
    connection_throttle(connection_throttle_settings settings, std::uint64_t seed)
        : settings_(settings), tokens_(settings.tokens_max), random_(seed) {}

    /// Takes the tokens of a handshake. False: close it.
    [[nodiscard]] bool admit(bool is_resume, session::time_point now);

    [[nodiscard]] double drop_probability() const { return drop_probability_; }

private:
    void refill(session::time_point now);
    void adapt(session::time_point now);

    connection_throttle_settings settings_;
    std::uint64_t tokens_;
    double drop_probability_ = 0;
    session::time_point filled_at_{};
    session::time_point adapted_at_{};
    std::mt19937_64 random_;
};

} // namespace conclave::replica
