#include "server/net/ensemble_links.hpp"

#include <utility>

namespace conclave::net {

namespace {

/// A process that has ended closes its links or leaves them to be reset; a host that vanished does
/// neither.
zab::link_loss meaning_of(link_loss how) {
    const bool is_gone = how == link_loss::closed || how == link_loss::reset;
    return is_gone ? zab::link_loss::refused : zab::link_loss::silent;
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
    : peers_(std::move(peers))
    , replica_(server)
    , open_batch_(std::move(open_batch))
    , network_(context, std::move(configured), *this, std::move(make_stream)) {}

void ensemble_links::start() {
    adopt_cluster();
    network_.listen();
    network_.set_peers(peers_);
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
