/// The links to the other servers, joined to the replica.
#pragma once

#include "server/net/peer_network.hpp"
#include "server/replica/replica.hpp"

#include <functional>
#include <map>
#include <vector>

namespace conclave::net {

/// Hands what links bring to the replica and what the replica says to the links. Core thread only;
/// everything given must outlive it.
class ensemble_links final : private peer_events {
public:
    /// `open_batch` is called before each input and gives its time.
    ensemble_links(
        asio::io_context& context,
        peer_network_settings configured,
        std::vector<peer_endpoint> peers,
        replica::replica& server,
        std::function<replica::instant()> open_batch,
        peer_stream_factory make_stream = make_plain_stream
    );

    /// Listens and dials, from now on.
    /// @throws std::runtime_error with a sentence for the operator
    void start();

    /// Called at the end of each batch of inputs. Dials and listens as the members say that the
    /// replica has in its log; while it is none of them, it also dials those that the configuration
    /// names, to find the ensemble.
    void follow_members();

    /// Sends frames, each in its order; what has no link is dropped. To be called at the end of
    /// each batch of inputs, also without frames.
    void deliver(std::vector<replica::peer_output>& frames);

    void stop() { network_.stop(); }

    [[nodiscard]] const peer_network& network() const { return network_; }

private:
    void on_link_up(server_id peer, link_generation generation) override;
    void on_link_down(server_id peer, link_generation generation, link_loss how) override;
    void on_peer_frame(server_id peer, link_generation generation, bytes_view frame) override;
    void on_dial_refused(server_id peer) override;
    void on_writable(server_id peer, link_generation generation) override;

    void adopt_cluster();

    std::vector<peer_endpoint> configured_;
    server_id own_;
    std::pair<zxid, bool> followed_; ///< the members that the network knows, and whether both sides
    replica::replica& replica_;
    std::function<replica::instant()> open_batch_;
    peer_network network_;
    std::map<server_id, link_generation> links_;
    bool is_cluster_known_ = false;
};

} // namespace conclave::net
