#include "server/net/io_shard.hpp"

#include "server/net/client_connection.hpp"

#include <utility>

namespace conclave::net {

io_shard::io_shard(
    asio::io_context& own,
    asio::io_context& core_context,
    client_service& core,
    const connection_limits& limits,
    network_counters& counters,
    std::function<void(const asio::ip::address&)> on_closed
)
    : own_(own)
    , core_context_(core_context)
    , core_(core)
    , limits_(limits)
    , counters_(counters)
    , on_closed_(std::move(on_closed))
    , sweep_timer_(own) {}

void io_shard::watch_deadline_of(connection_pointer which) {
    watched_.push_back(std::move(which));
    start_sweeping();
}

void io_shard::start_sweeping() {
    if (is_sweeping_) {
        return;
    }
    is_sweeping_ = true;
    sweep_timer_.expires_after(limits_.sweep_interval);
    sweep_timer_.async_wait([this](error_code failed) {
        is_sweeping_ = false;
        if (!failed) {
            sweep();
        }
    });
}

void io_shard::sweep() {
    const auto now = std::chrono::steady_clock::now();
    // A connection that is dropped now may make others watched, so the list is taken away first.
    std::vector<connection_pointer> swept;
    swept.swap(watched_);
    std::erase_if(swept, [now](const connection_pointer& each) { return !each->on_sweep(now); });
    watched_.insert(watched_.end(), swept.begin(), swept.end());
    log_.summarize(now);
    if (!watched_.empty() || log_.has_suppressed()) {
        start_sweeping();
    }
}

} // namespace conclave::net
