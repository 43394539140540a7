#include "server/replica/connection_throttle.hpp"

#include <algorithm>

namespace conclave::replica {

bool connection_throttle::admit(bool is_resume, session::time_point now) {
    if (settings_.tokens_max == 0) {
        return true;
    }
    refill(now);
    if (settings_.freeze_time >= std::chrono::milliseconds{0}) {
        adapt(now);
        const double drawn = static_cast<double>(random_() >> 11U) * 0x1.0p-53;
        if (drawn < drop_probability_) {
            return false;
        }
    }
    const std::uint64_t weight = is_resume ? settings_.weight_resume : settings_.weight_open;
    const std::uint64_t cost = settings_.has_weights ? weight : 1;
    if (tokens_ < cost) {
        return false;
    }
    tokens_ -= cost;
    return true;
}

void connection_throttle::refill(session::time_point now) {
    const auto fill_time = std::max(settings_.fill_time, std::chrono::milliseconds{1});
    const auto rounds = (now - filled_at_) / fill_time;
    if (rounds <= 0) {
        return;
    }
    filled_at_ = now;
    const std::uint64_t missing = settings_.tokens_max - tokens_;
    const auto enough_rounds = missing / std::max<std::uint64_t>(settings_.fill_count, 1) + 1;
    const auto counted = std::min<std::uint64_t>(static_cast<std::uint64_t>(rounds), enough_rounds);
    tokens_ =
        std::min<std::uint64_t>(settings_.tokens_max, tokens_ + counted * settings_.fill_count);
}

void connection_throttle::adapt(session::time_point now) {
    if (now - adapted_at_ <= settings_.freeze_time) {
        return;
    }
    adapted_at_ = now;
    const std::uint64_t used = settings_.tokens_max - tokens_;
    if (tokens_ == 0) {
        drop_probability_ = std::min(1.0, drop_probability_ + settings_.drop_increase);
    } else if (static_cast<double>(used) <= settings_.tokens_max * settings_.decrease_ratio) {
        drop_probability_ = std::max(0.0, drop_probability_ - settings_.drop_decrease);
    }
}

} // namespace conclave::replica
