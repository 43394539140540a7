#include "test/support/replica_ensemble.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "conclave/assert.hpp"

namespace conclave::test {

namespace {

/// What links between servers take when jute.maxbuffer is what it is by default.
constexpr std::size_t frame_size_max = (std::size_t{16} << 20U) + 2 * std::size_t{0xfffff};

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

replica::settings replica_ensemble::settings_of(std::uint32_t id) {
    const std::uint64_t losses = losses_[id];
    replica::settings own = configured_;
    own.self = server_id{id};
    own.storage = {id, id + (losses << 32)};
    own.fresh_hash_seed = id;
    own.may_found = losses == 0; // else it may have belonged to an ensemble
    for (std::uint32_t each = 1; each <= count_; ++each) {
        own.ensemble.members.push_back(member_of(each));
    }
    if (id > count_) {
        own.ensemble.members.push_back(member_of(id));
    }
    return own;
}

void replica_ensemble::start(std::uint32_t id) {
    servers_[id] = std::make_unique<replica_driver>(disks_[id], settings_of(id));
    replica_driver& started = *servers_[id];
    for (auto& [other, server] : servers_) {
        if (other != id) {
            started.server().on_link_up(server_id{other}, started.now());
            server->server().on_link_up(server_id{id}, server->now());
        }
    }
}

void replica_ensemble::crash(std::uint32_t id) {
    if (servers_.erase(id) == 0) {
        return;
    }
    clients_.erase(id);
    for (auto& [other, server] : servers_) {
        server->server().on_link_down(server_id{id}, zab::link_loss::refused, server->now());
    }
}

std::uint32_t replica_ensemble::elect() {
    constexpr int patience = 200;
    settle();
    for (int round = 0; round < patience; ++round) {
        const bool all_serve = std::ranges::all_of(servers_, [](const auto& each) {
            return each.second->server().is_serving();
        });
        if (leader() != 0 && all_serve) {
            return leader();
        }
        advance(std::chrono::milliseconds{50});
        settle();
    }
    return 0;
}

void replica_ensemble::settle() {
    while (deliver_once() || restart_where_needed()) {
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
            CONCLAVE_ASSERT(each.frame.size() <= frame_size_max);
            replica_driver& receiver = *to->second;
            const bool is_message =
                receiver.server().on_peer_frame(server_id{from}, each.frame, receiver.now());
            CONCLAVE_ASSERT(is_message);
        }
    }
    return is_any_delivered;
}

/// @return whether there was anybody.
bool replica_ensemble::restart_where_needed() {
    std::vector<std::uint32_t> needy;
    for (const auto& [id, server] : servers_) {
        if (server->server().needs_restart()) {
            needy.push_back(id);
        }
    }
    for (const std::uint32_t id : needy) {
        const std::string why = servers_.at(id)->server().quarantine();
        crash(id);
        if (!why.empty()) {
            quarantines_[id].push_back(why);
            empty(id);
        }
        start(id);
    }
    return !needy.empty();
}

received_frame replica_ensemble::ask(std::uint32_t at, bytes_view frame) {
    replica_driver& server = *servers_.at(at);
    if (!clients_.contains(at)) {
        const auto client = server.connect();
        clients_.emplace(at, client);
        server.send(client, connect_frame(30'000));
        settle();
    }
    server.send(clients_.at(at), frame);
    settle();
    return servers_.at(at)->log_of(clients_.at(at)).take();
}

void replica_ensemble::checkpoint(std::uint32_t id) {
    replica_driver& server = *servers_.at(id);
    server.server().request_checkpoint(server.now());
    settle();
}

void replica_ensemble::lose_node(std::uint32_t id, bytes_view node_name) {
    memory_tables& tables = disks_[id].tables;
    bytes found;
    tables.refresh();
    tables.scan(tree::table::node, {}, [&](bytes_view key, bytes_view) {
        found = key.ends_with(node_name) ? bytes{key} : found;
        return true;
    });
    const bool is_lost = tables.lose(tree::table::node, found);
    CONCLAVE_ASSERT(is_lost);
}

void replica_ensemble::lose_everything(std::uint32_t id) {
    crash(id);
    empty(id);
    start(id);
    settle();
}

void replica_ensemble::empty(std::uint32_t id) {
    const int installed_count = disks_[id].installed_count;
    disks_[id] = {};
    disks_[id].installed_count = installed_count;
    ++losses_[id];
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
