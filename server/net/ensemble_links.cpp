#include "server/net/ensemble_links.hpp"

#include <conclave/server_list.hpp>

#include <algorithm>
#include <utility>

namespace conclave::net {

namespace {

/// A process that has ended closes its links or leaves them to be reset; a host that vanished does
/// neither.
zab::link_loss meaning_of(link_loss how) {
    const bool is_gone = how == link_loss::closed || how == link_loss::reset;
    return is_gone ? zab::link_loss::refused : zab::link_loss::silent;
}

/// Where the members of both sides are found; most of them are on both.
std::vector<peer_endpoint> endpoints_of(const zab::membership_state& members) {
    std::vector<peer_endpoint> found;
    const auto add_all = [&](const zab::membership& from) {
        for (const zab::member& each : from.members) {
            const auto server = parse_server(each.address);
            if (!server) {
                continue; // it ran alone when it was founded
            }
            for (const peer_address& at : server->addresses) {
                const peer_endpoint added{each.id, at.host, at.quorum_port};
                if (std::find(found.begin(), found.end(), added) == found.end()) {
                    found.push_back(added);
                }
            }
        }
    };
    add_all(members.stable);
    if (members.is_joint) {
        add_all(members.pending);
    }
    return found;
}

} // namespace

ensemble_links::ensemble_links(
    asio::io_context& context,
    peer_network_settings configured,
    std::vector<peer_endpoint> peers,
    replica::replica& server,
    std::function<replica::instant()> open_batch,
    peer_stream_factory make_stream
)
    : configured_(std::move(peers))
    , own_(configured.own)
    , replica_(server)
    , open_batch_(std::move(open_batch))
    , network_(context, std::move(configured), *this, std::move(make_stream)) {}

void ensemble_links::start() {
    adopt_cluster();
    network_.listen();
    network_.set_peers(configured_);
}

void ensemble_links::follow_members() {
    const zab::membership_state& members = replica_.members();
    const std::pair now{members.version(), members.is_joint};
    if (now == followed_) {
        return;
    }
    followed_ = now;
    std::vector<peer_endpoint> peers = endpoints_of(members);
    std::vector<listen_address> own;
    for (const peer_endpoint& each : peers) {
        if (each.id == own_) {
            own.push_back({each.host, each.port});
        }
    }
    if (own.empty()) {
        for (const peer_endpoint& each : configured_) {
            if (members.find(each.id) == nullptr) {
                peers.push_back(each);
            }
        }
    } else {
        network_.set_listeners(own);
    }
    network_.set_peers(peers);
}

/// A server without history belongs to no cluster, until it has applied the beginning of one.
void ensemble_links::adopt_cluster() {
    if (is_cluster_known_) {
        return;
    }
    if (const std::optional<cluster_id> cluster = replica_.cluster()) {
        is_cluster_known_ = true;
        network_.set_cluster(*cluster);
    }
}

void ensemble_links::deliver(std::vector<replica::peer_output>& frames) {
    for (replica::peer_output& each : frames) {
        const auto link = links_.find(each.to);
        if (link != links_.end()) {
            network_.send(
                each.to, link->second, {std::make_shared<const bytes>(std::move(each.frame))}
            );
        }
    }
    frames.clear();
    adopt_cluster();
}

void ensemble_links::on_link_up(server_id peer, link_generation generation) {
    links_[peer] = generation;
    replica_.on_link_up(peer, open_batch_());
}

void ensemble_links::on_link_down(server_id peer, link_generation, link_loss how) {
    links_.erase(peer);
    replica_.on_link_down(peer, meaning_of(how), open_batch_());
}

void ensemble_links::on_peer_frame(server_id peer, link_generation generation, bytes_view frame) {
    if (!replica_.on_peer_frame(peer, frame, open_batch_())) {
        network_.drop(peer, generation, "it sent a frame that is no message");
    }
}

void ensemble_links::on_dial_refused(server_id peer) {
    if (!links_.contains(peer)) {
        replica_.on_link_down(peer, zab::link_loss::refused, open_batch_());
    }
}

/// The replication core keeps what is in flight within its own window.
void ensemble_links::on_writable(server_id, link_generation) {}

} // namespace conclave::net
