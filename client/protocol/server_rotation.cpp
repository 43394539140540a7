#include "client/protocol/server_rotation.hpp"

#include <conclave/assert.hpp>

#include <algorithm>
#include <numeric>

namespace conclave::client {

server_rotation::server_rotation(std::size_t server_count, backoff waits, std::uint64_t seed)
    : order_(server_count)
    , waits_(waits)
    , random_(static_cast<std::uint32_t>(seed ^ (seed >> 32))) {
    CONCLAVE_ASSERT(server_count > 0);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::shuffle(order_.begin(), order_.end(), random_);
}

server_rotation::attempt server_rotation::next() {
    const bool is_new_round = tried_ != 0 && tried_ % order_.size() == 0;
    const attempt chosen{order_[position_], is_new_round ? draw_wait() : duration::zero()};
    position_ = (position_ + 1) % order_.size();
    ++tried_;
    return chosen;
}

void server_rotation::on_success() {
    tried_ = 0;
}

duration server_rotation::draw_wait() {
    constexpr std::size_t doublings_max = 20;
    const std::size_t rounds = tried_ / order_.size();
    const auto factor = std::int64_t{1} << std::min(rounds - 1, doublings_max);
    const auto whole = std::min<std::chrono::milliseconds>(waits_.first * factor, waits_.last);
    const auto half = whole / 2;
    std::uniform_int_distribution<std::int64_t> draw{0, std::max<std::int64_t>(half.count(), 0)};
    return half + std::chrono::milliseconds{draw(random_)};
}

} // namespace conclave::client
