#include "server/net/client_network.hpp"

#include "server/net/client_connection.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace conclave::net {

namespace {

void apply_all(std::vector<delivery>& what) {
    for (delivery& each : what) {
        client_connection& to = *each.to;
        to.apply(std::move(each));
    }
    what.clear();
}

} // namespace

client_network::client_network(
    network_settings configured, client_service& core, event_loops& loops
)
    : settings_(std::move(configured)) {
    const auto on_closed = [this](const asio::ip::address& peer) {
        release(peer);
    };
    std::vector<io_shard*> shards;
    for (std::size_t index = 0; index < loops.io_count(); ++index) {
        lane added;
        added.shard = std::make_unique<io_shard>(
            loops.io(index), loops.core(), core, settings_.limits, counters_, on_closed
        );
        shards.push_back(added.shard.get());
        lanes_.push_back(std::move(added));
    }
    if (settings_.tls) {
        tls_ = std::make_unique<tls_acceptor>(loops.tls(), *settings_.tls, counters_, on_closed);
    }
    listener_ =
        std::make_unique<client_listener>(settings_, std::move(shards), counters_, tls_.get());
}

void client_network::start_accepting() {
    asio::post(listener_context(), [this] { listener_->start(); });
}

void client_network::stop_accepting() {
    asio::post(listener_context(), [this] { listener_->stop(); });
}

/// Any thread of the network.
void client_network::release(const asio::ip::address& peer) {
    asio::dispatch(listener_context(), [this, peer] { listener_->release(peer); });
}

client_network::lane& client_network::lane_of(client_connection& which) {
    return *std::find_if(lanes_.begin(), lanes_.end(), [&which](const lane& each) {
        return each.shard.get() == &which.shard();
    });
}

void client_network::deliver(delivery what) {
    std::vector<delivery>& gathered = lane_of(*what.to).gathered;
    gathered.push_back(std::move(what));
}

void client_network::flush() {
    for (lane& each : lanes_) {
        if (each.gathered.empty()) {
            continue;
        }
        if (each.shard->is_core_thread()) {
            // What this causes may gather again.
            delivering_.swap(each.gathered);
            apply_all(delivering_);
        } else {
            asio::post(each.shard->context(), [batch = std::exchange(each.gathered, {})]() mutable {
                apply_all(batch);
            });
        }
    }
}

} // namespace conclave::net
