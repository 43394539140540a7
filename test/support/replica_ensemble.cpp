#include "test/support/replica_ensemble.hpp"

#include <string>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::test {

namespace {

zab::member member_of(std::uint32_t id) {
    zab::member made;
    made.id = server_id{id};
    made.address = replica_ensemble::address_of(id);
    return made;
}

} // namespace

bytes replica_ensemble::address_of(std::uint32_t id, bool is_voter) {
    return "h" + std::to_string(id) + ":1:2:" + (is_voter ? "participant" : "observer") +
           ";0.0.0.0:3";
}

replica_ensemble::replica_ensemble(std::uint32_t count, replica::settings configured)
    : count_(count), configured_(std::move(configured)) {}

void replica_ensemble::start(std::uint32_t id) {
    replica::settings own = configured_;
    own.self = server_id{id};
    own.storage = {id, id};
    for (std::uint32_t each = 1; each <= count_; ++each) {
        own.ensemble.members.push_back(member_of(each));
    }
    if (id > count_) {
        own.ensemble.members.push_back(member_of(id));
    }
    servers_[id] = std::make_unique<replica_driver>(disks_[id], std::move(own));
    replica_driver& started = *servers_[id];
    for (auto& [other, server] : servers_) {
        if (other != id) {
            started.server().on_link_up(server_id{other}, started.now());
            server->server().on_link_up(server_id{id}, server->now());
        }
    }
}

void replica_ensemble::crash(std::uint32_t id) {
    servers_.erase(id);
    for (auto& [other, server] : servers_) {
        server->server().on_link_down(server_id{id}, zab::link_loss::refused, server->now());
    }
}

void replica_ensemble::settle() {
    while (deliver_once()) {
    }
}

bool replica_ensemble::deliver_once() {
    bool is_any_delivered = false;
    for (auto& [from, server] : servers_) {
        server->settle();
        for (const replica::peer_output& each : server->take_peer_frames()) {
            const auto to = servers_.find(each.to.value);
            if (to == servers_.end()) {
                continue;
            }
            is_any_delivered = true;
            replica_driver& receiver = *to->second;
            const bool is_message =
                receiver.server().on_peer_frame(server_id{from}, each.frame, receiver.now());
            CONCLAVE_ASSERT(is_message);
        }
    }
    return is_any_delivered;
}

void replica_ensemble::run_for(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds step{10};
    for (std::chrono::milliseconds passed{}; passed < time; passed += step) {
        advance(step);
        settle();
    }
}

void replica_ensemble::advance(std::chrono::milliseconds by) {
    for (auto& [id, server] : servers_) {
        server->advance(by);
    }
}

std::uint32_t replica_ensemble::leader() const {
    for (const auto& [id, server] : servers_) {
        if (server->server().is_leading()) {
            return id;
        }
    }
    return 0;
}

} // namespace conclave::test
