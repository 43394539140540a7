#include "server/net/peer_network.hpp"

#include "server/net/resolve.hpp"

#include <conclave/assert.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace conclave::net {

peer_network::peer_network(
    asio::io_context& context,
    peer_network_settings configured,
    peer_events& events,
    peer_stream_factory make_stream
)
    : context_(context)
    , settings_(std::move(configured))
    , events_(events)
    , make_stream_(std::move(make_stream))
    , links_(settings_.own, settings_.storage, settings_.boot, settings_.limits)
    , complaints_(settings_.limits.complaint_interval) {}

peer_network::~peer_network() {
    stop();
}

// ---- commands ----

void peer_network::listen() {
    CONCLAVE_ASSERT(doors_.empty());
    for (const listen_address& each : settings_.listeners) {
        doors_.push_back({each, listen_at(each)});
    }
}

std::shared_ptr<peer_listener> peer_network::listen_at(const listen_address& at) {
    auto opened = std::make_shared<peer_listener>(
        context_,
        std::vector{at},
        [this](tcp_socket socket, const tcp::endpoint& remote) {
            on_accepted(std::move(socket), remote);
        }
    );
    opened->start();
    return opened;
}

void peer_network::set_listeners(const std::vector<listen_address>& at) {
    const auto is_at = [](const open_door& door, const listen_address& each) {
        return door.at.host == each.host && door.at.port == each.port;
    };
    for (const listen_address& each : at) {
        const bool is_open = std::any_of(doors_.begin(), doors_.end(), [&](const open_door& door) {
            return is_at(door, each);
        });
        if (!is_open) {
            try_to_listen_at(each);
        }
    }
    const auto is_wanted = [&](const open_door& door) {
        return std::any_of(at.begin(), at.end(), [&](const listen_address& each) {
            return is_at(door, each);
        });
    };
    if (std::any_of(doors_.begin(), doors_.end(), is_wanted)) {
        std::erase_if(doors_, [&](const open_door& door) {
            const bool is_over = !is_wanted(door);
            if (is_over) {
                door.listener->stop();
            }
            return is_over;
        });
    }
}

void peer_network::try_to_listen_at(const listen_address& at) {
    try {
        doors_.push_back({at, listen_at(at)});
        log(log_level::info, "listening for servers address={}:{}", at.host, at.port);
    } catch (const std::runtime_error& refused) {
        log(log_level::error, "not listening for servers: {}", refused.what());
    }
}

void peer_network::set_peers(const std::vector<peer_endpoint>& peers) {
    std::map<server_id, std::vector<peer_endpoint>> wanted;
    std::map<server_id, std::vector<std::string>> known;
    for (const peer_endpoint& each : peers) {
        if (each.id != settings_.own) {
            wanted[each.id].push_back(each);
            known[each.id].push_back(each.host);
        }
    }
    links_.set_known(known);
    std::erase_if(troubles_, [&](const auto& each) { return !known.contains(each.first); });
    std::erase_if(dialers_, [&](const auto& each) {
        const bool is_gone = !known.contains(each.first);
        if (is_gone) {
            each.second->stop();
            abandon_dials_of(each.first);
        }
        return is_gone;
    });
    peer_dialer_owner& dialer_owner = *this;
    for (const auto& [id, endpoints] : wanted) {
        std::shared_ptr<peer_dialer>& dialer = dialers_[id];
        if (dialer != nullptr) {
            dialer->set_endpoints(endpoints);
            continue;
        }
        dialer = std::make_shared<peer_dialer>(context_, id, settings_.limits, dialer_owner);
        dialer->set_endpoints(endpoints);
        if (links_.find(id) == nullptr) {
            dialer->dial();
        }
    }
}

void peer_network::set_cluster(const unique_id& cluster) {
    CONCLAVE_ASSERT(!links_.cluster() || *links_.cluster() == cluster);
    links_.set_cluster(cluster);
    for (const auto& [id, link] : links_.all()) {
        if (const std::optional<peer_refusal> why = objection_to_cluster(cluster, link.peer)) {
            link.connection->fail({peer_failure::kind::given_up, link_loss::dropped, why->sentence}
            );
        }
    }
}

bool peer_network::send(server_id peer, link_generation generation, const peer_frame& frame) {
    const peer_link* const link = links_.find(peer);
    return link != nullptr && link->generation == generation && link->connection->send(frame);
}

void peer_network::drop(server_id peer, link_generation generation, const std::string& reason) {
    const peer_link* const link = links_.find(peer);
    if (link != nullptr && link->generation == generation) {
        link->connection->fail({peer_failure::kind::given_up, link_loss::dropped, reason});
    }
}

void peer_network::stop() {
    for (const open_door& each : doors_) {
        each.listener->stop();
    }
    doors_.clear();
    for (const auto& [id, dialer] : dialers_) {
        dialer->stop();
    }
    for (const peer_connection_pointer& each : handshakes_) {
        each->abandon();
    }
    for (const auto& [id, link] : links_.all()) {
        link.connection->abandon();
    }
    dialers_.clear();
    handshakes_.clear();
    links_.clear();
}

// ---- connections ----

void peer_network::on_accepted(tcp_socket socket, const tcp::endpoint& remote) {
    ++counters_.accepted;
    limit_handshakes();
    begin(std::move(socket), remote, peer_side::acceptor, {});
}

void peer_network::on_connected(server_id peer, tcp_socket socket, const tcp::endpoint& remote) {
    ++counters_.dialed;
    begin(std::move(socket), remote, peer_side::dialer, peer);
}

void peer_network::begin(
    tcp_socket socket, const tcp::endpoint& remote, peer_side side, server_id dialed
) {
    prepare_peer_socket(socket, settings_.limits.vanished_timeout);
    peer_connection_owner& connection_owner = *this;
    const auto added = std::make_shared<peer_connection>(
        context_,
        make_stream_(std::move(socket)),
        remote,
        side,
        settings_.own,
        dialed,
        settings_.limits,
        links_,
        connection_owner
    );
    handshakes_.push_back(added);
    added->start();
}

/// Gives up the oldest rather than refuse the newest: who means it needs a moment only.
void peer_network::limit_handshakes() {
    std::erase_if(handshakes_, [](const auto& each) { return each->is_closed(); });
    const auto is_accepted = [](const peer_connection_pointer& each) {
        return each->side() == peer_side::acceptor;
    };
    const auto count = std::count_if(handshakes_.begin(), handshakes_.end(), is_accepted);
    if (static_cast<std::size_t>(count) < settings_.limits.handshake_count_max) {
        return;
    }
    const auto oldest = std::find_if(handshakes_.begin(), handshakes_.end(), is_accepted);
    ++counters_.crowded_out;
    complaints_.log(
        log_level::warning,
        fmt::format(
            "server connection given up address={} reason=\"more than {} at once have not said "
            "who they are\"",
            (*oldest)->remote().address().to_string(),
            settings_.limits.handshake_count_max
        ),
        clock::now()
    );
    (*oldest)->abandon();
    handshakes_.erase(oldest);
}

/// Connections to that peer that this server has dialed and that are not open.
void peer_network::abandon_dials_of(server_id peer) {
    std::erase_if(handshakes_, [peer](const peer_connection_pointer& each) {
        const bool is_meant = each->side() == peer_side::dialer && each->dialed() == peer;
        if (is_meant) {
            each->abandon();
        }
        return is_meant;
    });
}

// ---- links ----

bool peer_network::is_link(const peer_connection& which) const {
    const peer_link* const link = links_.find(which.peer());
    return link != nullptr && link->connection.get() == &which;
}

void peer_network::on_open(const peer_connection_pointer& which) {
    const peer_hello peer = *which->handshake().peer();
    if (const peer_link* const before = links_.find(peer.server)) {
        before->connection->abandon();
        end_link(*before, link_loss::replaced, "there is a newer connection with this server");
        if (which->is_closed()) {
            return; // it was not wanted any more by whoever heard of this
        }
    }
    std::erase(handshakes_, which);
    abandon_dials_of(peer.server);
    if (const auto dialer = dialers_.find(peer.server); dialer != dialers_.end()) {
        dialer->second->on_link_up();
    }
    const clock::time_point now = clock::now();
    const peer_link& added = links_.add(which, peer, which->handshake().link_number(), now);
    which->set_generation(added.generation);
    ++counters_.links;
    link_log_.line(
        now,
        log_level::info,
        "peer link up peer={} generation={} address={} dialed={}",
        peer.server.value,
        added.generation.value,
        endpoint_text(which->remote()),
        which->side() == peer_side::dialer
    );
    events_.on_link_up(peer.server, added.generation);
}

void peer_network::on_frame(peer_connection& from, bytes_view payload) {
    events_.on_peer_frame(from.peer(), from.generation(), payload);
}

void peer_network::on_writable(peer_connection& which) {
    events_.on_writable(which.peer(), which.generation());
}

void peer_network::on_failed(const peer_connection_pointer& which, const peer_failure& why) {
    count(why);
    std::erase_if(handshakes_, [](const auto& each) { return each->is_closed(); });
    if (!is_link(*which)) {
        return on_handshake_failed(*which, why);
    }
    const server_id peer = which->peer();
    const peer_link& link = *links_.find(peer);
    if (const auto dialer = dialers_.find(peer); dialer != dialers_.end()) {
        dialer->second->on_link_lost(clock::now() - link.up_since);
    }
    // A larger message will not go away by itself.
    const bool is_lasting = why.what == peer_failure::kind::too_large;
    end_link(link, why.as_loss, why.sentence, is_lasting ? log_level::error : log_level::warning);
}

void peer_network::end_link(
    const peer_link& link, link_loss how, const std::string& sentence, log_level level
) {
    const server_id peer = link.peer.server;
    const link_generation generation = link.generation;
    links_.remove(peer);
    note_trouble(peer, sentence);
    link_log_.line(
        clock::now(),
        level,
        "peer link down peer={} generation={} reason=\"{}\"",
        peer.value,
        generation.value,
        sentence
    );
    events_.on_link_down(peer, generation, how);
}

} // namespace conclave::net
